"""The account around the function: its topic, queues, alarms, rule and API in MiniStack, one address for all."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.local_aws.account.emulator_venv import emulator_python
from scripts.local_aws.account.environment import ACCOUNT, REGION, emulator_environment
from scripts.local_aws.account.front import Emulator
from scripts.local_aws.functions.names import ACCOUNT as FUNCTION_ACCOUNT
from scripts.local_aws.functions.replies import REFUSALS, refused
from scripts.local_aws.processes.callers_profile import session_without_profile
from scripts.local_aws.processes.children import Children
from scripts.local_aws.processes.loopback import serving_app
from scripts.local_aws.stack import ALIAS
from scripts.rehearse.synthesized import ALARM, STACK, Synthesized

MADE = (
    *("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", ALARM),
    *("AWS::Events::Rule", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Resource", "AWS::ApiGateway::Method"),
    *("AWS::ApiGateway::RequestValidator", "AWS::ApiGateway::Model", "AWS::ApiGateway::Deployment"),
    "AWS::ApiGateway::Stage",
)
"""What of the template is deployed; the function runs on the local stack, under its logical id."""

SUBSCRIBER = "who-is-woken"
DELIVERY_SECONDS = 20.0
SERVICE = re.compile(r"Credential=[^/]+/[0-9]+/[^/]+/(?P<service>[^/]+)/aws4_request")
AVAILABLE = {
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


@dataclass
class Front:
    """The one address: Lambda's calls go to the local stack, the others to MiniStack; Bedrock's catalog is played.

    down: whether Lambda answers nothing but 503.
    concurrency: invocations that the account may run at once.
    legacy: models that will be retired.
    """

    lambda_url: str = ""
    emulator_url: str = ""
    down: bool = False
    concurrency: int = 1000
    legacy: set[str] = field(default_factory=set)

    def application(self) -> Starlette:
        """As an ASGI application."""
        verbs = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]
        return Starlette(routes=[Route("/{rest:path}", self._answer, methods=verbs)], exception_handlers=REFUSALS)

    async def _answer(self, request: Request) -> Response:
        found = SERVICE.search(request.headers.get("authorization", ""))
        # API Gateway of the emulated account calls Lambda without a signature
        service = found["service"] if found else "lambda"
        if service == "bedrock":
            return self._bedrock(request.url.path)
        if service != "lambda":
            return await Emulator(self.emulator_url).forward(request)
        if self.down:
            return refused(503, "ServiceException", "Lambda does not answer")
        if request.url.path.endswith("/account-settings"):
            limit = {"ConcurrentExecutions": self.concurrency, "UnreservedConcurrentExecutions": self.concurrency}
            return JSONResponse({"AccountLimit": limit})
        return await Emulator(self.lambda_url).forward(request)

    def _bedrock(self, path: str) -> Response:
        what, _, model = path.strip("/").partition("/")
        if what == "foundation-model-availability":
            return JSONResponse({"modelId": model, **AVAILABLE})
        if what == "use-case-for-model-access":
            return JSONResponse({"formData": "e30="})
        arn = f"arn:aws:bedrock:{REGION}::foundation-model/{model}"
        status = "LEGACY" if any(known.endswith(model) for known in self.legacy) else "ACTIVE"
        return JSONResponse({"modelDetails": {"modelArn": arn, "modelId": model, "modelLifecycle": {"status": status}}})


class Account:
    """Context manager: the account runs inside, its stack deployed.

    url: its one address.
    front: what it answers, changeable.
    """

    def __init__(self, folder: Path, made: Synthesized) -> None:
        self._folder = folder
        self._made = made
        self._children = Children(folder)
        self._outputs: dict[str, str] = {}
        self._policy = ""
        self._clients: dict[str, Any] = {}
        self.front = Front()

    def __enter__(self) -> Self:
        self._serving = serving_app(self.front.application())
        self.url = self._serving.__enter__()
        try:
            self.front.emulator_url = self._start()
            self._deploy()
            self._subscribe()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.stop()
        self._serving.__exit__(kind, value, trace)

    def client(self, service: str) -> Any:
        """A boto3 client of the account."""
        if service not in self._clients:
            loader: Any = session_without_profile()
            session: Any = boto3.Session(ACCOUNT, "local", region_name=REGION, botocore_session=loader)
            self._clients[service] = session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def output(self, name: str) -> str:
        """Of the stack."""
        return self._outputs[name]

    def delivered(self, alarm: str, reason: str) -> Mapping[str, Any] | None:
        """Let an alarm go off; what the subscriber then reads, None if nothing comes."""
        name = self._outputs[f"Name{alarm}"]
        client = self.client("cloudwatch")
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)
        deadline = time.monotonic() + DELIVERY_SECONDS
        while time.monotonic() < deadline:
            for message in self._read():
                if message.get("AlarmName") == name and message.get("NewStateValue") == "ALARM":
                    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="rehearsed")
                    return message
        return None

    def let_publish(self, service: str, *, allowed: bool) -> None:
        """Take a service's right to publish out of the topic's policy, or put the policy back."""
        arn, sns = self._outputs["AlarmTopicArn"], self.client("sns")
        if not self._policy:
            self._policy = str(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
        policy = json.loads(self._policy)
        kept = [each for each in policy["Statement"] if allowed or service not in str(each["Principal"])]
        changed = json.dumps({**policy, "Statement": kept})
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=changed)

    def messages(self, queue: str) -> int:
        """How many lie in a queue of the stack, named by its output."""
        asked = {"QueueUrl": self._outputs[queue], "AttributeNames": ["ApproximateNumberOfMessages"]}
        return int(self.client("sqs").get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"])

    def _read(self) -> Iterator[Mapping[str, Any]]:
        sqs = self.client("sqs")
        for message in sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            text = json.loads(message["Body"])["Message"]
            if text.startswith("{"):
                yield json.loads(text)

    def _start(self) -> str:
        types = self._folder / "resource-types.json"
        temporary = self._folder / "tmp"
        temporary.mkdir()
        environment = emulator_environment(
            os.environ, folder=temporary, engine_url=self.url, bedrock_url="http://127.0.0.1:9"
        )
        arguments = ["--python", str(emulator_python(print)), "--types", str(types)]
        return self._children.start("emulator", "scripts.local_aws.account.emulator", arguments, environment).url()

    def _deploy(self) -> None:
        kept = [key for key, resource in self._made.resources.items() if resource["Type"] in MADE]
        resources = {key: {"Type": self._type(key), "Properties": self._properties(key, kept)} for key in kept}
        function = f"arn:aws:lambda:{REGION}:{FUNCTION_ACCOUNT}:function:{self._made.function}:{ALIAS}"
        outputs: dict[str, Any] = {
            "AliasArn": function,
            "AlarmTopicArn": {"Ref": self._made.topic},
            "DeadLetterQueueUrl": {"Ref": self._made.queue},
            "UndeliveredQueueUrl": {"Ref": self._made.undelivered},
            **{f"Name{name}": {"Ref": key} for name, key in self._made.alarm_ids.items()},
            "Api": {"Ref": next(key for key in kept if self._type(key) == "AWS::ApiGateway::RestApi")},
        }
        template = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
        client = self.client("cloudformation")
        client.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
        client.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        described = client.describe_stacks(StackName=STACK)["Stacks"][0]
        self._outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def _type(self, key: str) -> str:
        return str(self._made.resources[key]["Type"])

    def _properties(self, key: str, kept: Sequence[str]) -> dict[str, Any]:
        given = self._made.properties(key, kept)
        if self._type(key) == ALARM:
            # it knows no metric math; it is told when the alarm goes off
            given = {name: value for name, value in given.items() if name not in ("Metrics", "Dimensions")}
            given |= {"Namespace": "Rehearsal", "MetricName": key, "Statistic": "Sum", "Period": 60}
        return given

    def _subscribe(self) -> None:
        sqs = self.client("sqs")
        self._queue = str(sqs.create_queue(QueueName=SUBSCRIBER)["QueueUrl"])
        attributes = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        topic = {"TopicArn": self._outputs["AlarmTopicArn"], "Protocol": "sqs", "Endpoint": attributes["QueueArn"]}
        self.client("sns").subscribe(**topic)
