"""Executions as AG-UI runs: read by a client that is not ours, and by one that is cut off at every event."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.operate.console_page.command import serving_console
from scripts.operate.place import Place
from tests.e2e.review_pages import Reviews, reviews_on_the_local_stack
from tests.e2e.test_local_stack import script
from tests.e2e.test_review_page import HOSTILE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
NOBODY = "arn:aws:lambda:us-east-1:123456789012:function:x:1/durable-execution/no/no"
NODE = Path(sys.executable).parent


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviews]:
    """Agents with hostile texts whose process dies after each analysis, and whose second call is throttled once."""
    folder = tmp_path_factory.mktemp("runs")
    replies = script(folder, analysis={"faults": ["throttle"]})
    replies.write_text(replies.read_text().replace('"summary says so"', json.dumps(HOSTILE)))
    rules = [{"operation": "analysis-agent", "action": "SUCCEED", "moment": "after"}]
    with reviews_on_the_local_stack(folder, replies, kill_rules=rules, skip_time=True) as running:
        yield running


@pytest.fixture(scope="module")
def console(reviews: Reviews) -> Iterator[tuple[str, str]]:
    """The address of the runs, and the token."""
    with serving_console(Place(endpoint_url=reviews.stack.lambda_url)) as url:
        address, token = url.split("#token=")
        yield f"{address}api/ag-ui", token


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of the other client, its packages beside it."""
    folder = tmp_path_factory.mktemp("reader")
    for file in ("package.json", "package-lock.json", "read.mjs"):
        (folder / file).write_bytes((HERE / file).read_bytes())
    npm = [str(NODE / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(npm, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "read.mjs"


def read(reader: Path, console: tuple[str, str], *arguments: str) -> Any:
    command = [str(NODE / "node"), str(reader), *console, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
    return json.loads(done.stdout)


def texts(messages: list[Any]) -> list[str]:
    return [message["content"] for message in messages if message["role"] == "assistant"]


def test_a_client_of_others_reads_a_run_to_its_end(reviews, reader, console):
    before = len(read_all(reviews.stack.calls))
    seen = read(reader, console, "read by others")
    result = reviews.result(seen["state"]["execution"])
    assert [one["outcome"]["type"] for one in seen["results"]] == ["success"]
    assert seen["results"][0]["result"] == result
    assert texts(seen["messages"]) == ["research says so", "analysis says so", HOSTILE, result["report"]]
    assert seen["types"].count("STEP_STARTED") == seen["types"].count("STEP_FINISHED") == 3
    assert seen["types"].count("CUSTOM") == 1  # the throttled attempt
    assert seen["state"]["status"] == "SUCCEEDED"
    started = [call for call in read_all(reviews.stack.calls)[before:] if call["event"] == "started"]
    assert len(started) == 4  # three answers and the throttled one: who reads adds none


def test_a_client_of_others_is_asked_answers_and_goes_on(reviews, reader, console):
    answer = {"decision": "edit", "text": "written by a person", "reviewer": "Ada"}
    seen = read(reader, console, "asked by a run", json.dumps(answer))
    first, second = seen["results"]
    (interrupt,) = first["outcome"]["interrupts"]
    assert (interrupt["id"], interrupt["reason"]) == ("review-1", "review")
    assert interrupt["message"] == HOSTILE
    assert interrupt["responseSchema"]["required"] == ["decision"]
    assert second["outcome"]["type"] == "success"
    result = reviews.result(seen["state"]["execution"])
    assert second["result"] == result
    assert result["review"] == [{"round": 1, "decision": "edit", "reviewer": "Ada"}]
    assert texts(seen["messages"]) == ["research says so", "analysis says so", HOSTILE, "written by a person"]


class CutOff:
    """A reader whose connection breaks after each few new events: it keeps the state, and drops what it knows."""

    def __init__(self, console: tuple[str, str], every: int) -> None:
        self._url, self._token = console
        self._every = every
        self.state: Any = None
        self.sequences: list[tuple[int, int]] = []
        self.texts: dict[str, str] = {}
        self.last: Any = None
        self.connections = 0

    def read(self, topic: str) -> None:
        """Until the run ends."""
        while self.last is None:
            self.connections += 1
            asked = {"threadId": "t", "runId": f"cut-{self._every}-{topic[-1]}", "state": self.state, "messages": []}
            asked["messages"] = [{"id": "m", "role": "user", "content": topic}]
            headers = {"authorization": f"Bearer {self._token}"}
            with httpx.stream("POST", self._url, json=asked, headers=headers, timeout=120) as reply:
                lines = (line.removeprefix("data: ") for line in reply.iter_lines() if line.startswith("data: "))
                known = len(self.sequences)
                for line in lines:
                    self._take(json.loads(line))
                    if len(self.sequences) >= known + self._every:
                        break

    def _take(self, event: Any) -> None:
        if event["type"] == "STATE_SNAPSHOT":
            self.state = event["snapshot"]
        if event["type"] in ("RUN_FINISHED", "RUN_ERROR"):
            self.last = event
        sequence = tuple((event.get("metadata") or {}).get("sequence", ()))
        if not sequence or sequence in self.sequences:
            return
        self.sequences.append(sequence)
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            self.texts[event["messageId"]] = self.texts.get(event["messageId"], "") + event["delta"]


@pytest.mark.parametrize("every", [1, 2, 5])
def test_a_reader_that_is_cut_off_again_and_again_misses_nothing_and_sees_nothing_twice(reviews, console, every):
    cut = CutOff(console, every)
    cut.read(f"cut off at every {every}")
    result = reviews.result(cut.state["execution"])
    assert cut.last["result"] == result
    assert list(cut.texts.values()) == ["research says so", "analysis says so", HOSTILE]
    assert cut.sequences == sorted(set(cut.sequences))
    assert cut.connections > 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "a run must be given a RunAgentInput"),
        ({"threadId": "t", "runId": "r", "messages": "x"}, "a run must be given a RunAgentInput"),
    ],
)
def test_fails_when_it_is_no_input_of_ag_ui(console, asked, says):
    url, token = console
    reply = httpx.post(url, json=asked, headers={"authorization": f"Bearer {token}"})
    assert reply.status_code == 400
    assert reply.json()["message"].startswith(says)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "Unusable"),
        ({"state": {"execution": 7}}, "Unusable"),
        (
            {"state": {"execution": "arn:aws:lambda:us-east-1:123456789012:function:x:1/durable-execution/no/no"}},
            "NotFound",
        ),
        ({"messages": [{"id": "m", "role": "user", "content": " "}]}, "BadUsage"),
        ({"messages": [{"id": "m", "role": "user", "content": "x" * 2001}]}, "BadUsage"),
    ],
)
def test_what_cannot_be_done_is_one_error_of_the_run_and_no_call(reviews, console, fields, code):
    url, token = console
    before = len(read_all(reviews.stack.calls))
    asked = {"threadId": "t", "runId": "r", "messages": [], **fields}
    reply = httpx.post(url, json=asked, headers={"authorization": f"Bearer {token}"})
    events = [json.loads(line.removeprefix("data: ")) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert [event["type"] for event in events] == ["RUN_STARTED", "RUN_ERROR"]
    assert events[-1]["code"] == code
    assert "\n" not in events[-1]["message"]
    assert len(read_all(reviews.stack.calls)) == before


def test_the_packages_of_the_other_client_are_pinned_without_an_address():
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages["node_modules/@ag-ui/client"]["version"] == "1.0.0"
    assert all(one["integrity"] and "resolved" not in one for one in packages.values())
