"""Choices of how the function runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from aws_cdk import Duration, Size
from aws_cdk import aws_lambda as lambda_

from .rules import lasting, no_longer_than, one_of, whole

RUNTIMES = ("python3.13", "python3.14")
"""The Python runtimes on which Lambda offers durable functions."""

SECOND = Duration.seconds(1)
MAX_EXECUTION = Duration.days(366)
MAX_INVOCATION = Duration.minutes(15)
MAX_DESCRIPTION = 256

# Told apart from a caller's own by identity: a default gives way where a shorter choice leaves it no sense.
_TIMEOUT = MAX_INVOCATION
_MODEL_READ_TIMEOUT = Duration.minutes(2)
_MODEL_USUAL_TIME = Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class ExecutionChoices:
    """How long the function runs, on what, how many at once."""

    execution_timeout: Duration = field(default_factory=lambda: Duration.hours(24))
    """Longest life of one execution, waits and back-offs included; 1 second to 366 days.
    Default: 24 hours: time for a reviewer's day, an end to what is stuck."""

    retention_period: Duration = field(default_factory=lambda: Duration.days(14))
    """How long history and checkpoints of a finished execution are kept; 1 to 90 whole days. Default: 14 days."""

    timeout: Duration = _TIMEOUT
    """Longest single invocation; an execution is many of them. 1 second to 15 minutes, at most execution_timeout.
    Default: 15 minutes, or execution_timeout where that is shorter."""

    memory_size: int = 512
    """Memory of the function in MiB, which also buys its share of CPU; 128 to 10,240. Default: 512."""

    architecture: lambda_.Architecture = lambda_.Architecture.ARM_64
    """Processor, ARM_64 or X86_64. Default: ARM_64, cheaper per millisecond."""

    runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_13
    """PYTHON_3_13 or PYTHON_3_14, the runtimes with durable execution. Default: PYTHON_3_13."""

    streaming: bool = True
    """ConverseStream (True) or Converse (False). Default: True, so a stalled reply is noticed between two chunks."""

    model_read_timeout: Duration = _MODEL_READ_TIMEOUT
    """Longest silence of Bedrock before a call is given up and retried; 1 second to 15 minutes, at most
    timeout.
    Default: 2 minutes, or timeout where that is shorter."""

    model_usual_time: Duration = _MODEL_USUAL_TIME
    """What a model call is taken to need before the first one has told; 1 second to 15 minutes. A call begins only
    where it fits into what is left of the invocation, else in the next one. Default: 1 minute."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables for the function, for tools of your own; none that the construct sets. Default: none."""

    layers: Sequence[lambda_.ILayerVersion] = ()
    """Layers of the function, at most 5 with that of OpenTelemetry. Default: none."""

    description: str = "Durable agent pipeline: invoke the alias, never the function"
    """What the console shows beside the function; at most 256 characters.
    Default: that the alias is to be invoked, never the function."""

    ephemeral_storage_size: Size | None = None
    """Space in /tmp, for tools of yours; 512 to 10,240 MiB. Default: Lambda's 512 MiB."""

    reserved_concurrent_executions: int | None = None
    """Most invocations at once, set aside for this function; 1 to 100,000. A suspended execution takes none. Above it a
    synchronous Invoke is refused, an asynchronous event waits up to max_event_age and then goes to the dead letters.
    Default: the account's shared concurrency."""

    provisioned_concurrent_executions: int | None = None
    """Instances of the alias kept warm; 1 to 100,000. Default: none, starts are cold when nothing is warm."""

    max_event_age: Duration = field(default_factory=lambda: Duration.hours(6))
    """How long Lambda keeps an asynchronous event that it cannot start; 1 minute to 6 hours. Default: 6 hours."""

    retry_attempts: int = 2
    """`MaximumRetryAttempts` of the alias; 0 to 2. It does not run a durable execution again: its steps and Lambda's
    backend have their own retries. Default: 2."""

    def check_execution(self) -> None:
        """Refuse what breaks a rule."""
        lasting("execution_timeout", self.execution_timeout, SECOND, MAX_EXECUTION)
        self._shorten("timeout", _TIMEOUT, self.execution_timeout)
        self._shorten("model_read_timeout", _MODEL_READ_TIMEOUT, self.timeout)
        lasting("retention_period", self.retention_period, Duration.days(1), Duration.days(90), whole_units="days")
        lasting("timeout", self.timeout, SECOND, MAX_INVOCATION)
        whole("memory_size", self.memory_size, 128, 10240, "MiB")
        one_of("architecture", self.architecture.name, ("arm64", "x86_64"))
        one_of("runtime", self.runtime.name, RUNTIMES)
        lasting("model_read_timeout", self.model_read_timeout, SECOND, MAX_INVOCATION)
        lasting("model_usual_time", self.model_usual_time, SECOND, MAX_INVOCATION)
        no_longer_than("timeout", self.timeout, "execution_timeout", self.execution_timeout)
        no_longer_than("model_read_timeout", self.model_read_timeout, "timeout", self.timeout)
        lasting("max_event_age", self.max_event_age, Duration.minutes(1), Duration.hours(6))
        whole("retry_attempts", self.retry_attempts, 0, 2)
        if len(self.description) > MAX_DESCRIPTION:
            raise ValueError(f"description must be at most {MAX_DESCRIPTION} characters, got {len(self.description)}")
        if self.ephemeral_storage_size is not None:
            whole("ephemeral_storage_size", self.ephemeral_storage_size.to_mebibytes(), 512, 10_240, "MiB")
        for name in ("reserved_concurrent_executions", "provisioned_concurrent_executions"):
            value = getattr(self, name)
            if value is not None:
                whole(name, value, 1, 100_000)

    def _shorten(self, name: str, default: Duration, limit: Duration) -> None:
        shorter = not limit.is_unresolved() and limit.to_seconds(integral=False) < default.to_seconds()
        if getattr(self, name) is default and shorter:
            object.__setattr__(self, name, limit)  # frozen for everybody else


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class ExecutionKeywords(TypedDict, total=False):
    """How long the function runs, on what, how many at once."""

    execution_timeout: Duration
    """Longest life of one execution, waits and back-offs included; 1 second to 366 days. Default: 24 hours: time for a
    reviewer's day, an end to what is stuck."""

    retention_period: Duration
    """How long history and checkpoints of a finished execution are kept; 1 to 90 whole days. Default: 14 days."""

    timeout: Duration
    """Longest single invocation; an execution is many of them. 1 second to 15 minutes, at most execution_timeout.
    Default: 15 minutes, or execution_timeout where that is shorter."""

    memory_size: int
    """Memory of the function in MiB, which also buys its share of CPU; 128 to 10,240. Default: 512."""

    architecture: lambda_.Architecture
    """Processor, ARM_64 or X86_64. Default: ARM_64, cheaper per millisecond."""

    runtime: lambda_.Runtime
    """PYTHON_3_13 or PYTHON_3_14, the runtimes with durable execution. Default: PYTHON_3_13."""

    streaming: bool
    """ConverseStream (True) or Converse (False). Default: True, so a stalled reply is noticed between two chunks."""

    model_read_timeout: Duration
    """Longest silence of Bedrock before a call is given up and retried; 1 second to 15 minutes, at most timeout.
    Default: 2 minutes, or timeout where that is shorter."""

    model_usual_time: Duration
    """What a model call is taken to need before the first one has told; 1 second to 15 minutes. A call begins only
    where it fits into what is left of the invocation, else in the next one. Default: 1 minute."""

    environment: Mapping[str, str]
    """More variables for the function, for tools of your own; none that the construct sets. Default: none."""

    layers: Sequence[lambda_.ILayerVersion]
    """Layers of the function, at most 5 with that of OpenTelemetry. Default: none."""

    description: str
    """What the console shows beside the function; at most 256 characters. Default: that the alias is to be invoked,
    never the function."""

    ephemeral_storage_size: Size | None
    """Space in /tmp, for tools of yours; 512 to 10,240 MiB. Default: Lambda's 512 MiB."""

    reserved_concurrent_executions: int | None
    """Most invocations at once, set aside for this function; 1 to 100,000. A suspended execution takes none. Above it a
    synchronous Invoke is refused, an asynchronous event waits up to max_event_age and then goes to the dead letters.
    Default: the account's shared concurrency."""

    provisioned_concurrent_executions: int | None
    """Instances of the alias kept warm; 1 to 100,000. Default: none, starts are cold when nothing is warm."""

    max_event_age: Duration
    """How long Lambda keeps an asynchronous event that it cannot start; 1 minute to 6 hours. Default: 6 hours."""

    retry_attempts: int
    """`MaximumRetryAttempts` of the alias; 0 to 2. It does not run a durable execution again: its steps and Lambda's
    backend have their own retries. Default: 2."""
