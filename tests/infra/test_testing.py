"""The test that the package offers for flows: it finds what a replay could not repeat, and passes what it can."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.durable_agent_pipeline.package.lambda_source import lambda_source
from infra.durable_agent_pipeline.testing import FlowFails, NotRepeatable, check_flow
from tests.infra.agents.test_flow_bounds import flow_in
from tests.infra.apps import ROOT

pytestmark = pytest.mark.slow  # each starts two processes
EVENT = {"query": "edge computing"}
BAD = {
    "a clock": ('import time\nreturn flow.ask("writer", at=str(time.time()))', "flow.py:3 reads a clock outside of"),
    "a clock by name": (
        "from time import time as now\n\ndef run(flow, request):\n    now()\n    return flow.ask('writer')",
        "flow.py:4 reads a clock outside of flow.step",
    ),
    "a date": (
        "from datetime import datetime\nif datetime.now().month < 7:\n    flow.wait('winter', 60)\nreturn 'report'",
        "flow.py:3 reads a clock outside of flow.step",
    ),
    "a day": (
        "import datetime\n\ndef run(flow, request):\n    return flow.ask('writer', day=str(datetime.date.today()))",
        "flow.py:4 reads a clock",
    ),
    "a clock in a helper": (
        "import logging\nreturn flow.ask('writer', made=logging.makeLogRecord({}).created)",
        "operation 1 is given",
    ),
    "a draw": ('import random\nreturn flow.ask(random.choice(["writer", "critic"]))', "flow.py:3 draws at random"),
    "an id": ('import uuid\nreturn flow.ask("writer", id=str(uuid.uuid4()))', "flow.py:3 draws at random"),
    "a hash": ('return flow.ask("writer", of=hash(request.query))', "operation 1 is given"),
    "the order of a set": (
        'for part in {"a", "b"}:\n    flow.ask("writer", part=part)\nreturn "x"',
        "operation 1 is given",
    ),
    "a list of a set": ('return flow.ask("writer", parts=list({"a", "b"}))', "operation 1 is given"),
    "a joined set": ('flow.ask("writer")\nreturn ", ".join({"a", "b"})', "the result is"),
    "the network": (
        'import urllib.request\nurllib.request.urlopen("http://127.0.0.1:9/")\nreturn flow.ask("writer")',
        "flow.py:3 reaches outside of its process, and not in flow.step",
    ),
    "boto3, and its failure caught": (
        'import boto3\ntry:\n    boto3.client("s3").list_buckets()\nexcept Exception:\n    pass\nreturn "report"',
        "flow.py:4 reaches outside of its process, and not in flow.step",
    ),
    "boto3 in a step without a value": (
        'import boto3\nflow.step("list", lambda: boto3.client("s3").list_buckets())\nreturn flow.ask("writer")',
        "reaches outside of its process in step list: give its value by `steps`",
    ),
    "a process": ('import subprocess\nsubprocess.run(["true"])\nreturn "report"', "flow.py:3 reaches outside"),
    "a bare except": (
        'try:\n    flow.wait("a-night", 3600)\nexcept:\n    pass\nreturn flow.ask("writer")',
        "flow.py:3 catches everything",
    ),
    "an except BaseException that answers": (
        'try:\n    return flow.ask("writer")\nexcept BaseException:\n    return "nobody answered"',
        "flow.py:3 catches everything",
    ),
    "an error over the end": (
        'try:\n    return flow.ask("writer")\nfinally:\n    1 / 0 if not flow.agents else {}[0]',
        "KeyError",
    ),
    "a global": (
        "seen = []\n\ndef run(flow, request):\n    seen.append(1)\n    return flow.ask('writer', number=len(seen))",
        "keeps something between two passes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_fails_when_a_replay_could_not_repeat_it(tmp_path, case: str):
    run, said = BAD[case]
    with pytest.raises((NotRepeatable, FlowFails)) as found:
        check_flow(flow_in(tmp_path, run), EVENT)
    assert said in str(found.value)
    assert isinstance(found.value, NotRepeatable) is (case != "an error over the end")


FAILING = {
    "import no_such_module\nreturn flow.ask('writer')": "ModuleNotFoundError",
    "raise ValueError('none')": "ValueError: none",
    "return run(flow, request)": "RecursionError",
    "flow.ask('writer')": "must return the report",
    "agent = 'ritter'\nreturn flow.ask(agent)": "got 'ritter'",
    "import sys\nsys.exit(3)": "SystemExit",
    "return flow.ask('writer', given={1})": "a text or JSON",
    "flow.step('s', lambda: flow.ask('writer'))": "must not use verbs",
    "flow.step('s', lambda: 1 / 0)": "raised ZeroDivisionError",
    "flow.step('s', lambda: {1})": "must return JSON",
    "return flow.ask('critic')": "the test has critic fail",
}


@pytest.mark.parametrize("run", FAILING)
def test_fails_with_the_flows_own_failure(tmp_path, run: str):
    with pytest.raises(FlowFails) as found:
        check_flow(flow_in(tmp_path, run), EVENT, answers={"critic": [None]})
    assert FAILING[run] in str(found.value)


GOOD = """
    import time
    import uuid

    def run(flow, request):
        number = flow.step("draw", lambda: [str(uuid.uuid4()), time.time()])
        words = {"b", "a"}
        text = flow.ask("writer", number=number, words=sorted(words), many=len(words))
        for _ in range(3):
            verdict = flow.ask("critic", text=text, instruction="Say OK or what is wrong.")
            if "OK" in verdict:
                break
            text = flow.ask("writer", text=text, verdict=verdict)
        try:
            flow.ask("critic")
        except Exception:
            flow.wait("a-moment", 60)
        again = lambda draft, comments: flow.ask("writer", draft=draft, comments=comments)
        return {"report": flow.review(text, revise=again), "grade": flow.step("grade", print)}
