"""Metrics that AWS counts by itself, counted from what really happened here; and those that a function printed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.cloudwatch.metrics import Datum, MetricId

LAMBDA, BEDROCK, SQS = "AWS/Lambda", "AWS/Bedrock", "AWS/SQS"
Event = Mapping[str, Any]

_BEGINS = '{"_aws"'
CRASHED = frozenset({"died", "timed_out", "error"})
ENDINGS = {
    "SUCCEEDED": "DurableExecutionSucceeded",
    "FAILED": "DurableExecutionFailed",
    "TIMED_OUT": "DurableExecutionTimedOut",
    "STOPPED": "DurableExecutionStopped",
}
REFUSED = {
    "ThrottlingException": "InvocationThrottles",
    "InternalServerException": "InvocationServerErrors",
    "ServiceUnavailableException": "InvocationServerErrors",
    "ModelTimeoutException": "InvocationServerErrors",
    "ModelStreamErrorException": "InvocationServerErrors",
    "ModelErrorException": "InvocationServerErrors",
}


@dataclass(frozen=True)
class Function:
    """Whose metrics they are.

    name: of the function, in its dimensions.
    queue: name of its queue of dead letters.
    quota: running executions that the account may have.
    """

    name: str
    queue: str
    quota: int


def of_lambda(events: Iterable[Event], function: Function) -> Iterator[Datum]:
    """From the journal of the Lambda endpoint, as Lambda would count it."""
    own = {"FunctionName": function.name}
    started: dict[str, float] = {}
    invoked: dict[int, float] = {}
    operations: defaultdict[str, set[str]] = defaultdict(set)
    written: defaultdict[str, int] = defaultdict(int)
    ended: set[str] = set()
    for event in events:
        at, execution = event["at"], str(event.get("execution"))
        put: list[tuple[str, float]] = []
        match event["event"]:
            case "execution_started":
                started[execution] = at
                put = [("DurableExecutionStarted", 1)]
                yield from _running(len(started) - len(ended), function.quota, at)
            case "invocation_started":
                invoked[event["pid"]] = at
                put = [("Invocations", 1)]
            case "invocation_ended":
                put = [("Errors", event["status"] in CRASHED), ("Duration", 1000 * (at - invoked[event["pid"]]))]
            case "invocation_throttled":
                put = [("Throttles", 1)]
            case "operation":
                operations[execution].add(event["operation"])
                written[execution] += event["bytes"] or 0
            case "execution_finished":
                ended.add(execution)
                put = [
                    (ENDINGS[event["status"]], 1),
                    ("DurableExecutionDuration", 1000 * (at - started[execution])),
                    ("DurableExecutionOperations", len(operations[execution])),
                    ("DurableExecutionStorageWrittenBytes", written[execution]),
                ]
                yield from _running(len(started) - len(ended), function.quota, at)
            case "dead_letter_lost":
                put = [("DeadLetterErrors", 1)]
            case "dead_letter_sent":
                yield Datum(MetricId.of(SQS, "NumberOfMessagesSent", {"QueueName": function.queue}), at, 1)
        yield from (Datum(MetricId.of(LAMBDA, name, own), at, float(value)) for name, value in put)


def of_bedrock(calls: Iterable[Event], legacy: Collection[str] = ()) -> Iterator[Datum]:
    """From the calls file of the Bedrock endpoint, as Bedrock would count it.

    Args:
        calls: its lines.
        legacy: models that will be retired. Default: none.
    """
    began: dict[int, float] = {}
    spoke: set[int] = set()
    for call in calls:
        at, number, model = call["at"], call["call"], {"ModelId": call["model_id"]}
        put: list[tuple[str, float]] = []
        match call["event"]:
            case "started":
                began[number] = at
            case _ if number not in began:  # it was under way before these lines begin
                continue
            case "token" if number not in spoke:
                spoke.add(number)
                put = [("TimeToFirstToken", 1000 * (at - began[number]))]
            case "failed":
                put = [(REFUSED.get(call["error"], "InvocationClientErrors"), 1)]
            case "finished":
                tokens = call["input_tokens"] + call["output_tokens"]
                put = [("InvocationLatency", 1000 * (at - began[number])), ("EstimatedTPMQuotaUsage", tokens)]
                put += [("LegacyModelInvocations", 1)] if call["model_id"] in legacy else []
        yield from (Datum(MetricId.of(BEDROCK, name, model), at, float(value)) for name, value in put)


def of_log(lines: Iterable[str]) -> Iterator[Datum]:
    """What the function printed in CloudWatch's embedded metric format."""
    for document in (found for line in lines for found in _documents(line)):
        for block in document["_aws"]["CloudWatchMetrics"]:
            for names in block["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in block["Metrics"]:
                    known = MetricId.of(block["Namespace"], metric["Name"], dimensions)
                    values = document[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        yield Datum(known, document["_aws"]["Timestamp"] / 1000, float(value))


def _documents(line: str) -> Iterator[dict[str, Any]]:
    """Those of a line: a document and its line end are printed apart, so two processes may share one line."""
    at = line.find(_BEGINS)
    while at >= 0:
        try:
            document, end = json.JSONDecoder().raw_decode(line, at)
        except ValueError:  # it is still being written
            return
        yield document
        at = line.find(_BEGINS, end)


def _running(count: int, quota: int, at: float) -> Iterator[Datum]:
    yield Datum(MetricId.of(LAMBDA, "ApproximateRunningDurableExecutions"), at, count)
    yield Datum(MetricId.of(LAMBDA, "ApproximateRunningDurableExecutionsUtilization"), at, 100 * count / quota)
