"""Tools that leave a trace on disk each time they really act: the lab's witness, independent of the ledger."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.types import WaitForCallbackContext
from strands import tool

from durable_strands import durable_tool

LONGEST_HOLD_SECONDS = 60.0
LOOK_SECONDS = 0.01


@tool
def search(query: str) -> str:
    """Search for pages.

    Args:
        query: What to look for.
    """
    _act("search", query)
    return f"three pages about {query}"


@tool
def read_page(address: str) -> str:
    """Read a page.

    Args:
        address: Which one.
    """
    _act("read_page", address)
    return f"the text of {address}"


@tool
def take_note(text: str) -> str:
    """Note something for later.

    Args:
        text: The note.
    """
    _act("take_note", text)
    return "noted"


@durable_tool
def ask_editor(context: DurableContext, question: str) -> str:  # noqa: D417  (the model is not shown the context)
    """Ask the editor and wait for the answer, however long it takes.

    Args:
        question: What to ask.
    """

    def send(callback_id: str, _: WaitForCallbackContext) -> None:
        _act("ask_editor", question)
        _append("LAB_OUTBOX", {"callback_id": callback_id})

    return str(context.wait_for_callback(send, name="editor"))


def _act(name: str, argument: str) -> None:
    """Begin, be held if the lab wants to kill here, take effect."""
    call = f"{name}:{argument}"
    _append("LAB_WITNESS", {"event": "started", "call": call, "pid": os.getpid()})
    hold = Path(os.environ["LAB_HOLD"])
    deadline = time.monotonic() + LONGEST_HOLD_SECONDS
    while hold.exists() and hold.read_text(encoding="utf-8") == call and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    _append("LAB_WITNESS", {"event": "finished", "call": call, "pid": os.getpid()})


def _append(variable: str, line: dict[str, object]) -> None:
    # one write per line, on the disk before the tool goes on: a SIGKILL right after loses nothing
    file = os.open(os.environ[variable], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
