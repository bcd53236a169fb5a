"""The real stack deployed into the emulated account: everything is there, and the pipeline runs through its alias."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.fakes import FROM_MEMORY

ROOT = Path(__file__).parents[2]
COMMAND = ROOT / "scripts" / "deploy_local.sh"
AGENTS = ("research", "analysis", "summary")
TOPIC = "edge computing"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the first run installs the emulator and builds the package
    pytest.mark.xdist_group("deploy-local"),  # one deployment at a time
]


@dataclass(frozen=True)
class Run:
    """A finished run of the command."""

    status: int
    output: str
    progress: str
    acts: Any = None

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.output)

    @property
    def folder(self) -> Path:
        """Where its logs are."""
        found = re.search(r"logs: (\S+)", self.progress)
        assert found, self.progress
        return ROOT / found[1]


def deploy(folder, replies, *arguments):
    script = folder / "script.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": "# Report\n\nAll of it."}}))
    command = [str(COMMAND), "--json", "--script", str(script), *arguments, TOPIC]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False, cwd=folder)
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    usage = {"inputTokens": 100, "outputTokens": 50}
    replies = [
        {"agent": "research", "turn": 1, "text": "Notes.", "usage": usage},
        {"agent": "analysis", "turn": 1, "text": "Patterns.", "usage": usage, "faults": ["throttle"]},
    ]
    finished = kept(tmp_path_factory.mktemp("deployed"), replies)
    assert finished.status == 0, finished.progress
    return finished


def kept(folder, replies):
    """The same, and while it is kept running an operator's acts with plain boto3 on the one endpoint."""
    script = folder / "script.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": "# Report\n\nAll of it."}}))
    command = [str(COMMAND), "--json", "--keep", "--script", str(script), TOPIC]
    files = {"stdout": (folder / "stdout").open("w"), "stderr": (folder / "stderr").open("w")}
    process = subprocess.Popen(command, cwd=folder, **files)
    try:
        deadline = time.monotonic() + 800
        while "Kept running until Ctrl-C" not in (folder / "stderr").read_text():
            assert time.monotonic() < deadline
            assert process.poll() is None, (folder / "stderr").read_text()
            time.sleep(0.2)
        acts = operated(dict(re.findall(r"(AWS_[A-Z_]+)=(\S+)", (folder / "stderr").read_text())))
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=60)
    finally:
        process.kill()
    return Run(status, (folder / "stdout").read_text(), (folder / "stderr").read_text(), acts)


def operated(printed):
    client = boto3.client(
        "lambda",
        endpoint_url=printed["AWS_ENDPOINT_URL"],
        region_name=printed["AWS_DEFAULT_REGION"],
        aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
    )
    [function] = [
        each["FunctionName"]
        for each in client.list_functions()["Functions"]
        if client.get_function_configuration(FunctionName=each["FunctionName"]).get("DurableConfig")
    ]
    started = client.invoke(
        FunctionName=function, Qualifier="live", InvocationType="Event", Payload=b'{"query": ""}',
        DurableExecutionName="by-hand",
    )  # fmt: skip
    execution = started["DurableExecutionArn"]
    deadline = time.monotonic() + 120
    while client.get_durable_execution(DurableExecutionArn=execution)["Status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)

    def listed(**filters):
        found = client.list_durable_executions_by_function(FunctionName=function, **filters)["DurableExecutions"]
        return [each["DurableExecutionName"] for each in found]

    return {"started": started["StatusCode"], "failed": listed(Statuses=["FAILED"]), "all": listed()}


def test_the_whole_stack_is_created(run):
    document = run.document
    assert document["stack"] == "DurableAgentPipeline-dev"
    assert document["status"] == "CREATE_COMPLETE"
    assert {resource["status"] for resource in document["resources"]} == {"CREATE_COMPLETE"}


def test_only_the_listed_resources_are_not_deployed_as_synthesized(run):
    synthesized = json.loads((run.folder / "synthesized.template.json").read_text())["Resources"]
    deployed = {resource["logical_id"]: resource["type"] for resource in run.document["resources"]}
    left_out = {change["logical_id"] for change in run.document["changes"] if change["change"] == "left out"}
    assert deployed == {name: one["Type"] for name, one in synthesized.items() if name not in left_out}
    assert all(change["why"] for change in run.document["changes"])


def test_the_alias_that_was_deployed_gives_the_report(run):
    document, result = run.document, run.document["result"]
    assert document["outputs"]["AliasArn"].endswith(":live")
    assert document["logs"]["versions"] == [document["function"]["version"]]
    assert (result["status"], result["query"]) == ("completed", TOPIC)
    assert (result["research"], result["analysis"]) == ("Notes.", "Patterns.")
    assert result["report"] == f"# Report\n\nAll of it.{FROM_MEMORY}"


def test_no_model_call_is_repeated_though_the_execution_was_suspended_for_a_throttle(run):
    usage = run.document["result"]["usage"]
    assert {name: usage["agents"][name]["model_calls"] for name in AGENTS} == dict.fromkeys(AGENTS, 1)
    assert {name: usage["agents"][name]["attempts"] for name in AGENTS} == {"research": 1, "analysis": 2, "summary": 1}
    assert run.document["bedrock_calls"] == dict.fromkeys(AGENTS, 1)


def test_the_durations_and_the_dead_letter_queue_of_the_stage_are_deployed(run):
    function = run.document["function"]
    assert function["durable_config"] == {"ExecutionTimeout": 3600, "RetentionPeriodInDays": 1}
    assert ":sqs:" in function["dead_letter_config"]["TargetArn"]
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])


