"""The people at the far end: they read the notices, answer over the wire, and remember what was taken from them."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from scripts.local_aws.stack import ALIAS, FUNCTION_NAME
from scripts.local_aws.topic import Topic
from tests.e2e.interrupts.attacks import ATTACKS, FAILURE, Known, Question
from tests.e2e.interrupts.plans import Plan

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


ALL_ASK_SECONDS = 240
LOOK_SECONDS = 0.05


@dataclass
class Outcome:
    """What an execution ended with, and what of its person's words the API took.

    told: notices of it, by callback id.
    taken: rounds whose true word was accepted.
    """

    status: str = "RUNNING"
    result: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)


class People:
    """One person for each plan; all executions are open before anybody speaks, and the order is drawn at random."""

    def __init__(self, client: LambdaClient, topic: Topic, plans: Sequence[Plan], *, seed: int = 1) -> None:
        self.outcomes = {plan.name: Outcome() for plan in plans}
        self.executions: dict[str, str] = {}
        self._client = client
        self._topic = topic
        self._plans = {plan.name: plan for plan in plans}
        self._questions: dict[str, list[Question]] = defaultdict(list)
        self._left = {(plan.name, n): list(plan.before(n)) for plan in plans for n in range(1, plan.revisions + 2)}
        self._draw = random.Random(seed)
        self._open: list[Question] = []

    def ask(self, *, in_turn: bool = False) -> None:
        """Start every plan and wait until all ask; `in_turn`: each starts when the one before it asks."""
        for number, plan in enumerate(self._plans.values(), 1):
            self._start(plan)
            if in_turn:
                self._hear_until(number)
        self._hear_until(len(self._plans))

    def work(self, *, patience_seconds: float = 120, in_turn: bool = False) -> dict[str, Outcome]:
        """Answer until all have ended or nothing happened for so long; `in_turn`: who asked last is answered first."""
        until = time.monotonic() + patience_seconds
        while time.monotonic() < until and not self._all_ended():
            if self._hear() or self._open:
                self._speak(in_turn=in_turn)
                until = time.monotonic() + patience_seconds
            time.sleep(LOOK_SECONDS)
        self._after_the_end()
        return self.outcomes

    def _start(self, plan: Plan) -> None:
        started = self._client.invoke(
            FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event",
            DurableExecutionName=plan.name.replace(" ", "-"), Payload=json.dumps(plan.event).encode(),
        )  # fmt: skip
        self.executions[plan.name] = started["DurableExecutionArn"]

    def _hear_until(self, number: int) -> None:
        until = time.monotonic() + ALL_ASK_SECONDS
        while len(self._questions) < number and time.monotonic() < until:
            self._hear()
            time.sleep(LOOK_SECONDS)

    def _hear(self) -> bool:
        names = {arn: name for name, arn in self.executions.items()}
        messages = self._topic.new_messages()
        for told in messages:
            name = names[told["execution_arn"]]
            self.outcomes[name].told.append(told["callback_id"])
            question = Question(name, told["callback_id"], told["round"], told["digest"])
            self._questions[name].append(question)
            self._open.append(question)
        return bool(messages)

    def _speak(self, *, in_turn: bool) -> None:
        if not in_turn:
            self._draw.shuffle(self._open)
        while self._open:
            self._meet(self._open.pop())

    def _meet(self, question: Question) -> None:
        """Let the attacks before the person's word come, until one uses the question up; then the word, thrice."""
        plan, left = self._plans[question.execution], self._left[question.execution, question.round]
        *earlier, _ = self._questions[question.execution]
        others = [asked[-1] for name, asked in self._questions.items() if name != question.execution]
        known = Known(question, earlier, self._draw.sample(others, len(others)))
        while left:
            taken = [callback for callback, document in ATTACKS[left.pop(0)](known) if self._send(callback, document)]
            if question.callback_id in taken:
                return
        answer = plan.answer(question.round)
        if not answer["decision"]:
            return
        binding = {"round": question.round, "digest": question.digest} if plan.bound else {}
        document = json.dumps({**answer, **binding})
        if self._send(question.callback_id, document):
            self.outcomes[question.execution].taken.append(question.round)
        for once_more in (document, json.dumps({"decision": "approve", "reviewer": "nobody"}), FAILURE):
            self._send(question.callback_id, once_more)

    def _send(self, callback_id: str, document: Any) -> bool:
        """Whether the API took it."""
        send: Callable[..., Any] = self._client.send_durable_execution_callback_success
        given: dict[str, Any] = {"Result": document.encode() if isinstance(document, str) else b""}
        if document is FAILURE:
            send = self._client.send_durable_execution_callback_failure
            given = {"Error": {"ErrorType": "Nobody", "ErrorMessage": "nobody"}}
        try:
            send(CallbackId=callback_id, **given)
        except ClientError:
            return False
        return True

    def _all_ended(self) -> bool:
        for name, outcome in self.outcomes.items():
            if outcome.status == "RUNNING":
                details = self._client.get_durable_execution(DurableExecutionArn=self.executions[name])
                outcome.status = details["Status"]
                outcome.result = json.loads(details.get("Result") or "{}")
        return all(outcome.status != "RUNNING" for outcome in self.outcomes.values())

    def _after_the_end(self) -> None:
        """Once more to every callback there ever was; what is kept must not change."""
        for name, outcome in self.outcomes.items():
            for callback in outcome.told:
                self._send(callback, json.dumps({"decision": "approve", "reviewer": "nobody"}))
            details = self._client.get_durable_execution(DurableExecutionArn=self.executions[name])
            outcome.status = details["Status"]
            outcome.result = json.loads(details.get("Result") or "{}")
