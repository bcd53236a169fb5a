"""Runs the topics through the unmodified handler on the local engine, one execution each, and checks what comes out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.console.declared_agents import agent_names, model_ids
from scripts.console.list_prices import bedrock_prices
from scripts.console.models import ModelChoice
from scripts.console.outcome import Outcome
from scripts.evaluate.checks import Check, body_and_sources, checks_of
from scripts.evaluate.topics import Suite, Topic
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

READER = "research"
TOOLS = ("search_documents", "read_document")
ADDRESS = "corpus/"
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Variant:
    """One thing to evaluate: agents with their prompts, and a model.

    name: as the table calls it.
    agents: their folder.
    model: who answers.
    bedrock_model: id in place of those that the agents declare. Default: theirs.
    """

    name: str
    agents: Path
    model: ModelChoice
    bedrock_model: str | None = None

    def settings(self, suite: Suite, folder: Path) -> StackSettings:
        """The stack that it runs on."""
        names = agent_names(self.agents)
        reader = READER if READER in names else names[0]
        models = [self.bedrock_model] if self.bedrock_model else model_ids(self.agents)
        documents = {"documents": {"folder": str(suite.corpus.resolve()), "address": ADDRESS}}
        chosen = {"AGENT_MODELS": json.dumps(dict.fromkeys(names, self.bedrock_model))} if self.bedrock_model else {}
        return StackSettings(
            folder=folder,
            model=self.model.arguments,
            real_credentials=not self.model.is_local,
            environment={
                **chosen,
                "MODEL_PRICES": json.dumps(bedrock_prices(models)),
                "MODEL_READ_TIMEOUT_SECONDS": "800",  # a laptop reads a long prompt for minutes before its first token
                "AGENTS_FOLDER": str(self.agents),
                "AGENT_TOOLS": json.dumps({reader: TOOLS}),
                "TOOL_SETTINGS": json.dumps(documents),
            },
        )


@dataclass(frozen=True)
class Answer:
    """What came of one topic.

    error: type of the failure; None if there is a report.
    """

    topic: str
    checks: tuple[Check, ...]
    seconds: float
    report: str = ""
    error: str | None = None
    model_calls: int = 0
    cost_usd: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every check did."""
        return all(check.passed for check in self.checks)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        checks = {one.name: {"passed": one.passed, "score": one.score, "detail": one.detail} for one in self.checks}
        words = len(body_and_sources(self.report)[0].split())
        return {**asdict(self), "checks": checks, "words": words, "passed": self.passed}


def answers_of(variant: Variant, suite: Suite, folder: Path) -> Iterator[Answer]:
    """Each topic's answer as soon as it is there.

    Raises:
        ChildDied: a process of the stack ended.
    """
    with LocalStack(variant.settings(suite, folder)) as stack:
        for topic in suite.topics:
            began = time.monotonic()
            yield _judged(topic, suite, _outcome(stack, topic.query), time.monotonic() - began)


def _outcome(stack: LocalStack, query: str) -> Outcome:
    client: LambdaClient = stack.client()
    event = json.dumps({"query": query}).encode()
    started = client.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event", Payload=event)
    while True:
        details: Mapping[str, Any] = client.get_durable_execution(DurableExecutionArn=started["DurableExecutionArn"])
        if details["Status"] != "RUNNING":
            return Outcome.of(details)
        stack.check()
        time.sleep(LOOK_SECONDS)


def _judged(topic: Topic, suite: Suite, outcome: Outcome, seconds: float) -> Answer:
    usage = outcome.usage or {}
    spent = {"model_calls": usage.get("model_calls", 0), "cost_usd": usage.get("cost_usd")}
    if not outcome.succeeded or not outcome.result.get("report"):
        error = outcome.error_type or f"status {outcome.result.get('status')}"
        return Answer(topic.name, (Check("completed", False, 0.0, error),), seconds, error=error, **spent)
    found = checks_of(outcome.result, topic, suite, ADDRESS)
    return Answer(topic.name, (Check("completed", True, 1.0), *found), seconds, str(outcome.result["report"]), **spent)
