"""The local stack with a function of this folder, its people's topic, and what is planted into them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.local_aws.stack import LocalStack, StackSettings
from scripts.local_aws.topic import Topic
from tests.e2e.interrupts.plans import SAID

HERE = Path(__file__).parent


@contextmanager
def running(
    folder: Path, handler: str, planted: str = "", agents: str = "agents", replies: Sequence[Any] = (), **more: Any
) -> Iterator[tuple[LocalStack, Topic]]:
    """The local stack and the topic that its function tells.

    Args:
        folder: for everything it writes.
        handler: module of functions/.
        planted: a mutant of functions/mutants.py. Default: none.
        agents: the agents folder beside this file.
        replies: of the model's script. Default: it says the same to everybody.
        **more: other settings of the stack.
    """
    script = folder / "replies.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": SAID}}))
    with Topic() as topic:
        environment = {**topic.environment, "AGENTS_FOLDER": str(HERE / agents), "PLANTED_IN": str(folder)}
        settings = StackSettings(
            folder=folder / "stack",
            model=["--script", str(script)],
            function_root=HERE / "functions",
            handler=f"{handler}.lambda_handler",
            concurrent_invocations=4,
            environment={**environment, **({"PLANTED": planted} if planted else {})},
            **more,
        )
        with LocalStack(settings) as stack:
            yield stack, topic
