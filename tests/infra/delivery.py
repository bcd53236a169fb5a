"""Follows every asynchronous message of a template to its receiver, through each policy on the way."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.deployed import ACCOUNT, Deployed
from tests.infra.policy_evaluation import allowed, listed

TLS = {"aws:SecureTransport": "true"}
USE_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


def undelivered(template: Mapping[str, Any]) -> list[str]:
    """Every edge on which a message would be refused, as "sender -> receiver: who refuses"; empty when all arrive."""
    return [f"{sender} -> {receiver}: {why}" for sender, receiver, why in _edges(Deployed(template)) if why]


def edges(template: Mapping[str, Any]) -> list[str]:
    """Every edge that was followed, as "sender -> receiver"."""
    return [f"{sender} -> {receiver}" for sender, receiver, _ in _edges(Deployed(template))]


def _edges(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for follow in (_alarms, _rules, _schedules, _functions, _subscriptions):
        yield from follow(made)


def _alarms(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for name, given in made.of_type("AWS::CloudWatch::Alarm").items():
        sent = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": made.arn(name)}
        for arn in {*given.get("AlarmActions", []), *given.get("OKActions", [])}:
            yield name, arn, _to_topic(made, "cloudwatch.amazonaws.com", arn, sent, sent)


def _rules(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for name, given in made.of_type("AWS::Events::Rule").items():
        sent = {"aws:SourceArn": made.arn(name), "aws:SourceAccount": ACCOUNT}
        for target in given["Targets"]:
            yield name, target["Arn"], _by_rule(made, target["Arn"], sent)
            if "DeadLetterConfig" in target:
                arn = target["DeadLetterConfig"]["Arn"]
                yield name, arn, _to_queue(made, "events.amazonaws.com", arn, sent, {})


def _by_rule(made: Deployed, arn: str, sent: Mapping[str, str]) -> str:
    service = "events.amazonaws.com"
    if ":sns:" in arn:
        return _to_topic(made, service, arn, sent, {})  # EventBridge tells KMS neither account nor rule
    if ":sqs:" in arn:
        return _to_queue(made, service, arn, sent, {})
    return _to_function(made, service, arn)


def _schedules(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for name, given in made.of_type("AWS::Scheduler::Schedule").items():
        target = given["Target"]
        role = made.named(target["RoleArn"], "AWS::IAM::Role") or ""
        may = _by_role(made, role, "lambda:InvokeFunction", target["Arn"])
        yield name, target["Arn"], "" if may else "the role may not invoke it"
        arn = target["DeadLetterConfig"]["Arn"]
        yield name, arn, _role_to_queue(made, role, arn)


def _functions(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for name, given in made.of_type("AWS::Lambda::Function").items():
        if "DeadLetterConfig" in given:
            arn = given["DeadLetterConfig"]["TargetArn"]
            yield name, arn, _role_to_queue(made, made.named(given["Role"], "AWS::IAM::Role") or "", arn)


def _subscriptions(made: Deployed) -> Iterator[tuple[str, str, str]]:
    for given in made.of_type("AWS::SNS::Subscription").values():
        topic, end, sent = given["TopicArn"], given["Endpoint"], {"aws:SourceArn": given["TopicArn"]}
        if given["Protocol"] == "sqs":
            yield topic, end, _to_queue(made, "sns.amazonaws.com", end, sent, sent)
        elif given["Protocol"] == "lambda":
            yield topic, end, _to_function(made, "sns.amazonaws.com", end)


def _to_topic(made: Deployed, service: str, arn: str, sent: Mapping[str, str], to_key: Mapping[str, str]) -> str:
    statements = _of_resource(made, "AWS::SNS::TopicPolicy", "Topics", arn)
    if not allowed(statements, principal=service, action="sns:Publish", resource=arn, context={**TLS, **sent}):
        return f"the topic's policy refuses {service}"
    return _with_key(made, service, made.resources[arn.rpartition(":")[2]].get("KmsMasterKeyId"), to_key)


def _to_queue(made: Deployed, service: str, arn: str, sent: Mapping[str, str], to_key: Mapping[str, str]) -> str:
    name = made.named(arn, "AWS::SQS::Queue") or ""
    statements = _of_resource(made, "AWS::SQS::QueuePolicy", "Queues", name)
    if not allowed(statements, principal=service, action="sqs:SendMessage", resource=arn, context={**TLS, **sent}):
        return f"the queue's policy refuses {service}"
    return _with_key(made, service, made.resources[name].get("KmsMasterKeyId"), to_key)


def _to_function(made: Deployed, service: str, arn: str) -> str:
    permissions = made.of_type("AWS::Lambda::Permission").values()
    may = any(given["Principal"] == service and given["FunctionName"] == arn for given in permissions)
    return "" if may else f"no permission lets {service} invoke it"


def _role_to_queue(made: Deployed, role: str, arn: str) -> str:
    if not _by_role(made, role, "sqs:SendMessage", arn):
        return "the role may not send to the queue"
    named = made.resources[made.named(arn, "AWS::SQS::Queue") or ""].get("KmsMasterKeyId")
    key = made.key(named or "")
    refused = [action for action in USE_KEY if key and not _by_role(made, role, action, key)]
    return f"the role may not {', '.join(refused)} with the queue's key" if refused else ""


def _by_role(made: Deployed, role: str, action: str, resource: str) -> bool:
    """A key's own policy leaves the account's roles to IAM, as CDK writes it."""
    policies = [p for p in made.of_type("AWS::IAM::Policy").values() if role in p["Roles"]]
    statements = [s for p in policies for s in listed(p["PolicyDocument"]["Statement"])]
    return allowed(statements, principal=None, action=action, resource=resource, context=TLS)


def _with_key(made: Deployed, service: str, named: str | None, sent: Mapping[str, str]) -> str:
    key = made.key(named or "")
    if key is None:
        return ""
    name = made.named(key, "AWS::KMS::Key")
    statements = made.resources[name]["KeyPolicy"]["Statement"] if name else []
    refused = [
        action
        for action in USE_KEY
        if not allowed(statements, principal=service, action=action, resource=key, context=sent)
    ]
    return f"the key's policy refuses {service} {', '.join(refused)}" if refused else ""


def _of_resource(made: Deployed, policy_type: str, names: str, resource: str) -> list[Any]:
    policies = [given for given in made.of_type(policy_type).values() if resource in given[names]]
    return [statement for given in policies for statement in listed(given["PolicyDocument"]["Statement"])]
