"""The parity suite can fail: a run that loses, repeats or hides something is not called alike."""

from __future__ import annotations

from typing import Any

from strands import tool

from durable_strands import ToolOptions
from tests.lambda_src.durable_strands.parity.harness import EVERY, NEVER, bare, durable, verdict
from tests.lambda_src.durable_strands.parity.lab import DurableLab, Lab
from tests.lambda_src.durable_strands.parity.table import note
from tests.lambda_src.durable_strands.scripted import tool_use as use


def plain_program(lab: Lab) -> None:
    lab.ask(lab.agent([[use("note", "t", text="x")], "done"], [note(lab)]), "go")


def test_every_step_is_suspended_once_and_made_once():
    calm, stormy = durable(plain_program, NEVER, waits=False), durable(plain_program, EVERY, waits=False)
    assert calm.steps == stormy.steps == 3
    assert calm.outcome.invocations == 1
    assert stormy.outcome.invocations >= 4
    assert stormy.ledger == {"paid": 2, "returned": 2, "made": 2, "input tokens": 2}
    assert stormy.evidence["effects"] == ['"x"']


def test_a_suspension_at_one_step_alone_is_one_more_invocation():
    assert durable(plain_program, 1, waits=False).outcome.invocations == 2


def test_fails_when_a_side_effect_is_repeated():
    def repeating(lab: Lab) -> None:
        loose: Any = {"tools": {"note": ToolOptions(durable=False)}} if isinstance(lab, DurableLab) else {}
        lab.ask(lab.agent([[use("note", "t", text="x")], "done"], [note(lab)]), "go", **loose)

    assert verdict(repeating) == "differs: effects"


def test_fails_when_a_model_call_is_made_outside_a_step():
    def hiding(lab: Lab) -> None:
        plain_program(lab)
        lab.agent(["hidden"], name="hidden")("now")

    assert verdict(hiding, NEVER) != "alike"


def test_fails_when_what_the_model_was_shown_differs():
    def telling(lab: Lab) -> None:
        @tool
        def which() -> str:
            """Say which."""
            return type(lab).__name__

        lab.ask(lab.agent([[use("which", "t")], "done"], [which]), "go")

    assert verdict(telling) == "differs: conversations, paid calls"


def test_the_bare_program_runs_without_the_durable_engine():
    assert bare(plain_program)["effects"] == ['"x"']
