"""Says how to answer what an execution waits for: a review, a question of an agent, by the API that is running here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scripts.console.display import PlainDisplay

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ANSWERS = (
    ('{"decision": "approve"}', "use it as it is"),
    ('{"decision": "reject", "reason": "..."}', "use nothing of it"),
    ('{"decision": "edit", "text": "..."}', "use this text instead"),
    ('{"decision": "revise", "comments": "..."}', "let the agent write it again"),
)
CALLBACKS = "/2025-12-01/durable-execution-callbacks"


class Waiting:
    """Follows the events of every execution of a stack.

    Args:
        client: of the Lambda endpoint.
        url: of the Lambda endpoint.
        display: where it is said.
    """

    def __init__(self, client: LambdaClient, url: str, display: PlainDisplay) -> None:
        self._client = client
        self._url = url
        self._display = display
        self._told: set[str] = set()

    def see(self, event: Mapping[str, Any]) -> None:
        """Take in a line of the Lambda endpoint's events file."""
        if (event.get("event"), event.get("type"), event.get("action")) == ("operation", "CALLBACK", "START"):
            name = event["operation"].rpartition("/")[2]
            for callback in self._open(event["execution"], name):
                self._tell(name, callback)

    def _tell(self, name: str, callback: str) -> None:
        review = name.startswith("review-")
        answer = ANSWERS[0][0] if review else '"yes"'
        self._display.note(time.time(), f"{name} waits for you; answer in another terminal with one of these two:")
        for command in _commands(callback, self._url, answer):
            self._display.paste(command)
        if review:
            others = ", ".join(f"{other} ({does})" for other, does in ANSWERS[1:])
            self._display.note(time.time(), f"the other answers: {others}")

    def _open(self, execution: str, name: str) -> Iterator[str]:
        pages = self._client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=execution, IncludeExecutionData=False
        )
        for page in pages:
            for event in page["Events"]:
                if event["EventType"] == "CallbackStarted" and event.get("Name") == name:
                    callback = event["CallbackStartedDetails"]["CallbackId"]
                    if callback not in self._told:
                        self._told.add(callback)
                        yield callback


def _commands(callback: str, url: str, answer: str) -> Iterator[str]:
    """The same answer by the AWS CLI, and by curl for who does not have it."""
    yield (
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws lambda send-durable-execution-callback-success "
        f"--region us-east-1 --endpoint-url {url} --cli-binary-format raw-in-base64-out "
        f"--callback-id '{callback}' --result '{answer}'"
    )
    yield f"curl --noproxy 127.0.0.1 '{url}{CALLBACKS}/{quote(callback, safe='')}/succeed' --data '{answer}'"
