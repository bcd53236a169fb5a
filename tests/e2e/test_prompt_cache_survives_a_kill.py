"""The process killed between two turns: what the next turn sends is, byte for byte, what a calm run sends.

Another byte would be another price. The endpoint keeps no text, but the digest of every prefix that it caches. The
model reasons before it answers: what it signed has to come back as it was, else the endpoint refuses the turn.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.fakes import MODEL_ID, declare_clerk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TURNS = 4
TOOLS = """
import os, signal
from pathlib import Path
from strands import tool

WITNESS = Path({witness!r})


@tool
def look_up(key: str) -> str:
    '''Look up a key.'''
    WITNESS.write_text(WITNESS.read_text() + "x" if WITNESS.exists() else "x")
    if len(WITNESS.read_text()) in {kills}:
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{{key}} " * 800
"""
PRICE = {"input": "3.3", "output": "16.5", "cache_read": "0.33", "cache_write": "4.125"}
REASONS_AND_RETRIES = 'reasoning = {effort = "low"}\n[agents.tool_options.look_up]\nmax_attempts = 3\n'
COUNTS = ("turn", "prefix", "input_tokens", "cache_read_tokens", "cache_write_tokens")


def run(folder: Path, kills: tuple[int, ...]) -> tuple[dict[str, Any], list[tuple[Any, ...]], int]:
    """(usage, what each turn sent and was counted, runs of the tool)."""
    agents, witness = folder / "agents", folder / "witness"
    agents.mkdir(parents=True)
    declare_clerk(agents, "key")
    (agents / "tools.py").write_text(TOOLS.format(witness=str(witness), kills=kills))
    file = agents / "agents.toml"
    file.write_text(file.read_text().replace("a.model", MODEL_ID) + REASONS_AND_RETRIES)
    look = [
        {"turn": n, "reasoning": "Look.", "text": "Yes.", "tool_uses": [{"name": "look_up", "input": {"key": f"k{n}"}}]}
        for n in range(1, TURNS)
    ]
    script = folder / "script.json"
    script.write_text(json.dumps({"replies": [*look, {"turn": TURNS, "text": "done"}]}))
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script)],
        environment={
            "AGENTS_FOLDER": str(agents),
            "MODEL_PRICES": json.dumps({MODEL_ID: PRICE}),
            "PATH": os.environ["PATH"],
        },
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b'{"query": "x"}')
        document = json.loads(answer["Payload"].read())
        ended = [call for call in read_all(stack.calls) if call["event"] == "finished"]
    return document["usage"], [tuple(call.get(name) for name in COUNTS) for call in ended], len(witness.read_text())


def test_the_prefix_of_each_turn_and_what_it_costs_are_those_of_a_calm_run(tmp_path):
    usage, calm, once = run(tmp_path / "calm", kills=())
    killed_usage, killed, tries = run(tmp_path / "killed", kills=(2, 4))
    assert (once, tries) == (3, 5)
    assert [turn for turn, *_ in calm] == [1, 2, 3, 4]
    assert all(prefix for _, prefix, *_ in calm)
    assert killed == calm
    assert calm[-1][3] > 1600, "the last turn reads what the turns before it sent"
    assert (killed_usage["cost_usd"], killed_usage["cache_saved_usd"]) == (usage["cost_usd"], usage["cache_saved_usd"])
