"""What the execution itself costs beside the models: counted where the records allow, estimated where they do not.

Every figure is named an estimate in the result. Prices are those of us-east-1 on arm64, read in November 2026
(https://aws.amazon.com/lambda/pricing/). Left out: the free tier, cold starts, the time of failed attempts, and the
storage of checkpoints over the retention period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from durable_strands.records import CallRecord

USD_PER_OPERATION = Decimal("0.000008")
USD_PER_GB_WRITTEN = Decimal("0.25")
USD_PER_GB_SECOND = Decimal("0.0000133334")
BYTES_PER_TOKEN = 4
BYTES_PER_OPERATION = 600
GB = Decimal(10**9)
MB_PER_GB = 1024
"""Lambda's memory is configured in MiB and billed in GiB."""


@dataclass(frozen=True)
class Estimates:
    """Durable operations, checkpoint bytes and Lambda time of one execution.

    Attributes:
        durable_operations: as metered: the execution, each agent's context, each try of each call, each wait.
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


def estimate(calls: Sequence[CallRecord], *, waits: int, memory_mb: int, per_call: bool) -> Estimates:
    """Reckon the estimates from the calls of an execution.

    Args:
        calls: every finished call.
        waits: durable waits of the workflow itself.
        memory_mb: memory of the function.
        per_call: whether each call is an operation of its own, or only each agent.
    """
    agents = {call.agent for call in calls}
    tries = sum(call.attempts for call in calls) if per_call else 0
    operations = 1 + len(agents) + tries + waits
    # a reply is written twice: with its call, and the last one again as the agent's result
    copies = 2 if per_call else 1
    tokens = sum(call.usage.output_tokens for call in calls)
    seconds = Decimal(sum(call.latency_ms for call in calls)) / 1000
    return Estimates(
        durable_operations=operations,
        bytes_written=copies * tokens * BYTES_PER_TOKEN + operations * BYTES_PER_OPERATION,
        lambda_gb_seconds=seconds * memory_mb / MB_PER_GB,
    )
