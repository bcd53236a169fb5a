"""Every command of scripts/pipeline against the local stack: real processes, AWS's engine, the real Bedrock wire."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.console.list_prices import bedrock_prices
from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import LocalStack, StackSettings
from scripts.operate.command import main
from tests.e2e.test_local_stack import script
from tests.infra.monitoring.test_runbook import ALARMS, first_commands

pytestmark = pytest.mark.slow
MODEL = "us.anthropic.claude-sonnet-4-6"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script(folder, analysis={"faults": ["throttle"]}))],
        environment={"RETRY_INITIAL_DELAY_SECONDS": "1", "MODEL_PRICES": json.dumps(bedrock_prices([MODEL]))},
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as running:
        yield running


@dataclass
class Said:
    """What a command came to."""

    status: int
    out: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def pipeline(stack, capfd, monkeypatch) -> Callable[..., Said]:
    for name in ("COLUMNS", "AWS_PROFILE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Said:
        capfd.readouterr()
        status = main([*arguments, "--endpoint-url", stack.lambda_url])
        said = capfd.readouterr()
        return Said(status, said.out, said.err)

    return run


@pytest.fixture
def event(tmp_path) -> Callable[..., str]:
    def write(**fields: Any) -> str:
        file = tmp_path / "event.json"
        file.write_text(json.dumps(fields))
        return str(file)

    return write


def until(look: Callable[[], Any], seconds: float = 150) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("it never came to that")


def asked(pipeline: Callable[..., Said], name: str, review: str) -> Any:
    """The review, once the execution waits for it."""

    def look() -> Any:
        reviews = pipeline("review", "list", "--json").json["reviews"]
        return next((one for one in reviews if (one["execution"], one["review"]) == (name, review)), None)

    return until(look)


def process(stack: LocalStack, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The starter itself, as a shell would start it."""
    command = [sys.executable, str(REPOSITORY / "scripts" / "pipeline"), *arguments, "--endpoint-url", stack.lambda_url]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def started_calls(stack: LocalStack) -> int:
    return sum(call["event"] == "started" for call in read_all(stack.calls))


def test_the_same_event_started_twice_is_one_execution_and_paid_once(stack, pipeline):
    first = pipeline("start", "edge computing", "--wait")
    assert (first.status, first.errors) == (0, "")
    calls = started_calls(stack)
    again = pipeline("start", "edge computing", "--json")
    assert (again.status, again.json["existed"], again.json["status"]) == (0, True, "SUCCEEDED")
    assert started_calls(stack) == calls
    other = pipeline("start", "edge computing", "--new", "--wait", "--json").json
    assert (other["existed"], other["status"]) == (False, "SUCCEEDED")
    assert other["name"] != again.json["name"]
    assert started_calls(stack) == calls + 3


def test_fails_when_a_name_is_taken_by_another_event(pipeline):
    assert pipeline("start", "one thing", "--name", "taken").status == 0
    refused = pipeline("start", "another thing", "--name", "taken")
    assert refused.status == 1
    assert refused.errors.startswith("pipeline: taken exists with another event")


def test_a_run_that_is_followed_tells_its_operations_and_ends_with_the_tree(pipeline):
    said = pipeline("start", "robots", "--name", "followed", "--follow")
    assert said.status == 0
    lines = said.out.splitlines()
    assert re.search(r"model-1: succeeded after [\d.]+ s", said.out)
    assert lines[-1] == "nothing is wrong: scripts/pipeline report followed shows what it wrote"
    assert [line.split()[0] for line in lines if re.match(r"\S+-agent +ok", line)] == [
        "research-agent", "analysis-agent", "summary-agent",
    ]  # fmt: skip
    assert pipeline("watch", "followed").out.splitlines()[0].startswith("followed  SUCCEEDED")


def test_a_failure_is_told_with_what_helps_and_what_it_cost(pipeline, event):
    failed = pipeline("start", "--event", event(query="dear", budget_usd="0.0001"), "--name", "poor", "--wait")
    assert failed.status == 1
    assert re.search(
        r"^BudgetExceeded.*; what helps: a larger `?budget_usd`?, ceiling or limit; the next window$",
        failed.out,
        re.MULTILINE,
    )
    document = pipeline("show", "poor", "--json").json
    assert document["error"]["type"] == "BudgetExceeded"
    assert document["cost"]["exact"] is True
    assert float(document["cost"]["usd"]) > 0
    assert pipeline("watch", "poor").status == 1
    report = pipeline("report", "poor")
    assert (report.status, report.out) == (1, "")
    assert report.errors == "pipeline: poor ended as FAILED, it made no report: scripts/pipeline show poor\n"


