"""What agents may do besides writing: look up terms of sale, ask the manager; agents.toml says who may do which."""

import json
import os
from pathlib import Path

import boto3
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from rapidfuzz import fuzz, process, utils
from strands import tool

from durable_strands import durable_tool

TERMS = json.loads(Path(__file__).with_name("terms.json").read_text(encoding="utf-8"))
ALIKE = 70
"""How alike two names must be, 0 to 100: "expresso maschine" is like espresso machine by 91, toaster like none."""

PATIENCE = CallbackConfig(timeout=Duration.from_days(2))


@tool
def look_up_terms(product: str) -> str:
    """Look up price, return period, warranty and repair of a product.

    Args:
        product: What the customer calls it; spelling does not matter.
    """
    found = process.extractOne(
        product, list(TERMS), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=ALIKE
    )
    if found is None:  # the model gets this text and may try again
        raise ValueError(f"product must be one of {', '.join(TERMS)}, got {product!r}")
    return json.dumps({"product": found[0], **TERMS[found[0]]})


@durable_tool
def ask_manager(context: DurableContext, question: str, amount_eur: float) -> str:  # noqa: D417 (no model sees context)
    """Ask the manager to approve an amount, and wait for the answer, which may take days.

    Args:
        question: What is to be decided, with everything that the manager needs to know.
        amount_eur: What a yes would cost, in EUR.
    """
    callback = context.create_callback(name="manager", config=PATIENCE)
    asked = f"{question} ({amount_eur:.2f} EUR)"
    # a step: asked once, not again on every replay; its result keeps the question where answer.py finds it
    context.step(lambda _: _send(asked, callback.callback_id), name="question")
    return str(callback.result())  # nothing runs and nothing is billed until the answer is here


def _send(question: str, callback_id: str) -> str:
    topic = os.environ.get("QUESTIONS_TOPIC_ARN")  # set by app.py; on a laptop there is none
    if topic:
        message = json.dumps({"question": question, "callback_id": callback_id})
        boto3.client("sns").publish(TopicArn=topic, Subject="A question to the manager", Message=message)
    return question
