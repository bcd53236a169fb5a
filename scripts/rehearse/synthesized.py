"""The pipeline that is rehearsed, synthesized: its alarms, its dashboard, its function's variables."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.local_aws.account.environment import ACCOUNT, REGION
from scripts.local_aws.cloudwatch.alarm import Alarm
from scripts.local_aws.processes.child import REPOSITORY

AGENTS = Path(__file__).parent / "agents"
STACK = "DurableAgentPipeline-dev"
SLOW_SECONDS = 40
SPEND_PER_HOUR_USD = 1
OPERATIONS, STORAGE_BYTES = 30, 1_000_000
"""Thresholds that a rehearsal can reach in seconds; everything else of every alarm is as stage dev has it."""

PARALLEL = 12
"""Topics at the same time: so many calls are refused at once."""

ALARM = "AWS::CloudWatch::Alarm"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STACK,
}


@dataclass(frozen=True)
class Synthesized:
    """The template, and which of its resources are what.

    resources: logical id -> resource, as synthesized.
    alarm_ids: name in the construct -> logical id.
    function, queue, undelivered, topic, dashboard: logical ids.
    """

    resources: Mapping[str, Any]
    alarm_ids: Mapping[str, str]
    function: str
    queue: str
    undelivered: str
    topic: str
    dashboard: str

    def alarms(self) -> tuple[Alarm, ...]:
        """Every alarm, its metrics' dimensions resolved."""
        return tuple(Alarm.of(name, self.properties(key)) for name, key in self.alarm_ids.items())

    def widgets(self) -> list[dict[str, Any]]:
        """The dashboard's."""
        body: dict[str, Any] = json.loads(self.properties(self.dashboard)["DashboardBody"])
        return list(body["widgets"])

    def variables(self) -> dict[str, str]:
        """The function's environment, as far as the template alone says it."""
        given = self.resources[self.function]["Properties"]["Environment"]["Variables"]
        return {name: value for name, value in given.items() if isinstance(value, str)}

    def properties(self, logical_id: str, kept: Collection[str] = ()) -> dict[str, Any]:
        """A resource's, references resolved, but for those to `kept`. A name is the logical id."""
        return dict(self.resolved(self.resources[logical_id].get("Properties", {}), kept))

    def resolved(self, value: Any, kept: Collection[str] = ()) -> Any:
        """The value with what CloudFormation would put in."""
        if isinstance(value, list):
            return [self.resolved(item, kept) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": name}:
                return value if name in kept else PSEUDO.get(name, name)
            case {"Fn::GetAtt": [name, attribute]}:
                return value if name in kept else self._attribute(name, attribute)
            case {"Fn::Join": [between, parts]}:
                done = [self.resolved(part, kept) for part in parts]
                whole = all(isinstance(part, str) for part in done)
                return between.join(done) if whole else {"Fn::Join": [between, done]}
        return {key: self.resolved(item, kept) for key, item in value.items()}

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute != "Arn":
            return name
        service, kind = {
            "AWS::Lambda::Function": ("lambda", "function:"),
            "AWS::SQS::Queue": ("sqs", ""),
            "AWS::Logs::LogGroup": ("logs", "log-group:"),
        }.get(self.resources[name]["Type"], ("iam", ""))
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{name}"


def synthesized() -> Synthesized:
    """Stage dev with the rehearsal's agents and thresholds, its package not built."""
    os.environ["CDK_VALIDATION"] = "false"  # the gate validates; jsii reads it when aws_cdk is imported
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    from aws_cdk import App, CfnResource, Duration, Stack

    from infra.durable_agent_pipeline import AlarmChoice, DurableAgentPipeline
    from infra.durable_agent_pipeline.choices.keywords import PipelineKeywords
    from infra.stacks.stages import DEV

    flags = json.loads((REPOSITORY / "cdk.json").read_text(encoding="utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = App(context={**flags, "aws:cdk:bundling-stacks": []}, outdir=folder)
        stack = Stack(app, STACK)
        choices: PipelineKeywords = {
            **DEV.choices,
            "agents": str(AGENTS),
            "max_parallel_branches": PARALLEL,
            "slow_execution": Duration.seconds(SLOW_SECONDS),
            "spend_per_hour_usd": SPEND_PER_HOUR_USD,
            "alarm_choices": {
                "Operations": AlarmChoice(threshold=OPERATIONS),
                "Storage": AlarmChoice(threshold=STORAGE_BYTES),
            },
        }
        pipeline = DurableAgentPipeline(stack, "Pipeline", **choices)
        api = pipeline.add_api()

        def logical_id(construct: Any) -> str:
            child: CfnResource = construct.node.default_child
            return str(stack.get_logical_id(child))

        alarms = {**pipeline.alarms, "ApiErrors": api.alarm}
        named = {name: logical_id(alarm) for name, alarm in alarms.items()}
        ids = {part: logical_id(getattr(pipeline, part)) for part in ("function", "alarm_topic", "dashboard")}
        queue = logical_id(pipeline.dead_letter_queue)
        app.synth()
        template = json.loads((Path(folder) / f"{STACK}.template.json").read_text(encoding="utf-8"))
    resources = template["Resources"]
    queues = [key for key, resource in resources.items() if resource["Type"] == "AWS::SQS::Queue" and key != queue]
    return Synthesized(resources, named, ids["function"], queue, queues[0], ids["alarm_topic"], ids["dashboard"])
