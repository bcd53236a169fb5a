"""The pipeline's own handler on the whole local stack: real processes, the real Bedrock wire, real SIGKILLs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts.local_aws.processes.child import REPOSITORY, Child
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.e2e.shared_stack import Ended, shared_stack
from tests.fakes import declare_agents

pytestmark = pytest.mark.slow
AGENTS = ("research", "analysis", "summary")


def reply(agent, text, **more):
    usage = {"inputTokens": 100, "outputTokens": 50, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}
    return {"agent": agent, "turn": "*", "text": text, "usage": usage, **more}


def replies(**more):
    """A script in which each agent says its own name; `more` adds fields to an agent's reply."""
    said = [reply(agent, f"{agent} says so", **more.get(agent, {})) for agent in AGENTS]
    return {"replies": said, "default": reply("*", "nobody")}


def script(folder, **more):
    """Such a script as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "replies.json"
    file.write_text(json.dumps(replies(**more)))
    return file


def scripted(folder, **more):
    """Arguments of run_local: agents of these tests' own, and such a script."""
    return ("--agents", str(declare_agents(folder / "agents")), "--script", str(script(folder, **more)))


@pytest.fixture(scope="module")
def stack(tmp_path_factory, three_agents):
    with shared_stack(tmp_path_factory.mktemp("stack"), three_agents) as running:
        yield running


def completed(ended):
    """The result of an execution that must have a report, each agent's call paid once."""
    assert ended.error is None
    usage = ended.document["usage"]["agents"]
    assert (ended.document["status"], ended.document["report"]) == ("completed", "summary says so")
    assert {name: agent["model_calls"] for name, agent in usage.items()} == dict.fromkeys(AGENTS, 1)
    return ended.document


def test_three_agents_answer_in_one_process_with_one_call_each(stack):
    ended = stack.run({"query": "edge computing"}, replies())
    result = completed(ended)
    assert (result["research"], result["analysis"]) == ("research says so", "analysis says so")
    assert ended.started("agent") == dict.fromkeys(AGENTS, 1)
    assert len(ended.processes) == 1


def test_killed_while_the_summary_is_being_written_research_and_analysis_are_not_called_again(tmp_path, three_agents):
    settings = StackSettings(
        folder=tmp_path,
        # an endpoint of the stack's own: the kill waits until it was called
        model=["--script", str(script(tmp_path, summary={"delay_seconds": 1}))],
        kill_rules=[{"operation": "summary-agent/model-1", "action": "START", "moment": "during"}],
        environment={"AGENTS_FOLDER": str(three_agents)},
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b'{"query": "x"}')
        document = json.loads(answer["Payload"].read())
        ended = Ended(answer.get("FunctionError"), document, read_all(stack.calls), read_all(stack.events))
    result = completed(ended)
    assert ended.started("agent") == {"research": 1, "analysis": 1, "summary": 2}
    assert result["usage"]["agents"]["summary"]["attempts"] == 2
    assert [event["operation"] for event in ended.events if event["event"] == "killed"] == ["summary-agent/model-1"]
    assert len(set(ended.processes)) >= 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_an_agents_checkpoint_the_result_is_the_same(stack, moment):
    rule = {"operation": "analysis-agent", "action": "SUCCEED", "moment": moment}
    ended = stack.run({"query": "x"}, replies(), [rule])
    completed(ended)
    assert ended.started("agent") == {"research": 1, "analysis": 1, "summary": 1}
    assert len(set(ended.processes)) >= 2


@pytest.mark.parametrize("fault", ["throttle", "throttle_midstream", "server_error", "disconnect_midstream"])
def test_a_transient_fault_costs_one_more_call_of_that_agent_only(stack, fault):
    ended = stack.run({"query": "x"}, replies(analysis={"faults": [fault]}))
    result = completed(ended)
    assert ended.started("agent") == {"research": 1, "analysis": 2, "summary": 1}
    assert result["usage"]["agents"]["analysis"]["attempts"] == 2
    ends = [event["status"] for event in ended.events if event["event"] == "invocation_ended"]
    assert ends == ["PENDING", "SUCCEEDED"]  # the back-off was a suspension, not a sleep


def test_a_model_that_stalls_is_given_up_at_the_read_timeout_and_called_again(tmp_path, three_agents):
    with shared_stack(tmp_path, three_agents, MODEL_READ_TIMEOUT_SECONDS="1") as stack:
        ended = stack.run({"query": "x"}, replies(summary={"faults": ["stall"]}))
    completed(ended)
    assert ended.started("agent") == {"research": 1, "analysis": 1, "summary": 2}


