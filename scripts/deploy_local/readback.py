"""What the emulated account holds after the deployment, asked of its APIs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from scripts.local_aws.account.failure import DeploymentFailed


@dataclass(frozen=True)
class Deployed:
    """A deployed stack, read back.

    outputs: output name -> value.
    resources: logical_id, type, status of each.
    function: runtime, architectures, version (behind the alias), durable_config, dead_letter_config.
    alarms: logical_id, name, metric, state of each.
    dashboard: its name and its widgets, each with type and title.
    """

    stack: str
    status: str
    outputs: Mapping[str, str]
    resources: tuple[dict[str, str], ...]
    function: Mapping[str, Any]
    alarms: tuple[dict[str, str], ...]
    dashboard: Mapping[str, Any]

    @property
    def function_name(self) -> str:
        """Name of the function, from the alias' ARN."""
        return self.outputs["AliasArn"].split(":")[-2]

    @property
    def alias(self) -> str:
        """Name of the alias, from its ARN."""
        return self.outputs["AliasArn"].split(":")[-1]

    @property
    def durable_config(self) -> Mapping[str, Any]:
        """ExecutionTimeout (seconds) and RetentionPeriodInDays, as deployed.

        Raises:
            DeploymentFailed: the deployed function has none.
        """
        config: Mapping[str, Any] | None = self.function["durable_config"]
        if config is None:
            raise DeploymentFailed(
                "the emulator dropped the function's DurableConfig, so nothing can be executed durably"
            )
        return config

    def types(self) -> Counter[tuple[str, str]]:
        """(type, status) -> how many resources."""
        return Counter((resource["type"], resource["status"]) for resource in self.resources)


def read_back(stack: str, emulator_url: str) -> Deployed:
    """Ask CloudFormation, Lambda and CloudWatch of the emulated account."""
    formation = boto3.client("cloudformation", endpoint_url=emulator_url)
    described = formation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [summary for page in pages for summary in page["StackResourceSummaries"]]
    boards = [
        resource["PhysicalResourceId"] for resource in resources if resource["ResourceType"].endswith("Dashboard")
    ]
    return Deployed(
        stack=stack,
        status=described["StackStatus"],
        outputs=outputs,
        resources=tuple(_resource(resource) for resource in resources),
        function=_function(outputs["AliasArn"], emulator_url),
        alarms=_alarms(resources, emulator_url),
        dashboard=_dashboard(boards[0], emulator_url),
    )


@dataclass(frozen=True)
class Logs:
    """What the function wrote to its log group.

    versions: of the function that wrote; a log stream's name is date/[version]id.
    lines: how many.
    metrics: names of the metrics inside the lines (embedded metric format), by namespace.
    """

    versions: tuple[str, ...]
    lines: int
    metrics: Mapping[str, tuple[str, ...]]


def read_logs(group: str, emulator_url: str) -> Logs:
    """Ask CloudWatch Logs of the emulated account; no line leaves this function."""
    client = boto3.client("logs", endpoint_url=emulator_url)
    streams = [
        stream["logStreamName"]
        for page in client.get_paginator("describe_log_streams").paginate(logGroupName=group)
        for stream in page["logStreams"]
    ]
    lines = [
        event["message"]
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
    versions = {name.partition("[")[2].partition("]")[0] for name in streams}
    return Logs(tuple(sorted(versions)), len(lines), _metrics(lines))


def _metrics(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for line in lines:
        if not line.startswith('{"_aws"'):
            continue
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            found.setdefault(directive["Namespace"], set()).update(metric["Name"] for metric in directive["Metrics"])
    return {namespace: tuple(sorted(names)) for namespace, names in found.items()}


def _resource(summary: Mapping[str, Any]) -> dict[str, str]:
    return {
        "logical_id": summary["LogicalResourceId"],
        "type": summary["ResourceType"],
        "status": summary["ResourceStatus"],
    }


def _function(alias_arn: str, emulator_url: str) -> dict[str, Any]:
    client = boto3.client("lambda", endpoint_url=emulator_url)
    name, alias = alias_arn.split(":")[-2:]
    config = client.get_function_configuration(FunctionName=name, Qualifier=alias)
    return {
        "name": name,
        "alias": alias,
        "version": client.get_alias(FunctionName=name, Name=alias)["FunctionVersion"],
        "runtime": config["Runtime"],
        "architectures": config["Architectures"],
        "durable_config": config.get("DurableConfig"),
        "dead_letter_config": config.get("DeadLetterConfig"),
    }


def _alarms(resources: Iterable[Mapping[str, Any]], emulator_url: str) -> tuple[dict[str, str], ...]:
    ids = {resource["PhysicalResourceId"]: resource["LogicalResourceId"] for resource in resources}
    pages = boto3.client("cloudwatch", endpoint_url=emulator_url).get_paginator("describe_alarms").paginate()
    found = [alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmName"] in ids]
    return tuple(
        {
            "logical_id": ids[alarm["AlarmName"]],
            "name": alarm["AlarmName"],
            "metric": f"{alarm['Namespace']} {alarm['MetricName']}",
            "state": alarm["StateValue"],
        }
        for alarm in found
    )


def _dashboard(name: str, emulator_url: str) -> dict[str, Any]:
    body = boto3.client("cloudwatch", endpoint_url=emulator_url).get_dashboard(DashboardName=name)["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    return {"name": name, "widgets": [{"type": widget["type"], "title": _title(widget)} for widget in widgets]}


def _title(widget: Mapping[str, Any]) -> str:
    properties = widget["properties"]
    first_line = str(properties.get("markdown", "")).partition("\n")[0]
    return str(properties.get("title") or first_line.lstrip("# "))
