"""A call of the model itself, by a hook for example, fails as one of the main loop does."""

from __future__ import annotations

import pytest
from strands import Agent
from strands.hooks import BeforeInvocationEvent

from durable_strands import never_retry, run
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel


class Breaking(ScriptedModel):
    """Ends in the middle of its reply, in one of several ways."""

    def __init__(self, how):
        super().__init__([])
        self.how = how

    async def stream(self, *_arguments, **_more):
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockDelta": {"delta": {"text": "half"}}}
        if self.how == "raises":
            raise KeyError("finish_reason")
        if self.how == "no end of the block":
            yield {"messageStop": {"stopReason": "end_turn"}}


async def ask(event):
    async for _ in event.agent.model.stream([{"role": "user", "content": [{"text": "hello"}]}]):
        pass


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "main loop"])
@pytest.mark.parametrize("how", ["raises", "no end of the block", "no end"])
def test_a_reply_that_breaks_off_is_a_broken_stream(how, direct):
    def body(context):
        agent = Agent(model=Breaking(how), callback_handler=None)
        if direct:
            agent.add_hook(ask, BeforeInvocationEvent)
        run(context, lambda: agent, "go", name="a", retry=never_retry)

    assert str(on_engine(body).error_type).rpartition(".")[2] == "ModelStreamBroken"
