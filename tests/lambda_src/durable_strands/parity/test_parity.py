"""Each program behaves under `run_agent`, suspended at every call, as it does under plain Strands.

Compared are results, conversations, states, side effects, paid calls with what the model was shown, and the ledger.
One execution a program is suspended at every step in turn. The whole sweep suspends at each step alone as well, in a
warm process and in new ones:

    PARITY_SWEEP=1 python -m pytest tests/lambda_src/durable_strands/parity
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

from tests.lambda_src.durable_strands.parity import (
    programs_agents,
    programs_ends,
    programs_hooks,
    programs_interrupts,
    programs_state,
    programs_teams,
    programs_tools,
)
from tests.lambda_src.durable_strands.parity.harness import swept, verdict
from tests.lambda_src.durable_strands.parity.table import PROGRAMS, SLOW

MODULES = (
    programs_tools,
    programs_state,
    programs_hooks,
    programs_agents,
    programs_interrupts,
    programs_teams,
    programs_ends,
)
SWEEP = bool(os.environ.get("PARITY_SWEEP"))

NAMED = {
    "a content filter stops the answer": "an answer became ContentFiltered",
    "a guardrail stops the answer": "an answer became GuardrailIntervened",
    "a hook denies the second model call": "an answer became AgentCancelled",
    "a hook of a graph cancels a node": "RuntimeError became ModelFailed",
    "a hook that raises ends the run": "EventLoopException became ModelFailed",
    "a node of a graph fails": "EventLoopException became ModelFailed",
    "a stop tool beside a tool that interrupts ends the loop": "an answer became AgentCancelled",
    "a stop tool ends the loop": "an answer became AgentCancelled",
    "a stop tool ends the loop beside another tool": "an answer became AgentCancelled",
    "a tool cancels the agent at once": "an answer became AgentCancelled",
    "the answer is cut at max tokens": "MaxTokensReachedException became ModelLimitReached",
    "the caller limits the turns": "an answer became AgentLimitReached",
    "the model answers with nothing": "an answer became EmptyModelReply",
    "the model fails for good": "EventLoopException became ModelFailed",
    "the window is full and nobody shrinks it": "ContextWindowOverflowException became ContextWindowExceeded",
}
"""Ends that are no answer: each has its typed failure, as docs/errors.md says."""

REFUSED = {
    "a condition of a graph asks a model",
    "a graph has a swarm as node",
    "a hook of a swarm asks an agent",
    "a node of a graph leaves a live object in the invocation state",
    "a tool keeps a set in an object of its own",
    "a tool leaves a live object in the invocation state for another",
    "a tool returns a set inside its json",
    "a tool registers another tool for the next turn",
    "a tool builds an agent and asks it",
    "an async tool builds an agent and awaits it",
    "a tool runs a graph of agents",
    "a tool runs a swarm of agents",
    "a session manager keeps the conversation",
}
"""Refused with `UnsafeAgent`, which says what to do instead."""


def _rows(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, id=name, marks=[pytest.mark.slow] if name in SLOW else []) for name in names]


@pytest.mark.parametrize("name", _rows(name for name in PROGRAMS if name not in {*NAMED, *REFUSED}))
def test_alike_with_a_suspension_at_every_call(name):
    assert (swept(PROGRAMS[name]) if SWEEP else {verdict(PROGRAMS[name])}) == {"alike"}


@pytest.mark.parametrize("name", _rows(NAMED))
def test_an_end_without_an_answer_has_its_name(name):
    assert (swept(PROGRAMS[name]) if SWEEP else {verdict(PROGRAMS[name])}) == {NAMED[name]}


@pytest.mark.parametrize("name", _rows(sorted(REFUSED)))
def test_what_cannot_be_replayed_is_refused(name):
    assert (swept(PROGRAMS[name]) if SWEEP else {verdict(PROGRAMS[name])}) == {"an answer became UnsafeAgent"}


def test_the_tables_name_programs_that_exist():
    assert len(PROGRAMS) >= 100
    listed = [*NAMED, *REFUSED]
    assert set(listed) <= PROGRAMS.keys()
    assert len(set(listed)) == len(listed)
