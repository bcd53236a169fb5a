"""The one retry layer: when the durable engine calls again, and after how long."""

from __future__ import annotations

from collections.abc import Callable

from aws_durable_execution_sdk_python.config import Duration, JitterStrategy
from aws_durable_execution_sdk_python.exceptions import StepInterruptedError
from aws_durable_execution_sdk_python.retries import (
    RetryDecision,
    RetryStrategyConfig,
    create_retry_strategy,
)

from durable_strands.errors import AgentFailed, DeadlineExceeded

RetryStrategy = Callable[[Exception, int], RetryDecision]


def retry_transient(
    *, max_attempts: int = 3, initial_delay_seconds: int = 2, backoff_rate: float = 2.0
) -> RetryStrategy:
    """Retry what may pass by itself: throttling, 5xx, timeouts, broken streams, a killed process.

    Args:
        max_attempts: Tries including the first. Default: 3.
        initial_delay_seconds: Ceiling of the first back-off; the wait is drawn between 0 and it (full jitter),
            suspended and not billed. Default: 2 seconds.
        backoff_rate: Factor from one ceiling to the next. Default: 2.0.
    """
    back_off = _back_off(max_attempts, initial_delay_seconds, backoff_rate)

    def decide(error: Exception, attempts_made: int) -> RetryDecision:
        transient = isinstance(error, StepInterruptedError) or (isinstance(error, AgentFailed) and error.retryable)
        return back_off(error, attempts_made) if transient else RetryDecision.no_retry()

    return decide


def retry_interrupted(*, max_attempts: int = 3) -> RetryStrategy:
    """Retry only a tool whose process died or whose invocation ran out of time, never a tool that answered.

    Args:
        max_attempts: Tries including the first. Default: 3.
    """
    back_off = _back_off(max_attempts, 1, 2.0)

    def decide(error: Exception, attempts_made: int) -> RetryDecision:
        cut_short = isinstance(error, StepInterruptedError | DeadlineExceeded)
        return back_off(error, attempts_made) if cut_short else RetryDecision.no_retry()

    return decide


def retry_any(*, max_attempts: int = 3, initial_delay_seconds: int = 1) -> RetryStrategy:
    """Retry whatever a tool raises; for a tool whose failures pass, and which may run again.

    Args:
        max_attempts: Tries including the first. Default: 3.
        initial_delay_seconds: Ceiling of the first back-off. Default: 1 second.
    """
    return _back_off(max_attempts, initial_delay_seconds, 2.0)


def never_retry(_error: Exception, _attempts_made: int) -> RetryDecision:
    """Run at most once, whatever happens."""
    return RetryDecision.no_retry()


def _back_off(max_attempts: int, initial_delay_seconds: int, backoff_rate: float) -> RetryStrategy:
    return create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=max_attempts,
            initial_delay=Duration.from_seconds(initial_delay_seconds),
            backoff_rate=backoff_rate,
            jitter_strategy=JitterStrategy.FULL,
        )
    )
