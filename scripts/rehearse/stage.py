"""What a cause is provoked on: the local stack with a scripted model, and the account around it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.cloudwatch import counted
from scripts.local_aws.cloudwatch.counted import Function
from scripts.local_aws.cloudwatch.metrics import Datum, MetricId
from scripts.local_aws.processes.journal import Follower
from scripts.local_aws.stack import ALIAS, LocalStack, StackSettings
from scripts.rehearse.account import Account
from scripts.rehearse.synthesized import AGENTS, Synthesized

QUOTA = 4
"""Running executions that the rehearsed account may have."""

EXECUTION_TIMEOUT_SECONDS = 3600
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.1
ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"})
WORDS = {"text": "Nothing new.", "usage": {"inputTokens": 900, "outputTokens": 300}}


class NeverCame(RuntimeError):
    """What a cause waits for did not happen."""


class Stage:
    """Context manager: everything runs inside.

    account: the account.
    """

    def __init__(self, folder: Path, made: Synthesized) -> None:
        self.account = Account(folder, made)
        self._made = made
        self._folder = folder
        self._open = ExitStack()
        self._events: list[Mapping[str, Any]] = []
        self._started: dict[str, str] = {}
        self._own: set[str] = set()
        self._called: list[Mapping[str, Any]] = []
        self._put: list[Datum] = []

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.account)
            self._bedrock = starting.enter_context(ScriptedBedrock(self._folder))
            environment = {
                **self._made.variables(),
                "AGENTS_FOLDER": str(AGENTS),
                "RETRY_INITIAL_DELAY_SECONDS": "1",
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self._bedrock.url,
            }
            settings = StackSettings(folder=self._folder / "stack", environment=environment, crash_retry_seconds=0.05)
            self.stack = starting.enter_context(LocalStack(settings))
            self._open = starting.pop_all()
        self.account.front.lambda_url = self.stack.lambda_url
        self.limits()
        self._lines, self._call_lines = Follower(self.stack.events), Follower(self._bedrock.calls)
        self._log = self._folder / "stack" / "function.log"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def begin(self) -> None:
        """A new measurement: what happened before is none of its."""
        self._own, self._put, self._called = set(), [], []
        self._call_lines.new_lines()
        self._log_from = self._log.stat().st_size if self._log.exists() else 0
        self.replies()

    def keep(self, *names: str) -> None:
        """Executions that began before are measured too."""
        self._own |= {self._started[name] for name in names}

    def limits(self, **changed: Any) -> None:
        """Those of Lambda as they are by default, but for what is named."""
        usual: dict[str, Any] = {
            "concurrent_invocations": None,
            "execution_timeout_seconds": EXECUTION_TIMEOUT_SECONDS,
            "max_event_age_seconds": 6 * 3600,
        }
        queue = self.account.output("DeadLetterQueueUrl")
        self.stack.replace_limits(**usual | changed, dead_letter_queue=queue)

    def replies(self, *special: Mapping[str, Any]) -> None:
        """What the models answer from now on: these, else a few words."""
        self._bedrock.answer_from({"replies": [{**WORDS, **reply} for reply in special], "default": WORDS})

    def start(self, name: str, **event: Any) -> str:
        """Start an execution, as a caller would; returns its ARN, "" if Lambda gave none."""
        asked = {"FunctionName": self._made.function, "Qualifier": ALIAS, "InvocationType": "Event"}
        payload = json.dumps({"query": name, **event}).encode()
        answer = self.account.client("lambda").invoke(**asked, DurableExecutionName=name, Payload=payload)
        arn = str(answer.get("DurableExecutionArn") or "")
        self._started[name] = arn
        self._own.add(arn)
        return arn

    def status(self, name: str) -> str:
        """Of an execution that was started here."""
        found = self.account.client("lambda").get_durable_execution(DurableExecutionArn=self._started[name])
        return str(found["Status"])

    def ends(self, *names: str) -> None:
        """Return once all of them have ended."""
        for name in names:
            self.until(lambda name=name: self.status(name) in ENDED, f"{name} to end")  # type: ignore[misc]
        # the journal has the end a moment later
        ended = {self._started[name] for name in names}
        self.until(lambda: ended <= {e["execution"] for e in self.happened("execution_finished")}, "the journal")

    def stop(self, *names: str) -> None:
        """Stop them, as an operator would."""
        for name in names:
            if self.status(name) not in ENDED:
                self.account.client("lambda").stop_durable_execution(DurableExecutionArn=self._started[name])

    def asked(self, name: str) -> None:
        """Return once the execution waits for a person."""
        self.until(lambda: self._callback(name), f"the review of {name}")

    def approve(self, name: str) -> None:
        """Answer its review."""
        answer = json.dumps({"decision": "approve"}).encode()
        client = self.account.client("lambda")
        client.send_durable_execution_callback_success(CallbackId=self._callback(name), Result=answer)

    def until(self, look: Callable[[], Any], what: str) -> None:
        """Return once `look` gives something.

        Raises:
            NeverCame: it does not.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise NeverCame(f"waited {PATIENCE_SECONDS:.0f} seconds for {what}")
            time.sleep(LOOK_SECONDS)

    def happened(self, event: str) -> list[Mapping[str, Any]]:
        """Lines of the Lambda endpoint's journal about the measured executions, and about none."""
        return [line for line in self._journal() if line["event"] == event]

    def count(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Count something that was seen here and nowhere else."""
        self._put.append(Datum(MetricId.of(namespace, name, dimensions), time.time(), value))

    def count_undelivered(self, before: int) -> None:
        """Count the messages that have come into the queue of what was not delivered."""
        found = self.account.messages("UndeliveredQueueUrl") - before
        self.count(counted.SQS, "NumberOfMessagesSent", found, QueueName=self._made.undelivered)

    def calls(self) -> int:
        """How many model calls began since the measurement did."""
        return sum(line["event"] == "started" for line in self._calls())

    def retries(self) -> int:
        """How many tries of the measured executions have failed and will be followed by another."""
        return sum(line["action"] == "RETRY" for line in self.happened("operation"))

    def idle(self) -> None:
        """Return once no invocation of the measured executions is in progress."""

        def quiet() -> bool:
            return len(self.happened("invocation_started")) == len(self.happened("invocation_ended"))

        self.until(quiet, "the end of an invocation")

    def has_measured(self, name: str) -> bool:
        """Whether there is a value of a metric."""
        return any(datum.metric.name == name for datum in self.measured())

    def publish(self, namespace: str, name: str) -> None:
        """Let CloudWatch of the account have a measured metric, for the commands that ask it."""
        data = [datum for datum in self.measured() if (datum.metric.namespace, datum.metric.name) == (namespace, name)]
        put = [{"MetricName": name, "Timestamp": datum.at, "Value": datum.value} for datum in data]
        self.account.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=put)

    def tell_ending(self, name: str) -> None:
        """What Lambda tells EventBridge when an execution has ended."""
        detail = {
            "status": self.status(name),
            "functionArn": f"{self._made.resolved({'Fn::GetAtt': [self._made.function, 'Arn']})}:1",
            "durableExecutionName": name,
            "durableExecutionArn": self._started[name],
        }
        entry = {"Source": "aws.lambda", "DetailType": "Durable Execution Status Change", "Detail": json.dumps(detail)}
        self.account.client("events").put_events(Entries=[entry])

    def measured(self) -> Iterator[Datum]:
        """Every metric of what happened since the measurement began."""
        function = Function(self._made.function, self._made.queue, QUOTA)
        yield from counted.of_lambda(self._journal(), function)
        yield from counted.of_bedrock(self._calls(), self.account.front.legacy)
        with self._log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_from)
            yield from counted.of_log(log.read().splitlines())
        yield from self._put

    def _journal(self) -> Sequence[Mapping[str, Any]]:
        self._events += self._lines.new_lines()
        return [line for line in self._events if line.get("execution") in self._own or self._of_none(line)]

    def _of_none(self, line: Mapping[str, Any]) -> bool:
        return "" in self._own and line.get("execution") is None

    def _calls(self) -> Sequence[Mapping[str, Any]]:
        self._called += self._call_lines.new_lines()
        return self._called

    def _callback(self, name: str) -> str | None:
        asked = {"DurableExecutionArn": self._started[name], "IncludeExecutionData": True, "ReverseOrder": True}
        for event in self.account.client("lambda").get_durable_execution_history(**asked)["Events"]:
            if event["EventType"] == "CallbackStarted":
                return str(event["CallbackStartedDetails"]["CallbackId"])
        return None
