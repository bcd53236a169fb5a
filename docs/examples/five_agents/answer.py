# ruff: noqa: T201 - a command prints
"""Shows the questions that running executions wait with, and answers one: on a laptop or on AWS.

    python answer.py --endpoint-url http://127.0.0.1:PORT                  # what is asked (run_local prints the URL)
    python answer.py --endpoint-url http://127.0.0.1:PORT "Yes, go ahead"  # answer the oldest question
    python answer.py --function FUNCTION_NAME "Yes, go ahead"              # the same on AWS, with your credentials

Needs the permissions of the construct's grant_review: it finds the question and answers it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3

LOCAL = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}


def waiting(client: Any, function: str) -> Iterator[tuple[str, str]]:
    """(callback id, question) of every execution that waits, the oldest first."""
    listing = client.get_paginator("list_durable_executions_by_function")
    for page in listing.paginate(FunctionName=function, Statuses=["RUNNING"]):
        for execution in page["DurableExecutions"]:
            yield from _open_questions(client, execution["DurableExecutionArn"])


def _open_questions(client: Any, execution: str) -> Iterator[tuple[str, str]]:
    history = client.get_paginator("get_durable_execution_history")
    callbacks: dict[str, str] = {}
    questions: dict[str, str] = {}  # both belong to the same tool call, their parent
    for page in history.paginate(DurableExecutionArn=execution, IncludeExecutionData=True):
        for event in page["Events"]:
            parent = event.get("ParentId", "")
            if event["EventType"] == "CallbackStarted":
                callbacks[parent] = event["CallbackStartedDetails"]["CallbackId"]
            elif event["EventType"].startswith("Callback"):
                callbacks.pop(parent, None)  # answered, failed or timed out
            elif event["EventType"] == "StepSucceeded" and event.get("Name") == "question":
                questions[parent] = json.loads(event["StepSucceededDetails"]["Result"]["Payload"])
    yield from ((callbacks[parent], questions[parent]) for parent in callbacks if parent in questions)


def main() -> int:
    """Show, or answer; exit status 1 if nothing waits."""
    parser = argparse.ArgumentParser(description="Show or answer the manager's open questions.")
    parser.add_argument("answer", nargs="?", help="left out: the questions are shown")
    parser.add_argument("--function", default="durable-agent-pipeline", help="name; default: the local one")
    parser.add_argument("--endpoint-url", help="the local Lambda API; default: AWS")
    given = parser.parse_args()
    client = boto3.client("lambda", endpoint_url=given.endpoint_url, **(LOCAL if given.endpoint_url else {}))
    found = list(waiting(client, given.function))
    if not found:
        print("no execution waits for an answer", file=sys.stderr)
        return 1
    if given.answer is None:
        print("\n".join(question for _, question in found))
        return 0
    callback_id, question = found[0]
    client.send_durable_execution_callback_success(CallbackId=callback_id, Result=given.answer.encode())
    print(f"answered: {question}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