def test_a_refusal_by_the_model_is_not_tried_again(stack):
    ended = stack.run({"query": "x"}, replies(analysis={"faults": ["access_denied"]}))
    assert (ended.error, ended.document["errorType"]) == ("Unhandled", "ModelAccessDenied")
    assert ended.started("agent") == {"research": 1, "analysis": 1}


@pytest.mark.parametrize("event", [None, [], "topic", {}, {"query": " "}, {"query": 7}, {"query": "x", "extra": 1}])
def test_fails_when_the_event_is_wrong_before_any_model_is_called(stack, event):
    ended = stack.run(event, replies())
    assert (ended.error, ended.document["errorType"]) == ("Unhandled", "InvalidRequest")
    assert not ended.calls
    assert len(ended.processes) == 1


def test_the_demo_checkpoint_suspends_and_resumes_in_a_new_process(stack):
    ended = stack.run({"query": "x", "demo_checkpoint": True}, replies())
    completed(ended)
    assert ended.started("agent") == dict.fromkeys(AGENTS, 1)
    assert len(set(ended.processes)) == 2


# The command


def command(*arguments, environment=None, **options):
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "RETRY_INITIAL_DELAY_SECONDS": "1",
        **(environment or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "scripts.run_local.command", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **options,
    )


def run_local(*arguments, given=b"", timeout=120, **options):
    """Run the command to its end; returns (exit status, stdout, stderr)."""
    with command(*arguments, **options) as process:
        output, errors = process.communicate(given, timeout=timeout)
    assert not left_running(errors.decode())
    return process.returncode, output.decode(), errors.decode()


def left_running(errors):
    """Command lines of processes that still carry the run's folder."""
    found = re.search(r"logs: (\S+)", errors)
    if found is None:
        return []
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return [line for line in lines if found[1] in line]


def test_json_prints_exactly_the_result_of_the_contract(tmp_path):
    status, output, errors = run_local("--json", "--script", str(script(tmp_path)), "edge computing")
    result = json.loads(output)
    assert status == 0
    assert {"status", "query", "research", "analysis", "report", "usage"} <= set(result)
    assert (result["status"], result["query"]) == ("completed", "edge computing")
    assert set(result["usage"]["agents"]) == set(AGENTS)
    assert (result["usage"]["model_calls"], result["usage"]["input_tokens"]) == (3, 300)
    assert all(agent["model_id"] and agent["cost_usd"] for agent in result["usage"]["agents"].values())
    assert "summary: done" in errors


def test_the_report_and_the_ledger_go_to_stdout_the_progress_to_stderr(tmp_path):
    status, output, errors = run_local(*scripted(tmp_path), "edge computing")
    assert status == 0
    assert output.startswith("summary says so\n")
    total = next(line.split() for line in output.splitlines() if line.startswith("total"))
    assert total[:5] == ["total", "3", "3", "300", "150"]
    assert "Fixed replies, no model." in output
    assert "research: model call 1" in errors


def test_kill_after_an_agent_shows_two_processes_and_what_the_checkpoints_saved(tmp_path):
    status, output, errors = run_local("--kill-after", "analysis", *scripted(tmp_path), "edge computing")
    assert status == 0
    killed = re.search(r"process (\d+) was killed \(SIGKILL\) after analysis-agent's checkpoint", output)
    resumed = re.search(r"Process (\d+) resumed the execution", output)
    assert killed
    assert resumed
    assert killed[1] != resumed[1]
    assert "research, analysis: replayed from checkpoints, 0 model calls." in output
    assert "Saved by checkpoints: 2 model calls, 200 input and 100 output tokens" in output
    assert f"process {killed[1]} killed (SIGKILL)" in errors


def test_with_bedrock_the_callers_credentials_are_used_and_the_drill_still_counts(tmp_path):
    """Bedrock is what AWS_ENDPOINT_URL_BEDROCK_RUNTIME says: here a scripted endpoint of the test's own."""
    arguments = ["--script", str(script(tmp_path)), "--calls", str(tmp_path / "calls.jsonl")]
    bedrock = Child("bedrock", "scripts.local_aws.bedrock.endpoint", arguments, tmp_path / "bedrock.log", os.environ)
    environment = {"AWS_ACCESS_KEY_ID": "caller", "AWS_SECRET_ACCESS_KEY": "caller"}
    try:
        environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = bedrock.url()
        status, output, _ = run_local(
            *("--bedrock", "--agents", str(declare_agents(tmp_path / "agents"))),
            *("--kill-after", "analysis", "edge computing"),
            environment=environment,
        )
    finally:
        bedrock.stop()
    assert status == 0
    assert output.startswith("summary says so\n")
    assert "Answered by Amazon Bedrock. Real calls on your AWS account" in output
    assert "research, analysis: replayed from checkpoints, 0 model calls." in output
    assert "Saved by checkpoints: 2 model calls, 200 input and 100 output tokens" in output
    started = Counter(call["agent"] for call in read_all(tmp_path / "calls.jsonl") if call["event"] == "started")
    assert started == dict.fromkeys(AGENTS, 1)


