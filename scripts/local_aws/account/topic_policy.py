"""Lets an alarm or a rule publish only where the topic's own policy does, as SNS would; MiniStack does not ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
CLOUDWATCH = "cloudwatch.amazonaws.com"
EVENTBRIDGE = "events.amazonaws.com"

Dispatch = Callable[[Mapping[str, Any], str, str, str], None]


def obeying(dispatch: Dispatch, allows: Callable[[str, Mapping[str, Any]], bool]) -> Dispatch:
    """The same dispatch of an alarm's actions, without the topics that refuse it.

    Args:
        dispatch: MiniStack's (alarm, old state, new state, reason).
        allows: (topic ARN, alarm) -> whether the topic's policy lets CloudWatch publish for this alarm.
    """

    def dispatch_allowed(alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str) -> None:
        kept = {name: [arn for arn in alarm.get(name) or [] if allows(arn, alarm)] for name in ACTIONS}
        dispatch({**alarm, **kept}, old_state, new_state, reason)

    return dispatch_allowed


def policy_of_topic(topics: Any, evaluator: Any, service: str = CLOUDWATCH) -> Callable[[str, Mapping[str, Any]], bool]:
    """Ask the topic's policy with MiniStack's own evaluation of policies.

    Args:
        topics: MiniStack's module of SNS.
        evaluator: its module that evaluates policies.
        service: who publishes. Default: CloudWatch, for an alarm.
    """

    def allows(topic_arn: str, sender: Mapping[str, Any]) -> bool:
        policy, _ = topics.topic_policy_for_arn(topic_arn) or ("", "")
        sender_arn = str(sender.get("AlarmArn") or sender.get("Arn") or "")
        account = topic_arn.split(":")[4]
        context = evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="sns:Publish",
            resource_arn=topic_arn,
            region=topic_arn.split(":")[3],
            secure_transport=True,
            service_context={
                "aws:sourcearn": sender_arn,
                "aws:sourceaccount": account,
                "aws:sourceowner": account,
            },
        )
        return bool(evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")

    return allows