def test_what_it_cost_by_agent_and_by_day_and_tenant(pipeline):
    pipeline("start", "cheap", "--name", "cheap", "--wait")
    one = pipeline("cost", "cheap", "--json").json
    assert set(one["agents"]) == {"research", "analysis", "summary"}
    assert (one["input_tokens"], one["output_tokens"], one["exact"]) == (300, 150, True)
    assert float(one["usd"]) == pytest.approx(sum(float(agent["usd"]) for agent in one["agents"].values()))
    day = pipeline("cost", "--json").json
    assert day["total"]["executions"] >= 1
    assert day["total"]["input_tokens"] == sum(agent["input_tokens"] for agent in day["agents"].values())
    assert day["tenants"]["(none)"]["executions"] == day["total"]["executions"]
    assert pipeline("cost", "--day", "yesterday", "--json").json["total"]["executions"] == 0
    assert re.search(r"^agent research +\d+ ", pipeline("cost").out, re.MULTILINE)
    assert pipeline("cost", "--day", "someday").status == 2


def test_a_review_is_listed_shown_sent_back_and_approved(pipeline, event):
    pipeline("start", "--event", event(query="judge me", review=True), "--name", "judged")
    asked(pipeline, "judged", "review-1")
    shown = pipeline("review", "show", "judged")
    assert "summary says so" in shown.out
    assert "  scripts/pipeline review approve judged --review review-1\n" in shown.errors
    callback = pipeline("review", "show", "judged", "--json").json["callback_id"]
    everywhere = [
        ("show", "judged"),
        ("show", "judged", "--json"),
        ("review", "list", "--json"),
        ("review", "show", "judged"),
    ]
    assert not [command for command in everywhere if callback in pipeline(*command).out]
    assert "waits" in pipeline("show", "judged").out
    assert pipeline("show", "judged").out.endswith("scripts/pipeline review show judged\n")
    assert pipeline("review", "revise", "judged", "--comments", "shorter", "--reviewer", "Ada").status == 0
    asked(pipeline, "judged", "review-2")
    assert pipeline("review", "approve", "judged", "--review", "review-1").status == 1
    assert pipeline("review", "approve", "judged", "--review", "review-2").status == 0
    assert pipeline("watch", "judged").status == 0
    answered = pipeline("review", "approve", "judged")
    assert answered.status == 1
    assert re.fullmatch(
        r"pipeline: judged is SUCCEEDED and waits for no review; review-2 was answered at .* UTC\n", answered.errors
    )


def test_the_report_goes_to_the_terminal_or_to_a_file(pipeline, event, tmp_path):
    pipeline("start", "--event", event(query="mine", review=True), "--name", "edited")
    asked(pipeline, "edited", "review-1")
    mine = tmp_path / "mine.md"
    mine.write_text("# Mine\n\nBetter.")
    assert pipeline("review", "edit", "edited", "--file", str(mine)).status == 0
    until(lambda: pipeline("show", "edited", "--json").json["status"] == "SUCCEEDED")
    assert pipeline("report", "edited").out == "# Mine\n\nBetter.\n"
    assert pipeline("report", "edited", "--json").json == {"name": "edited", "report": "# Mine\n\nBetter."}
    said = pipeline("report", "edited", "--output", str(tmp_path / "report.md"))
    assert (said.status, said.out) == (0, "")
    assert (tmp_path / "report.md").read_text() == "# Mine\n\nBetter.\n"


def test_a_rejection_is_told_as_one(pipeline, event):
    pipeline("start", "--event", event(query="no", review=True), "--name", "rejected")
    asked(pipeline, "rejected", "review-1")
    assert pipeline("review", "reject", "rejected", "--reason", "wrong").status == 0
    said = pipeline("watch", "rejected")
    assert (said.status, said.out.splitlines()[-1]) == (0, "nothing failed: it ended as rejected, so it has no report")


@pytest.mark.parametrize("answer", [("edit", "--text", " "), ("revise", "--comments", ""), ("edit",), ("revise",)])
def test_fails_when_an_answer_breaks_a_rule_of_the_review(pipeline, answer):
    verb, *fields = answer
    said = pipeline("review", verb, "judged", *fields)
    assert (said.status, len(said.errors.splitlines())) == (2, 1)


def test_paused_it_does_nothing_resumed_it_goes_on_stopped_it_is_over(pipeline, event):
    pipeline("start", "--event", event(query="hold", review=True), "--name", "held")
    asked(pipeline, "held", "review-1")
    assert pipeline("pause", "held").out == "held paused\n"
    assert "scripts/pipeline resume held" in pipeline("show", "held").out
    assert pipeline("pause", "held").status == 1
    assert pipeline("resume", "held").status == 0
    assert pipeline("resume", "held").status == 1
    assert pipeline("stop", "held", "--reason", "enough", "--json").json["done"] == "stopped"
    shown = until(lambda: (found := pipeline("show", "held", "--json").json)["status"] == "STOPPED" and found)
    assert shown["verdict"].startswith("somebody stopped it in review-1")
    again = pipeline("stop", "held")
    assert (again.status, again.errors) == (1, "pipeline: held is STOPPED already, there is nothing to stop\n")