def test_every_deployed_alarm_is_read_back(run):
    deployed = {one["logical_id"] for one in run.document["resources"] if one["type"] == "AWS::CloudWatch::Alarm"}
    assert deployed
    assert {alarm["logical_id"] for alarm in run.document["alarms"]} == deployed


def test_the_dashboard_answers_the_operators_questions(run):
    widgets = run.document["dashboard"]["widgets"]
    kinds = Counter(widget["type"] for widget in widgets)
    assert all(kinds[kind] for kind in ("text", "alarm", "metric", "log"))
    assert {"Is it healthy?", "What does it cost?"} <= {widget["title"] for widget in widgets}


def test_the_deployed_function_writes_its_metrics_into_the_deployed_log_group(run):
    metrics = run.document["logs"]["metrics"]
    assert {"InputTokens", "ModelCalls", "AgentDuration"} <= set(metrics["DurableAgentPipeline"])


def test_the_same_key_starts_nothing_twice_and_another_event_under_it_is_refused(run):
    door = run.document["front_door"]
    assert door["same_key"] == {"status": 202, "same_execution": True}
    assert door["same_key_another_event"]["status"] == 409
    assert [one["status"] for one in door["found"]["body"]["executions"]] == ["SUCCEEDED"]
    assert run.document["bedrock_calls"] == dict.fromkeys(AGENTS, 1)


def test_the_api_gives_the_result_of_its_execution(run):
    read = run.document["front_door"]["read"]
    assert (read["status"], read["body"]["status"]) == (200, "SUCCEEDED")
    assert read["body"]["result"] == run.document["result"]
    assert "error" not in read["body"]


@pytest.mark.parametrize(
    ("tried", "status"), [("no_key", 400), ("bad_key", 400), ("unknown_field", 400), ("unsigned", 403)]
)
def test_the_api_refuses_before_anything_starts(run, tried, status):
    door = run.document["front_door"]
    assert door[tried]["status"] == status
    assert door["refused_key_found"]["body"] == {"executions": []}


def test_the_api_stops_an_execution_and_knows_no_other(run):
    door = run.document["front_door"]
    stopped = door["stopped"]
    assert (stopped["status"], stopped["body"]["status"]) == (200, "STOPPED")
    assert {"error", "result"} & set(stopped["body"]) == {"error"}
    assert door["unknown_execution"]["status"] == 404


def test_an_alarm_that_rings_is_read_by_whoever_subscribes_to_the_topic(run):
    alarm = run.document["alarm"]
    assert alarm["state"] == "ALARM"
    assert alarm["message"] is not None, "the topic's policy did not let the alarm publish"
    assert alarm["message"]["NewStateValue"] == "ALARM"
    assert "an execution ended as FAILED" in alarm["message"]["AlarmDescription"]


def test_progress_is_told_on_stderr_and_what_the_emulator_lacks_is_said(run):
    assert "cdk deploy DurableAgentPipeline-dev" in run.progress
    assert any("DurableConfig" in gap for gap in run.document["gaps"])


def test_the_kept_endpoint_starts_and_lists_executions_and_ctrl_c_ends_it_well(run):
    assert run.acts["started"] == 202
    assert run.acts["failed"] == ["by-hand"]
    assert len(run.acts["all"]) > 2
    assert "interrupted" not in run.progress


def test_nothing_is_left_running(run):
    listing = subprocess.run(["ps", "-Ao", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in listing.splitlines() if str(run.folder) in line] == []
    assert not (run.folder / "tmp").exists()


def test_fails_when_the_execution_fails_with_its_typed_error_and_still_shows_the_stack(tmp_path):
    refused = deploy(tmp_path, [{"agent": "research", "turn": "*", "text": "", "faults": ["access_denied"] * 9}])
    assert refused.status == 1
    assert refused.document["error_type"] == "ModelAccessDenied"
    assert refused.document["result"] is None
    assert refused.document["status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "TOPIC"),
        (["  "], "1 to 2,000 characters after trimming, got 0"),
        (["--stage", "mars", "x"], "--stage"),
        (["--script", "/no/such/file", "x"], "cannot be read"),
        (["--bedrock", "x"], "--bedrock"),
    ],
)
def test_fails_when_used_wrongly_before_anything_starts(arguments, words):
    done = subprocess.run([str(COMMAND), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_fails_when_there_is_no_node_and_says_what_to_install(tmp_path):
    environment = {
        **os.environ,
        "PATH": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }  # no Node in .venv/bin either
    command = [sys.executable, "-P", "-m", "scripts.deploy_local.command", "--json", "x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error_type"] == "DeploymentFailed"
    assert "node 20 or newer" in done.stderr
