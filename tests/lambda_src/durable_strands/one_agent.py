"""One agent on the local durable engine, its model a real client."""

from __future__ import annotations

from strands import Agent

from durable_strands import never_retry, run
from tests.lambda_src.durable_strands.answers import service
from tests.lambda_src.durable_strands.engine import on_engine


def outcome_of(model, **choices):
    def body(context):
        return run(context, lambda: Agent(model=model, callback_handler=None), "go", name="a", **choices).text

    return on_engine(body)


def failure_of(build, content, **config):
    """(error type, requests) of a run whose calls are not retried."""
    with service(content) as told:
        outcome = outcome_of(build(told.url, **config), retry=never_retry)
    return outcome.error_type, told.requests
