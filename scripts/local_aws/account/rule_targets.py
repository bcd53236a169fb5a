"""What a rule may not publish goes to the target's queue of dead letters, as EventBridge does; MiniStack drops it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Invoke = Callable[..., None]
Put = Callable[[str, str, Mapping[str, str]], None]


def burying(invoke: Invoke, allows: Callable[[str, Mapping[str, Any]], bool], put: Put) -> Invoke:
    """The same invocation of a rule's target, but a topic that refuses it loses nothing.

    Args:
        invoke: MiniStack's (target, event, rule, view).
        allows: (topic ARN, rule) -> whether the topic's policy lets EventBridge publish for this rule.
        put: (queue ARN, body, attributes): sends a message.
    """

    def invoke_or_bury(
        target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], *more: Any
    ) -> None:
        arn = str(target.get("Arn", ""))
        if not arn.startswith("arn:aws:sns:") or allows(arn, rule):
            invoke(target, event, rule, *more)
            return
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            why = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "the topic's policy refuses events.amazonaws.com"}
            put(queue, json.dumps(event, default=str), {**why, "RULE_ARN": str(rule.get("Arn", ""))})

    return invoke_or_bury
