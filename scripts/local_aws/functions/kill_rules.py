"""When to kill the function's process: rules read from a file, matched against checkpoint updates. Kills nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from scripts.local_aws.functions.operation_paths import SeenUpdate

Moment = Literal["before", "during", "after"]
ACTIONS = ("START", "SUCCEED", "FAIL", "RETRY")
FIELDS = {"operation", "action", "moment", "times", "delay_seconds"}


@dataclass
class KillRule:
    """One rule.

    operation: a path pattern ("analysis-agent", "*/model-1"), or None with `index`.
    index: the nth checkpoint update of the execution, from 1. Default: any.
    action: START, SUCCEED, FAIL or RETRY. Default: any.
    moment: "before" the engine hears of the update, "after" it stored it but before the function knows, or "during":
        while the step's own work runs.
    times: how often the rule may still fire. Default: 1.
    delay_seconds: for "during": seconds after the START. Default: when the model call of that step has started.
    """

    operation: str | None
    index: int | None
    action: str | None
    moment: Moment
    times: int = 1
    delay_seconds: float | None = None

    def matches(self, update: SeenUpdate, moment: Moment) -> bool:
        """Whether this rule would fire for the update at that moment."""
        return (
            self.times > 0
            and self.moment == moment
            and self.action in (None, update.action)
            and self.index in (None, update.index)
            and (self.operation is None or fnmatchcase(update.path, self.operation))
        )


class KillRules:
    """The rules still to be used up."""

    def __init__(self, rules: Iterable[KillRule] = ()) -> None:
        self._rules = list(rules)

    @classmethod
    def parse(cls, document: Any) -> KillRules:
        """Read the JSON list of rules.

        Raises:
            ValueError: not a list of objects, an unknown field or moment or action, a `during` without START.
        """
        if not isinstance(document, list):
            raise ValueError(  # noqa: TRY004  (a file with wrong content, not a wrong call)
                f"kill rules must be a list, got {type(document).__name__}"
            )
        return cls(_rule(item) for item in document)

    def take(self, updates: Iterable[SeenUpdate], moment: Moment) -> tuple[KillRule, SeenUpdate] | None:
        """The first rule that fires for any of the updates, used up by one; None when none does."""
        for update in updates:
            for rule in self._rules:
                if rule.matches(update, moment):
                    rule.times -= 1
                    return rule, update
        return None


def _rule(item: Any) -> KillRule:
    if not isinstance(item, dict) or set(item) - FIELDS or "operation" not in item:
        raise ValueError(f"a kill rule has the fields {sorted(FIELDS)}, got {item!r}")
    operation, action, moment = item["operation"], item.get("action"), item.get("moment", "after")
    path = operation if isinstance(operation, str) else None
    index = operation.get("index") if isinstance(operation, dict) else None
    if path is None and index is None:
        raise ValueError(f'operation must be a path pattern or {{"index": n}}, got {operation!r}')
    if moment not in get_args(Moment) or action not in (None, *ACTIONS):
        raise ValueError(f"moment is before, during or after and action one of {ACTIONS}, got {item!r}")
    if moment == "during" and action != "START":
        raise ValueError(f"a kill during a step names its START, got action {action!r}")
    return KillRule(path, index, action, moment, int(item.get("times", 1)), item.get("delay_seconds"))
