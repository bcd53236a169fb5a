"""Agents side by side in one execution, each asking a person two things at once under ids that are all alike."""

import json
import os
import sys
from collections.abc import AsyncGenerator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "lambda_src"))

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from strands import Agent, ToolContext, tool

from durable_strands import Observer, map_agents, run_agent
from durable_strands.testing import Reply, ScriptedModel

QUESTIONS = ("budget", "scope")


class Clerk(ScriptedModel):
    """Asks both questions in its first turn, under the same tool-use ids in every agent; then says what it was told."""

    async def stream(self, messages: Any, *_: Any, **__: Any) -> AsyncGenerator[Any, None]:
        told = [block["toolResult"] for block in messages[-1]["content"] if "toolResult" in block]
        uses = [("ask", {"question": question}, f"use-{question}") for question in QUESTIONS]
        said = {result["toolUseId"].removeprefix("use-"): json.loads(result["content"][0]["text"]) for result in told}
        for event in (Reply(json.dumps(said)) if told else Reply(tool_uses=uses)).events(1):
            yield event


@tool(context=True)
def ask(question: str, tool_context: ToolContext) -> str:
    """Ask a person.

    Args:
        question: What.
    """
    return json.dumps(tool_context.interrupt(question, reason=question))


@durable_execution
def lambda_handler(event: Any, context: DurableContext) -> Any:
    """What each agent was told, by agent and question."""

    def branch(inner: DurableContext, agent: str, observer: Observer) -> Any:
        def tell(callback_id: str, interrupt: Any) -> None:
            import boto3

            told = {"execution": event["name"], "agent": agent, "question": interrupt.reason}
            told |= {"callback_id": callback_id, "interrupt": interrupt.id}
            boto3.client("sns").publish(TopicArn=os.environ["REVIEW_TOPIC_ARN"], Message=json.dumps(told))

        clerk = Agent(model=Clerk(), tools=[ask], callback_handler=None)
        return str(run_agent(inner, clerk, agent, name=f"{agent}-agent", observer=observer, interrupts=tell))

    agents = [f"clerk-{number}" for number in range(event["agents"])]
    said = map_agents(context, agents, branch, name="clerks")
    return {agent: json.loads(text) for agent, text in zip(agents, said, strict=True)}


import_module("mutants").plant(os.environ.get("PLANTED"))
