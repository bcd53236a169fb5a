"""Executions that wait for a review, told by SNS, with the page of the local stack to answer them on."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from infra.durable_agent_pipeline.package.lambda_source import PAGE_FILES, lambda_source
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

HANDLER = "review_page.handler.lambda_handler"
PATIENCE_SECONDS = 60


@dataclass
class Asked:
    """A review that somebody was told of."""

    execution: str
    notice: dict[str, Any]

    @property
    def link(self) -> str:
        return str(self.notice["link"])


@dataclass
class Reviews:
    """Starts executions and reads what people are told."""

    stack: LocalStack
    client: Any
    sqs: Any
    queue: str
    kms: Any
    key: str
    told: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, query: str, **review: Any) -> Asked:
        """A new execution, when it waits."""
        return self.next_round(self.start({"query": query, "review": review or True}), 1)

    def start(self, event: dict[str, Any]) -> str:
        """A new execution."""
        payload = json.dumps(event).encode()
        started = self.client.invoke(
            FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event", Payload=payload
        )
        return str(started["DurableExecutionArn"])

    def next_round(self, execution: str, number: int) -> Asked:
        """The review of that round, once it is told and waits."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
            self.told += [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
            for notice in self.told:
                if (notice["execution_arn"], notice["round"]) == (execution, number) and self._kept(execution, notice):
                    return Asked(execution, notice)
            time.sleep(0.1)
        raise AssertionError(f"nobody was told of round {number}")

    def _kept(self, execution: str, notice: dict[str, Any]) -> bool:
        """Whether the step that told it is checkpointed."""
        pages = self.client.get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=execution)
        kept = f"{notice['review'].rpartition('/')[2]}-notify"
        return any(
            event["EventType"] == "StepSucceeded" and event.get("Name") == kept
            for page in pages
            for event in page["Events"]
        )

    def result(self, execution: str) -> dict[str, Any]:
        """What the execution ended with."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            details = self.client.get_durable_execution(DurableExecutionArn=execution)
            if details["Status"] != "RUNNING":
                assert details["Status"] == "SUCCEEDED", details
                result: dict[str, Any] = json.loads(details["Result"])
                return result
            time.sleep(0.1)
        raise AssertionError("the execution did not end")

    def is_waiting(self, execution: str) -> bool:
        return bool(self.client.get_durable_execution(DurableExecutionArn=execution)["Status"] == "RUNNING")


def page_package(folder: Path) -> Path:
    """The files that the page's package holds, and no others."""
    for inside in PAGE_FILES:
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lambda_source() / inside, folder / inside)
    return folder


@contextmanager
def reviews_on_the_local_stack(folder: Path, script: Path, **settings: Any) -> Iterator[Reviews]:
    """The local stack with a topic, a queue that hears it, a key for links and the page in a package of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    account = f"http://{host}:{port}"

    def client(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=account, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a"
        )  # type: ignore[call-overload]

    sns, sqs, kms = client("sns"), client("sqs"), client("kms")
    topic = sns.create_topic(Name="reviews")["TopicArn"]
    queue = sqs.create_queue(QueueName="reviews")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:reviews")
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    environment = {
        "AWS_ENDPOINT_URL_SNS": account,
        "AWS_ENDPOINT_URL_KMS": account,
        "REVIEW_TOPIC_ARN": topic,
        "REVIEW_LINK_KEY_ARN": key,
        "RETRY_INITIAL_DELAY_SECONDS": "1",
        **settings.pop("environment", {}),
    }
    chosen = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script)],
        environment=environment,
        crash_retry_seconds=0.05,
        page_handler=HANDLER,
        page_root=page_package(folder / "page"),
        **settings,
    )
    try:
        with LocalStack(chosen) as stack:
            yield Reviews(stack, stack.client(), sqs, queue, kms, key)
    finally:
        server.stop()
