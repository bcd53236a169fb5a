"""Where the pipeline is: an account and a Region, or the local stack; its clients and its alias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from scripts.local_aws.account.environment import ACCOUNT
from scripts.local_aws.account.environment import REGION as LOCAL_REGION
from scripts.local_aws.processes.callers_profile import session_without_profile
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME
from scripts.operate.calls import refuse_unlisted
from scripts.operate.endings import NotFound, Unusable, code_of

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NOT_THERE = frozenset({"UnknownOperationException", "404"})
ALIAS_PARTS = 8  # of arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS


@dataclass(frozen=True)
class Place:
    """What the shared options choose.

    endpoint_url: the local stack, or another address of Lambda's API. Default: AWS.
    stage: whose stack has the alias.
    region, profile: of the caller. Default: boto3's.
    alias_arn: the alias itself, for a pipeline in a stack of another name. Default: from the stage's stack.
    as_json: whether stdout is one JSON document.
    """

    endpoint_url: str | None = None
    stage: str = "dev"
    region: str | None = None
    profile: str | None = None
    alias_arn: str | None = None
    as_json: bool = False

    @property
    def stack(self) -> str:
        """Name of the stage's stack."""
        return f"DurableAgentPipeline-{self.stage}"

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self.endpoint_url is not None and urlsplit(self.endpoint_url).hostname in LOOPBACK

    @cached_property
    def session(self) -> boto3.Session:
        """The caller's; on this machine one without the caller's credentials, which nothing there checks."""
        if self.is_local:
            return boto3.Session(ACCOUNT, "local", region_name=LOCAL_REGION, botocore_session=session_without_profile())
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    @property
    def region_name(self) -> str | None:
        """The Region of every call."""
        return self.session.region_name

    @cached_property
    def durable(self) -> Any:
        """Lambda's API; its stubs know neither pause nor resume."""
        return self.client("lambda")

    def client(self, service: str) -> Any:
        """A boto3 client with one retry layer, which slows down when AWS throttles."""
        url = self.endpoint_url if self.is_local or service == "lambda" else None
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 1 if self.is_local else 5},
            connect_timeout=5,
            read_timeout=60,
            proxies={} if self.is_local else None,
        )
        session: Any = self.session
        client = session.client(service, endpoint_url=url, config=config)
        client.meta.events.register_first("before-parameter-build", refuse_unlisted)
        return client

    @cached_property
    def alias(self) -> Alias:
        """What executions are started through.

        Raises:
            NotFound: the stage's stack is not in this account and Region, or has no such output.
        """
        if self.alias_arn is not None:
            return Alias.of(self.alias_arn)
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            return self._without_stack(error)
        except ResponseParserError:
            return self._without_stack(None)
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
        if "AliasArn" not in outputs:
            raise NotFound(f"the stack {self.stack} has no output AliasArn: is it still being deployed?")
        return Alias.of(outputs["AliasArn"])

    def _without_stack(self, error: ClientError | None) -> Alias:
        """The local stack of run_local has no CloudFormation, and one function."""
        if self.is_local and (error is None or code_of(error) in NOT_THERE):
            return Alias(FUNCTION_NAME, ALIAS)
        if error is not None and code_of(error) == "ValidationError":
            where = self.endpoint_url if self.is_local else self.region_name
            raise NotFound(f"there is no stack {self.stack} in {where}: another --region, --profile or --stage?")
        raise error or NotFound(f"{self.endpoint_url} has no CloudFormation")

    def owns(self, execution_arn: str) -> None:
        """Refuse an execution of another Region, which this one would not find.

        Raises:
            Unusable: it is one.
        """
        parts = execution_arn.split(":")
        if parts[0] == "arn" and len(parts) > 3 and parts[3] != self.region_name and not self.is_local:  # noqa: PLR2004
            raise Unusable(f"the execution is in {parts[3]}, asked was {self.region_name}: --region {parts[3]}")


@dataclass(frozen=True)
class Alias:
    """A function and the alias of it that callers use."""

    function: str
    name: str
    arn: str | None = None

    @classmethod
    def of(cls, arn: str) -> Alias:
        """Read its ARN.

        Raises:
            Unusable: it is none.
        """
        parts = arn.split(":")
        if parts[:1] != ["arn"] or len(parts) != ALIAS_PARTS:
            raise Unusable(f"--alias must be the ARN of an alias (the output AliasArn), got {arn!r}")
        return cls(parts[6], parts[7], arn)
