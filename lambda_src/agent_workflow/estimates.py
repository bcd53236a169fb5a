"""What the execution itself costs beside the models: counted where the records allow, estimated where they do not.

Every figure is named an estimate in the result. Prices are those of us-east-1 on arm64, read in November 2026
(https://aws.amazon.com/lambda/pricing/). Left out: the free tier, cold starts, the time of failed attempts, texts that
tools returned or whose tokens are unknown, operations that a tool starts by itself, and the storage of checkpoints over
the retention period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from durable_strands.records import CallRecord

USD_PER_OPERATION = Decimal("0.000008")
USD_PER_GB_WRITTEN = Decimal("0.25")
USD_PER_GB_SECOND = Decimal("0.0000133334")
GB = Decimal(10**9)
MB_PER_GB = 1024
"""Lambda's memory is configured in MiB and billed in GiB."""

# Measured on the local engine's history, without the texts: what surrounds a reply in a checkpoint.
BYTES_PER_TOKEN = 4
BYTES_PER_CALL = 470
BYTES_PER_AGENT = 290
BYTES_PER_LISTED_CALL = 280


@dataclass(frozen=True)
class Estimates:
    """Durable operations, checkpoint bytes and Lambda time of one execution.

    Attributes:
        durable_operations: as metered: the execution, each agent, each try of each call, each time that one was put
            off, each fork of parallel tools, each wait.
        bytes_written: checkpointed by the operations; all of it is retained until the retention period ends.
        lambda_gb_seconds: time in calls times memory; waiting between retries is suspended and not billed.
    """

    durable_operations: int
    bytes_written: int
    lambda_gb_seconds: Decimal

    @property
    def durable_usd(self) -> Decimal:
        """USD of the durable operations and of writing their bytes."""
        return self.durable_operations * USD_PER_OPERATION + self.bytes_written / GB * USD_PER_GB_WRITTEN

    @property
    def lambda_usd(self) -> Decimal:
        """USD of the Lambda time."""
        return self.lambda_gb_seconds * USD_PER_GB_SECOND


def estimate(calls: Sequence[CallRecord], *, waits: int, memory_mb: int) -> Estimates:
    """Reckon the estimates from the calls of an execution.

    Args:
        calls: every finished call, in order.
        waits: durable operations of the flow itself, such as waits; its agents are known by their calls.
        memory_mb: memory of the function.
    """
    agents = {call.agent for call in calls}
    inside = sum(call.attempts + call.deferrals for call in calls) + _forks(calls)
    seconds = Decimal(sum(call.latency_ms for call in calls)) / 1000
    return Estimates(
        durable_operations=1 + len(agents) + inside + waits,
        bytes_written=_agents_bytes(calls) + _calls_bytes(calls),
        lambda_gb_seconds=seconds * memory_mb / MB_PER_GB,
    )


def _forks(calls: Sequence[CallRecord]) -> int:
    """Turns with several tool calls: these share one more operation."""
    runs = groupby(calls, key=lambda call: (call.agent, call.kind))
    return sum(kind == "tool" and len(list(group)) > 1 for (_, kind), group in runs)


def _calls_bytes(calls: Sequence[CallRecord]) -> int:
    return sum(BYTES_PER_CALL + _output_tokens(call) * BYTES_PER_TOKEN for call in calls)


def _agents_bytes(calls: Sequence[CallRecord]) -> int:
    """Each agent's result: its last reply once more, and the list of its calls."""
    last = {call.agent: _output_tokens(call) for call in calls if call.kind == "model"}
    return len(last) * BYTES_PER_AGENT + sum(last.values()) * BYTES_PER_TOKEN + len(calls) * BYTES_PER_LISTED_CALL


def _output_tokens(call: CallRecord) -> int:
    return 0 if call.usage is None else call.usage.output_tokens
