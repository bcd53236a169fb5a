"""One execution of the deployed function, watched at the durable engine, which invokes the deployed alias."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from scripts.console.agents_progress import Progress
from scripts.console.outcome import Outcome
from scripts.deploy_local.history import History
from scripts.deploy_local.services import Services
from scripts.local_aws.processes.journal import Follower

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LOOK_SECONDS = 0.25
RUNNING = "RUNNING"


@dataclass(frozen=True)
class Execution:
    """A started execution."""

    arn: str
    services: Services

    def follow(self, progress: Progress, show: Callable[[Progress], None]) -> Outcome:
        """Wait for the end, telling the progress what happens meanwhile.

        Raises:
            ChildDied: one of the services ended.
        """
        client, history, calls = self._client(), History(), Follower(self.services.calls)
        while True:
            details = client.get_durable_execution(DurableExecutionArn=self.arn)
            for line in calls.new_lines():  # first: a call has finished before its step is checkpointed
                progress.see_call(line)
            for event in self._events(client):
                told = history.tell(event)
                if told:
                    progress.see_event(told)
            show(progress)
            if details["Status"] != RUNNING:
                return Outcome.of(details)
            self.services.check()
            time.sleep(LOOK_SECONDS)

    def _client(self) -> LambdaClient:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
        return boto3.client("lambda", endpoint_url=self.services.url, config=config)

    def _events(self, client: LambdaClient) -> Iterator[Any]:
        pages = client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=self.arn, IncludeExecutionData=False
        )
        for page in pages:
            yield from page["Events"]