"""


def test_a_flow_that_can_be_repeated_passes_and_is_told_step_by_step(tmp_path):
    played = check_flow(
        flow_in(tmp_path, GOOD),
        {**EVENT, "review": True},
        answers={"writer": ["first", "second", "third"], "critic": ["too long", "OK", None]},
        steps={"grade": 1.5},
        reviews=[{"decision": "revise", "comments": "shorter"}, {"decision": "edit", "text": "short"}],
    )
    assert played.operations == [
        "draw", "writer-agent", "critic-agent", "writer-agent-2", "critic-agent-2", "critic-agent-3", "a-moment",
        "review-1", "writer-agent-3", "review-2", "grade",
    ]  # fmt: skip
    assert played.result == {"status": "completed", "report": "short", "grade": 1.5}
    assert played.asked[2] == ("critic-agent", ({"text": "first"}, "Say OK or what is wrong."))
    assert played.asked[8] == ("writer-agent-3", ({"draft": "second", "comments": "shorter"}, None))
    assert played.asked[7][1] == ("second",)


@pytest.mark.parametrize(
    ("event", "operations"),
    [
        ({}, ["research-agent", "analysis-agent", "summary-agent"]),
        ({"topics": "auto", "demo_checkpoint": True}, [
            "research-agent", "research-topics", "analysis-agent", "demo-checkpoint", "summary-agent",
        ]),
        ({"topics": ["a", "b"], "review": {"after": "analysis"}}, [
            "research-topics", "analysis-agent", "review-1", "summary-agent",
        ]),
    ],
)  # fmt: skip
def test_the_packaged_flow_passes(event: dict[str, object], operations: list[str]):
    plan = json.dumps(["one", "two", "three"])
    played = check_flow(lambda_source() / "agents", {**EVENT, **event}, answers={"research": [plan, "found"]})
    assert played.operations == operations
    assert played.result["report"] == "the answer of summary"


@pytest.mark.parametrize("example", sorted(path.parent.name for path in (ROOT / "docs/examples").glob("*/agents")))
def test_the_examples_pass(example: str):
    played = check_flow(ROOT / "docs" / "examples" / example / "agents", {**EVENT, "review": True})
    assert played.result["status"] == "completed"
    assert "review-1" in played.operations


def test_the_test_of_the_example_runs_as_its_readme_says():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "docs/examples/own_flow/test_flow.py"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": "infra"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_critic_sends_back_as_it_would_and_approves_if_nobody_says_otherwise():
    folder = ROOT / "tests" / "collaboration"
    no = json.dumps({"approved": False, "reasons": ["It names no cost."]})
    played = check_flow(folder, EVENT, answers={"summary": ["one", "two"], "critic": ["perhaps", no, no]})
    assert played.operations[2:] == [
        "summary-agent", "critic-agent", "critic-agent-2", "summary-agent-2", "critic-agent-3",
    ]  # fmt: skip
    assert "The critic's open point: It names no cost." in played.result["report"]
    assert check_flow(folder, EVENT).operations[2:] == ["summary-agent", "critic-agent"]


def test_a_rejected_review_ends_the_flow(tmp_path):
    run = 'return flow.review(flow.ask("writer")) + flow.ask("critic")'
    played = check_flow(flow_in(tmp_path, run), {**EVENT, "review": True}, reviews=[{"decision": "reject"}])
    assert (played.operations, played.result) == (["writer-agent", "review-1"], {"status": "rejected"})


def test_fails_when_the_flow_holds_no_review_that_is_asked_for(tmp_path):
    with pytest.raises(FlowFails, match="must hold the review"):
        check_flow(flow_in(tmp_path, 'return flow.ask("writer")'), {**EVENT, "review": True})


def test_fails_when_the_event_or_the_answers_break_a_rule(tmp_path):
    folder = flow_in(tmp_path, 'return flow.ask("writer")')
    with pytest.raises(ValueError, match="event must have a query"):
        check_flow(folder, {})
    with pytest.raises(ValueError, match=r"answers must be of agents of agents.toml \(writer, critic\), got 'editor'"):
        check_flow(folder, EVENT, answers={"editor": "x"})


def test_a_clock_in_a_step_stands_still_and_the_folder_stays_as_it_is(tmp_path):
    run = 'import time\nreturn str(flow.step("now", lambda: time.time()))'
    folder = flow_in(tmp_path, run)
    before: list[Path] = sorted(folder.rglob("*"))
    assert check_flow(folder, EVENT).result["report"] == "978850245.25"
    assert sorted(folder.rglob("*")) == before
