"""MiniStack with what this deployment needs and it lacks. Runs in MiniStack's own venv.

    python -m scripts.local_aws.account.patched_ministack TYPES_FILE

Kept: properties of functions, methods and request validators that its CloudFormation drops. Added: API Gateway's
service integrations with Lambda, that alarms and rules ask the topic's policy, a rule's
dead letters, and that Lambda's own events may be put: its executions run outside.
Also writes the resource types that it can create to TYPES_FILE, a JSON list.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from scripts.local_aws.account.durable_lambda import DurableLambda
from scripts.local_aws.account.patched_api import checking, integrating, undecoded, validating
from scripts.local_aws.account.rule_targets import burying
from scripts.local_aws.account.topic_policy import EVENTBRIDGE, obeying, policy_of_topic

# Kept as the template says them. MiniStack's own switch, DurableConfig.Enabled, stays unset: AWS's local runner is the
# durable engine here, and two engines for one execution would both invoke the function.
KEPT = ("DurableConfig", "DeadLetterConfig")
FUNCTION = "AWS::Lambda::Function"
VALIDATOR = "AWS::ApiGateway::RequestValidator"
METHOD = "AWS::ApiGateway::Method"

Create = Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]


def keeping(create: Create, functions: Any) -> Create:
    """The same creation, after which the function's configuration also has the kept properties.

    Args:
        create: MiniStack's (logical id, properties, stack name) -> (physical id, attributes).
        functions: MiniStack's function name -> record with "config".
    """

    def create_and_keep(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack)
        functions[name]["config"].update({key: properties[key] for key in KEPT if key in properties})
        return name, attributes

    return create_and_keep


def main() -> None:
    """Serve until SIGTERM."""
    from ministack import app  # type: ignore[import-not-found]
    from ministack.app import main as serve  # type: ignore[import-not-found]
    from ministack.core import iam_evaluator  # type: ignore[import-not-found]
    from ministack.services import (  # type: ignore[import-not-found]
        apigateway_v1,
        cloudwatch,
        eventbridge,
        lambda_svc,
        sns,
    )
    from ministack.services.cloudformation import provisioners  # type: ignore[import-not-found]

    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001
    handlers[FUNCTION]["create"] = keeping(handlers[FUNCTION]["create"], lambda_svc._functions)  # noqa: SLF001
    handlers[METHOD]["create"] = validating(handlers[METHOD]["create"], apigateway_v1._resources)  # noqa: SLF001
    handlers[VALIDATOR]["create"] = checking(handlers[VALIDATOR]["create"], apigateway_v1._request_validators)  # noqa: SLF001
    durable = DurableLambda(os.environ["AWS_ENDPOINT_URL_LAMBDA"], lambda name: _durable_config(lambda_svc, name))
    apigateway_v1._invoke_lambda_custom_v1 = integrating(apigateway_v1._invoke_lambda_custom_v1, durable)  # noqa: SLF001
    app._handle_execute_api_request = undecoded(app._handle_execute_api_request)  # noqa: SLF001
    allows = policy_of_topic(sns, iam_evaluator)
    cloudwatch._dispatch_alarm_actions = obeying(cloudwatch._dispatch_alarm_actions, allows)  # noqa: SLF001
    allows_rule = policy_of_topic(sns, iam_evaluator, EVENTBRIDGE)
    eventbridge._put_events = partial(eventbridge._put_events, allow_aws_source=True)  # noqa: SLF001
    eventbridge._invoke_target = burying(eventbridge._invoke_target, allows_rule, _put_later)  # noqa: SLF001
    Path(sys.argv[1]).write_text(json.dumps(sorted(handlers)), encoding="utf-8")
    sys.argv = ["ministack"]  # it parses the command line too
    serve()


def _durable_config(lambda_svc: Any, function: str) -> Mapping[str, Any] | None:
    record = lambda_svc._functions.get(function)  # noqa: SLF001
    return record["config"].get("DurableConfig") if record else None


def _put_later(queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Send a message from a thread: the server that takes it is this very process, which is busy now."""
    threading.Thread(target=_put, args=(queue_arn, body, attributes), daemon=True).start()


def _put(queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    from botocore.session import get_session

    region, account, name = queue_arn.split(":")[3:6]
    client: Any = get_session().create_client(
        "sqs",
        region_name=region,
        endpoint_url=f"http://{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}",
        aws_access_key_id=account,
        aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
    )
    told = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=told)


if __name__ == "__main__":
    main()
