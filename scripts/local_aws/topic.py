"""A topic on loopback, and what was published to it: the far end of every notice."""

from __future__ import annotations

import json
import logging
from types import TracebackType
from typing import Any, Self

from scripts.local_aws.functions.names import REGION
from scripts.local_aws.processes.callers_profile import session_without_profile
from scripts.local_aws.processes.loopback import HOST


class Topic:
    """Context manager: an SNS topic, served by moto in this process, whose one subscriber is a queue.

    arn, url: what a publisher must know.
    """

    def __enter__(self) -> Self:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every request
        self._server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
        self._server.start()
        self.url = "http://{}:{}".format(*self._server.get_host_and_port())
        topics, self._queues = self._client("sns"), self._client("sqs")
        self._queue = self._queues.create_queue(QueueName=f"told-{self.url.rpartition(':')[2]}")["QueueUrl"]
        self.arn = str(topics.create_topic(Name=self._queue.rpartition("/")[2])["TopicArn"])
        topics.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=self.arn.replace(":sns:", ":sqs:"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What a function's environment must hold to reach it, and to tell of reviews here."""
        return {"AWS_ENDPOINT_URL_SNS": self.url, "REVIEW_TOPIC_ARN": self.arn}

    def new_messages(self) -> list[dict[str, Any]]:
        """The JSON messages since the last look."""
        taken = self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in taken:
            self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in taken]

    def _client(self, service: str) -> Any:
        import boto3

        return boto3.Session(botocore_session=session_without_profile()).client(
            service,  # type: ignore[call-overload]  # of the two services above
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
        )
