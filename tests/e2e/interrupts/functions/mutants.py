"""Faults that others had, or that we could have, planted into the code under test; the suite must see each."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any


def plant(name: str | None) -> None:
    """Plant one of MUTANTS. Default: nothing."""
    if name:
        MUTANTS[name]()


def answers_by_interrupt_id() -> None:
    """Interrupts of parallel agents with the same id get the answer of the first of them."""
    interrupts: Any = import_module("durable_strands.interrupts")
    first: dict[str, Any] = {}
    honest = interrupts.responses

    async def responses(run: Any, asked: Any) -> Any:
        answers = await honest(run, asked)
        return [{"interruptResponse": first.setdefault(a["interruptResponse"]["interruptId"], a["interruptResponse"])}
                for a in answers]  # fmt: skip

    interrupts.responses = responses


def one_callback_id_for_two_runs() -> None:
    """The notice of a second run names the callback of the first."""
    review: Any = import_module("agent_workflow.review")
    honest = review.tell

    def tell(settings: Any, notice: Any) -> Any:
        known = Path(os.environ["PLANTED_IN"]) / notice.review
        try:
            known.touch(exist_ok=False)
            known.write_text(notice.callback_id)
        except FileExistsError:
            while not (callback_id := known.read_text()):
                continue
            notice = replace(notice, callback_id=callback_id)
        return honest(settings, notice)

    review.tell = tell


def any_text_is_the_text() -> None:
    """An answer counts whatever text and round it was given for."""
    review: Any = import_module("agent_workflow.review")
    honest = review.read_answer

    def read_answer(document: Any, **named: Any) -> Any:
        fields = json.loads(document)
        return honest(json.dumps({name: fields[name] for name in fields if name not in ("round", "digest")}), **named)

    review.read_answer = read_answer


MUTANTS: dict[str, Callable[[], None]] = {
    "answers_by_interrupt_id": answers_by_interrupt_id,
    "one_callback_id_for_two_runs": one_callback_id_for_two_runs,
    "any_text_is_the_text": any_text_is_the_text,
}