@pytest.mark.parametrize("agent", ["research", "summary"])
def test_kill_after_the_first_or_the_last_agent_still_gives_the_report(tmp_path, agent):
    status, output, _ = run_local("--kill-after", agent, *scripted(tmp_path), "edge computing")
    assert status == 0
    assert output.startswith("summary says so\n")
    assert "0 model calls." in output


def test_a_failed_execution_is_told_by_type_with_exit_status_1(tmp_path):
    arguments = scripted(tmp_path, research={"faults": ["access_denied"]})
    status, output, errors = run_local(*arguments, "edge computing")
    assert (status, output) == (1, "")
    assert "run_local: ModelAccessDenied: " in errors
    assert "Traceback" not in errors


def test_a_failed_execution_still_shows_what_it_cost_so_far(tmp_path):
    arguments = scripted(tmp_path, summary={"faults": ["access_denied"]})
    status, _, errors = run_local(*arguments, "edge computing")
    assert status == 1
    total = next(line.split() for line in errors.splitlines() if line.startswith("total"))
    assert total[:5] == ["total", "2", "2", "200", "100"]


def test_a_profile_of_the_shell_that_names_nobody_is_no_business_of_a_local_run(tmp_path):
    report, environment = tmp_path / "report.md", {"AWS_PROFILE": "nobody"}
    arguments = ("--json", "--output", str(report), *scripted(tmp_path), "edge computing")
    status, output, errors = run_local(*arguments, environment=environment)
    assert status == 0, errors
    assert report.read_text() == json.loads(output)["report"] + "\n"


def test_a_failed_execution_is_one_json_document_too(tmp_path):
    arguments = scripted(tmp_path, research={"faults": ["access_denied"]})
    status, output, _ = run_local("--json", *arguments, "edge computing")
    document = json.loads(output)
    assert status == 1
    assert set(document) == {"error_type", "error_message", "error_data"}
    assert document["error_type"] == "ModelAccessDenied"
    assert document["error_data"]["agent"] == "research"


def test_an_event_with_a_wrong_field_reaches_the_handler_and_its_refusal_the_caller(tmp_path):
    arguments = scripted(tmp_path)
    status, output, _ = run_local("--json", *arguments, "--event", "-", given=b'{"query": "x", "qeury": 1}')
    assert status == 1
    assert json.loads(output)["error_type"] == "InvalidRequest"
    assert "qeury" in json.loads(output)["error_message"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_quietly_with_130(tmp_path, number):
    arguments = scripted(tmp_path, research={"delay_seconds": 60})
    with command(*arguments, "edge computing") as process:
        assert process.stderr is not None
        told = b""
        while b"research: model call 1" not in told:
            told += process.stderr.readline()
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (130, b"")
    assert b"Traceback" not in errors
    assert not left_running(told.decode())


def test_a_part_that_dies_is_told_with_its_log(tmp_path):
    arguments = scripted(tmp_path, research={"delay_seconds": 60})
    with command("--json", *arguments, "edge computing") as process:
        assert process.stderr is not None
        told = b""
        while b"research: model call 1" not in told:
            told += process.stderr.readline()
        folder = re.search(r"logs: (\S+)", told.decode())
        assert folder is not None
        os.kill(pid_of("scripts.local_aws.functions.engine", folder[1]), signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    document = json.loads(output)
    assert process.returncode == 1
    assert document["error_type"] == "LocalStackFailed"
    assert "the durable engine ended with signal 9; its log is " in document["error_message"]


def pid_of(module, folder):
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        words = file.read_bytes().decode(errors="replace")
        if module in words and folder in words:
            return int(file.parent.name)
    raise AssertionError(f"no process runs {module} for {folder}")


@pytest.mark.timeout(600)
def test_the_small_model_writes_a_report_for_real():
    status, output, errors = run_local("--json", "AWS Lambda durable functions", timeout=580)
    result = json.loads(output)
    assert status == 0, errors
    assert all(len(result[text]) > 100 for text in ("research", "analysis", "report"))
    assert result["usage"]["model_calls"] == len(result["usage"]["agents"])
    assert result["usage"]["output_tokens"] > 100
    assert "shows the machinery, not the quality" in errors
