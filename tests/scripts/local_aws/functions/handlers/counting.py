"""A durable function for the Lambda endpoint's tests: a step leaves a line in a file each time it really runs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

ONE_SECOND_RETRIES = create_retry_strategy(
    RetryStrategyConfig(max_attempts=3, initial_delay=Duration.from_seconds(1), backoff_rate=1.0)
)
AT_MOST_ONCE = StepConfig(
    step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
    retry_strategy=ONE_SECOND_RETRIES,
)


class Refused(Exception):
    """What the function raises when it is told to fail."""


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """Three steps, and whatever else the event asks for."""
    if event.get("fail"):
        raise Refused(event["fail"])
    if event.get("gather"):
        return {"gathered": context.step(_gathered(event), name="gather", config=AT_MOST_ONCE)}
    done = [context.step(_counted(event, name), name=name, config=AT_MOST_ONCE) for name in ("one", "two")]
    if event.get("callback"):
        done.append(context.wait_for_callback(_note_callback(event), name="approval"))
    if event.get("big"):
        done.append(context.step(lambda _: "x" * event["big"], name="big"))
    if event.get("inside"):
        done.append(context.run_in_child_context(_inner(event), name="inner"))
    done.append(context.step(_counted(event, "three"), name="three", config=AT_MOST_ONCE))
    return {"done": done, "lambda": _identity(context) if event.get("identity") else None}


def _counted(event: dict[str, Any], name: str) -> Any:
    def work(_: Any) -> str:
        with Path(event["notes"]).open("a") as notes:
            notes.write(f"{name} {os.getpid()}\n")
        if event.get("crash_once") == name and Path(event["notes"]).read_text().count(name) == 1:
            os.kill(os.getpid(), 9)
        if event.get("sleep_once") == name and Path(event["notes"]).read_text().count(name) == 1:
            time.sleep(60)
        time.sleep(event.get("pause", 0))
        return name

    return work


def _gathered(event: dict[str, Any]) -> Any:
    """A step that goes on only while `gather` processes are in it at once, and gives its own number back."""

    def work(_: Any) -> int:
        folder = Path(event["notes"])
        (folder / str(event["number"])).touch()
        until = time.monotonic() + 60
        while sum(1 for _ in folder.iterdir()) < event["gather"] and time.monotonic() < until:
            time.sleep(0.02)
        if time.monotonic() >= until:
            raise Refused(f"{event['gather']} processes never ran at once")
        return int(event["number"])

    return work


def _inner(event: dict[str, Any]) -> Any:
    return lambda child: child.step(_counted(event, "leaf"), name="leaf", config=AT_MOST_ONCE)


def _note_callback(event: dict[str, Any]) -> Any:
    return lambda callback_id, _: Path(event["callback"]).write_text(callback_id)


def _identity(context: DurableContext) -> dict[str, Any]:
    lambda_context: Any = context.lambda_context
    return {
        "name": lambda_context.function_name,
        "version": lambda_context.function_version,
        "remaining": lambda_context.get_remaining_time_in_millis(),
        "key": os.environ["AWS_ACCESS_KEY_ID"],
        "profile": os.environ.get("AWS_PROFILE"),
        "bearer": os.environ.get("AWS_BEARER_TOKEN_BEDROCK"),
    }
