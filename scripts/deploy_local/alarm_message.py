"""One alarm rung for real: its metric crosses the threshold, and its message is read from a queue of a subscriber."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import boto3

from scripts.deploy_local.readback import Deployed
from scripts.local_aws.account.failure import DeploymentFailed

NAMESPACE, METRIC = "AWS/Lambda", "DurableExecutionFailed"
QUEUE = "who-is-woken"
SECONDS = 20
LOOK_SECONDS = 0.25


def ring(deployed: Deployed, emulator_url: str) -> dict[str, Any]:
    """Count a failed execution as Lambda would; returns the alarm, its state, and the message that arrived, if one did.

    Raises:
        DeploymentFailed: there is no such alarm, or it does not ring.
    """
    alarm = next((one for one in deployed.alarms if one["metric"] == f"{NAMESPACE} {METRIC}"), None)
    if alarm is None:
        raise DeploymentFailed(f"no deployed alarm watches {NAMESPACE} {METRIC}")
    queue_url = _subscribe(deployed.outputs["AlarmTopicArn"], emulator_url)
    _count_a_failure(deployed.function_name, emulator_url)
    state = _wait_for_alarm(alarm["name"], emulator_url)
    return {
        "alarm": alarm["logical_id"],
        "state": state,
        "message": _message(queue_url, alarm["name"], emulator_url),
    }


def _subscribe(topic_arn: str, emulator_url: str) -> str:
    sqs = boto3.client("sqs", endpoint_url=emulator_url)
    url = str(sqs.create_queue(QueueName=QUEUE)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns", endpoint_url=emulator_url).subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return url


def _count_a_failure(function: str, emulator_url: str) -> None:
    datum: Any = {
        "MetricName": METRIC,
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Value": 1,
        "Unit": "Count",
    }
    boto3.client("cloudwatch", endpoint_url=emulator_url).put_metric_data(Namespace=NAMESPACE, MetricData=[datum])


def _wait_for_alarm(name: str, emulator_url: str) -> str:
    client = boto3.client("cloudwatch", endpoint_url=emulator_url)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        state = str(client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])
        if state == "ALARM":
            return state
        time.sleep(LOOK_SECONDS)
    raise DeploymentFailed(f"the alarm {name} did not ring within {SECONDS} seconds of a failed execution")


def _message(queue_url: str, alarm: str, emulator_url: str) -> Mapping[str, Any] | None:
    """What the subscriber reads about this alarm; None if nothing comes."""
    client = boto3.client("sqs", endpoint_url=emulator_url)
    deadline = time.monotonic() + SECONDS / 2
    while time.monotonic() < deadline:
        for message in client.receive_message(QueueUrl=queue_url, WaitTimeSeconds=1).get("Messages", []):
            told = json.loads(json.loads(message["Body"])["Message"])
            if told.get("AlarmName") == alarm and told.get("NewStateValue") == "ALARM":
                return {key: told[key] for key in ("AlarmName", "AlarmDescription", "NewStateValue", "NewStateReason")}
    return None