def test_the_list_is_filtered_and_paged(pipeline):
    every = pipeline("list", "--json", "--limit", "100").json
    names = [one["name"] for one in every["executions"]]
    assert not every["more"]
    assert [one["started"] for one in every["executions"]] == sorted(
        (one["started"] for one in every["executions"]), reverse=True
    )
    assert [one["name"] for one in pipeline("list", "--status", "failed", "--json").json["executions"]] == ["poor"]
    assert [one["name"] for one in pipeline("list", "ollow", "--json").json["executions"]] == ["followed"]
    assert pipeline("list", "--since", "1d", "--json", "--limit", "100").json["executions"] == every["executions"]
    assert pipeline("list", "--until", "2020-01-01", "--json").json["executions"] == []
    short = pipeline("list", "--limit", "2", "--json").json
    assert ([one["name"] for one in short["executions"]], short["more"]) == (names[:2], True)
    assert pipeline("list", "--limit", "2").out.splitlines()[-1].startswith("and more: --limit 20")
    assert pipeline("list", "nothing-like-it").out == "no execution is like that\n"


def test_an_execution_is_found_by_the_beginning_of_its_name_or_its_arn(pipeline):
    arn = pipeline("show", "followed", "--json").json["arn"]
    for wanted in ("foll", arn):
        assert pipeline("show", wanted, "--json").json["name"] == "followed"
    assert len(pipeline("list", "--all-versions", "--json", "--limit", "100").json["executions"]) > 5


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("show", "nobody"), 3, "no execution is named nobody or begins so"),
        (("show", "f00/ba5"), 3, "there is no execution f00/ba5"),
        (("stop", "nobody"), 3, "no execution is named nobody or begins so"),
        (("review", "approve", "nobody"), 3, "no execution is named nobody or begins so"),
        (("show", "edge"), 2, "several executions begin with edge: edge-computing-"),
        (("show", "not a name"), 2, "EXECUTION must be an ARN, a name or its beginning, got 'not a name'"),
        (("show",), 2, "missing argument 'EXECUTION'"),
        (("redrive", "nobody"), 3, "no execution is named nobody or begins so"),
        (("redrive", "followed", "--from", "research-agent/model-7"), 3, "followed has no operation research-agent/m"),
        (("redrive", "followed", "--set", "query=x"), 2, "--set must be FIELD=VALUE for one of demo_checkpoint,"),
        (("redrive", "followed", "--set", "budget_usd=-1"), 2, "--set: budget_usd: must be a number"),
        (("shwo",), 2, "no such command 'shwo'"),
        (("list", "--status", "BROKEN"), 2, "--status must be one of RUNNING,"),
        (("list", "--since", "noon"), 2, "WHEN must be like 30m,"),
        (("start",), 2, "give TOPIC or --event"),
        (("start", " "), 2, "TOPIC must be 1 to 2,000 characters"),
        (("start", "x", "--name", "a b"), 2, "--name must be 1 to 64 letters"),
        (("start", "--event", "/nowhere.json"), 2, "--event /nowhere.json cannot be read"),
        (("list", "--alias", "live"), 2, "--alias must be the ARN of an alias"),
    ],
)
def test_fails_in_one_line_with_the_exit_status_of_the_contract(pipeline, command, status, words):
    said = pipeline(*command)
    assert (said.status, said.out) == (status, "")
    assert said.errors.startswith(f"pipeline: {words}")
    assert len(said.errors.splitlines()) == 1
    document = pipeline(*command, "--json")
    assert document.json["error_message"] == said.errors.removeprefix("pipeline: ").strip()


def test_at_60_columns_and_in_a_pipe_it_is_readable_and_has_no_colour(pipeline, monkeypatch):
    assert "\x1b" not in pipeline("show", "followed").out
    monkeypatch.setenv("COLUMNS", "60")
    for command in (("show", "followed"), ("list",), ("cost", "followed"), ("cost",), ("show", "poor")):
        said = pipeline(*command)
        assert said.status == 0
        assert [line for line in said.out.splitlines() if len(line) > 60] == []


def test_a_terminal_gets_colour_unless_it_asks_for_none(stack):
    code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = [str(REPOSITORY / "scripts" / "pipeline"), "show", "followed", "--endpoint-url", stack.lambda_url]
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **more}
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True, text=True, check=True, env=environment, stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert ("\x1b[32m" in done.stdout or "\x1b[1;32m" in done.stdout) is coloured, done.stdout


