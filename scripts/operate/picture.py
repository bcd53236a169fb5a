"""The picture of `show` in README: an execution on the local stack whose second agent was throttled, that waits.

PYTHONPATH=lambda_src .venv/bin/python -m scripts.operate.picture
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from scripts.console.list_prices import bedrock_prices
from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from scripts.operate import shown
from scripts.operate.executions import find
from scripts.operate.place import Place
from scripts.operate.reading import Execution

PICTURE = REPOSITORY / "docs" / "pictures" / "show.svg"
MODEL = "us.anthropic.claude-sonnet-4-6"
NAME, EVENT = (
    "edge-computing",
    {"query": "edge computing", "topics": ["hardware", "economics", "security"], "review": True},
)
FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without the fonts that rich would have a reader's browser fetch."""

COLUMNS, LOOK_SECONDS = 100, 0.2
TOKENS = {"research": (1200, 480), "analysis": (2600, 710), "summary": (3900, 640)}


def main() -> int:
    """Run, wait for the review, draw."""
    with _running() as place:
        PICTURE.write_text(drawn(_waiting(place)), encoding="utf-8")
    print(f"written: {PICTURE.relative_to(REPOSITORY)}", file=sys.stderr)
    return 0


def drawn(execution: Execution) -> str:
    """The page of `show` as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(f"$ scripts/pipeline show {execution.name}\n", style="dim")
    shown.write(console, execution)
    return console.export_svg(title="scripts/pipeline show", unique_id="show", code_format=FORMAT)


@contextmanager
def _running() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "replies.json"
        script.write_text(json.dumps({"replies": [_reply(agent) for agent in TOKENS]}), encoding="utf-8")
        prices = {"MODEL_PRICES": json.dumps(bedrock_prices([MODEL]))}
        settings = StackSettings(folder=Path(folder) / "stack", model=["--script", str(script)], environment=prices)
        with LocalStack(settings) as stack:
            payload = json.dumps(EVENT).encode()
            started = {"FunctionName": FUNCTION_NAME, "Qualifier": ALIAS, "InvocationType": "Event"}
            stack.client().invoke(**started, DurableExecutionName=NAME, Payload=payload)  # type: ignore[arg-type]
            yield Place(endpoint_url=stack.lambda_url)


def _reply(agent: str) -> dict[str, object]:
    given, written = TOKENS[agent]
    usage = {"inputTokens": given, "outputTokens": written}
    faults = ["throttle"] if agent == "analysis" else []
    return {"agent": agent, "text": f"The {agent}.", "usage": usage, "delay_seconds": 0.6, "faults": faults}


def _waiting(place: Place) -> Execution:
    execution = Execution.read(place, find(place, NAME))
    while not any(operation.callback_id for _, operation in execution.history.walk()):
        time.sleep(LOOK_SECONDS)
        execution.refresh()
    return execution


if __name__ == "__main__":
    sys.exit(main())
