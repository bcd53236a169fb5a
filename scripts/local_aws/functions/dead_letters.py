"""The function's dead-letter queue: events of executions that ended badly, and events that could never start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from scripts.local_aws.functions.names import REGION
from scripts.local_aws.processes.callers_profile import session_without_profile
from scripts.local_aws.processes.journal import Journal

MESSAGE_BYTES = 1024
"""Of an error's message, as Lambda cuts it."""


@dataclass
class DeadLetters:
    """Sends there, as Lambda does for what was started asynchronously.

    journal: where a sent or lost letter is written.
    queue_url: of SQS on this machine; its host is the endpoint. None: there is no queue.
    """

    journal: Journal
    queue_url: str | None = None

    async def send(self, event: str, *, code: str, message: str, execution: str | None = None) -> None:
        """Put the original event into the queue; what the queue refuses is lost.

        Args:
            event: as it was sent.
            code: of the error that the attributes name.
            message: its message.
            execution: the execution of the event. Default: it never had one.
        """
        if self.queue_url is None:
            return
        attributes = {"ErrorCode": code, "ErrorMessage": message[:MESSAGE_BYTES], "RequestID": execution or "none"}
        try:
            await asyncio.to_thread(self._put, self.queue_url, event, attributes)
        except (BotoCoreError, ClientError) as error:
            self.journal.write("dead_letter_lost", execution=execution, error=type(error).__name__)
        else:
            self.journal.write("dead_letter_sent", execution=execution)

    def _put(self, queue_url: str, event: str, attributes: dict[str, str]) -> None:
        _client(queue_url).send_message(
            QueueUrl=queue_url,
            MessageBody=event,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def _client(queue_url: str) -> Any:
    import boto3
    from botocore.config import Config

    at = urlsplit(queue_url)
    return boto3.Session(botocore_session=session_without_profile()).client(
        "sqs",
        endpoint_url=f"{at.scheme}://{at.netloc}",
        region_name=REGION,
        aws_access_key_id=at.path.split("/")[1],  # the emulator reads the account off the key's id
        aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