def test_ctrl_c_ends_a_watcher_in_one_line_and_not_the_execution(stack, pipeline, event):
    pipeline("start", "--event", event(query="goes on", review=True), "--name", "goes-on")
    with process(stack, "watch", "goes-on") as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline()  # it is past its imports
        watcher.send_signal(signal.SIGINT)
        _, errors = watcher.communicate(timeout=30)
    assert (watcher.returncode, errors) == (130, "pipeline: interrupted; executions go on without it\n")
    assert pipeline("show", "goes-on", "--json").json["status"] == "RUNNING"
    assert pipeline("stop", "goes-on").status == 0


def test_a_reader_that_has_seen_enough_is_no_error(stack):
    with process(stack, "show", "followed") as writer:
        assert writer.stdout is not None
        writer.stdout.close()
        assert writer.stderr is not None
        assert writer.stderr.read() == ""
    assert writer.returncode == 0


def test_a_shell_completes_commands_and_statuses(stack):
    for words, wanted in (
        ("pipeline re", {"report", "resume", "review"}),
        ("pipeline list --status SU", {"SUCCEEDED"}),
    ):
        environment = {**os.environ, "_PIPELINE_COMPLETE": "complete_bash"}
        environment |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        done = subprocess.run(
            [str(REPOSITORY / "scripts" / "pipeline")],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=60,
        )
        assert set(done.stdout.split()) >= wanted, done


def test_the_doctor_finds_the_local_stack_healthy_and_says_what_is_not_emulated(pipeline):
    said = pipeline("doctor", "--json")
    states = {check["check"]: check["state"] for check in said.json["checks"]}
    assert (said.status, said.json["healthy"]) == (0, True)
    assert {check for check, state in states.items() if state == "ok"} == {"Region", "alias", "function", "executions"}
    assert {state for check, state in states.items() if check in ("credentials", "quotas")} == {"-"}
    assert "live points to version 1" in pipeline("doctor").out


def test_a_redrive_after_a_budget_pays_only_for_what_is_new(stack, pipeline, event):
    budget = event(query="dear again", budget_usd="0.0001")
    assert pipeline("start", "--event", budget, "--name", "spent", "--wait").status == 1
    calls = started_calls(stack)
    said = pipeline("redrive", "spent", "--set", "budget_usd=5", "--wait", "--json")
    assert (said.status, said.json["status"], said.json["existed"]) == (0, "SUCCEEDED", False)
    assert said.json["name"].startswith("spent-redrive-")
    assert started_calls(stack) == calls + 2
    assert said.json["agents"]["research"]["usd"] == "0"
    assert float(said.json["cost"]["usd"]) > 0
    assert re.search(r"model-1 +taken", pipeline("show", said.json["name"]).out)
    again = pipeline("redrive", "spent", "--set", "budget_usd=5", "--wait", "--json")
    assert (again.json["name"], again.json["existed"]) == (said.json["name"], True)
    last = pipeline("redrive", said.json["name"], "--from", "summary-agent/model-1", "--version", "1", "--wait")
    assert (last.status, started_calls(stack)) == (0, calls + 3)


def test_what_was_stopped_in_a_review_is_redriven_and_asked_again(stack, pipeline, event):
    pipeline("start", "--event", event(query="stop me", review=True), "--name", "halted")
    asked(pipeline, "halted", "review-1")
    running = pipeline("redrive", "halted")
    assert (running.status, running.errors.count("\n")) == (1, 1)
    pipeline("stop", "halted")
    until(lambda: pipeline("show", "halted", "--json").json["status"] == "STOPPED")
    calls = started_calls(stack)
    name = pipeline("redrive", "halted", "--json").json["name"]
    asked(pipeline, name, "review-1")
    assert pipeline("review", "approve", name).status == 0
    assert pipeline("watch", name).status == 0
    assert started_calls(stack) == calls


def test_fails_when_nothing_answers_at_the_endpoint(capfd):
    assert main(["list", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    said = capfd.readouterr()
    assert said.err == (
        "pipeline: nothing answers at http://127.0.0.1:9/: check --region, --endpoint-url and the network\n"
    )


def test_fails_when_no_command_is_named(capfd):
    assert main([]) == 2
    assert capfd.readouterr().err == "pipeline: missing command; try scripts/pipeline --help\n"


def test_the_starter_is_a_file_that_can_be_started():
    assert os.access(Path(REPOSITORY / "scripts" / "pipeline"), os.X_OK)


@pytest.mark.parametrize("alarm", ALARMS)
def test_the_first_commands_of_an_alarm_are_followed_as_the_runbook_writes_them(pipeline, alarm):
    for program, *words in first_commands(alarm):
        if program == "scripts/pipeline":
            said = pipeline(*(word.replace("$EXECUTION", "poor") for word in words))
            assert (said.status, said.errors) == (0, "")
            assert said.out
