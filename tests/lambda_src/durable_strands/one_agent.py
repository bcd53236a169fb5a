"""One agent on the local durable engine, its model a real client."""

from __future__ import annotations

from strands import Agent

from durable_strands import never_retry, run
from tests.lambda_src.durable_strands.answers import service
from tests.lambda_src.durable_strands.engine import Watcher, on_engine


def outcome_of(model, **choices):
    def body(context):
        return run(context, lambda: Agent(model=model, callback_handler=None), "go", name="a", **choices).text

    return on_engine(body)


def near_the_timeout(model):
    """The outcome of a run whose first invocation leaves its call two seconds, and who watched it."""
    watcher, margins = Watcher(), iter([898, 10])  # the runner's invocations last 900 seconds

    def body(context):
        agent, margin = Agent(model=model, callback_handler=None), next(margins)
        return run(context, lambda: agent, "go", name="a", observer=watcher, deadline_margin_seconds=margin).text

    return on_engine(body), watcher


def failure_of(build, content, **config):
    """(error type, requests) of a run whose calls are not retried."""
    with service(content) as told:
        outcome = outcome_of(build(told.url, **config), retry=never_retry)
    return outcome.error_type, told.requests
