"""What a caller may choose about a run: limits, tools, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from durable_strands.retries import RetryStrategy, retry_transient
from durable_strands.serdes import LIMIT_BYTES


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps that end a run with `AgentLimitReached`; checked between turns.

    Attributes:
        turns: Model calls of one run. Default: 25, so that a model that loops cannot spend for ever.
        output_tokens: Output tokens of one run. Default: no cap.
        total_tokens: Input and output tokens of one run. Default: no cap.
    """

    turns: int = 25
    output_tokens: int | None = None
    total_tokens: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"limits: {name} must be a whole number of at least 1, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """How one tool is run.

    Attributes:
        durable: Whether each call is a checkpointed step. Default: True. False suits a pure local function: it runs
            again on every replay.
        at_most_once: Never run a call a second time, not even after a killed process; the model is told. Default:
            False, a killed call is tried again, up to 3 times.
        retry: Strategy for a tool that raises. Default: an exception is answered to the model at once, as Strands does.
        timeout_seconds: Longest run of one call. Default: 120 seconds. The model is told.
        max_result_bytes: Largest result; a larger one is answered to the model as an error. Default: 200,000 bytes.
    """

    durable: bool = True
    at_most_once: bool = False
    retry: RetryStrategy | None = None
    timeout_seconds: float = 120
    max_result_bytes: int = 200_000

    def __post_init__(self) -> None:
        if self.at_most_once and self.retry is not None:
            raise ValueError("tool options: at_most_once excludes retry, got both")
        if self.timeout_seconds <= 0:
            raise ValueError(f"tool options: timeout_seconds must be positive, got {self.timeout_seconds}")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Every choice of a run in one value, so that modules hand on one thing.

    Attributes:
        retry: Strategy of model calls.
        tools: Options by tool name; a tool without an entry has the defaults.
        limits: Caps of the run.
        max_parallel_tools: Tool calls of one turn that run at the same time.
        deadline_margin_seconds: Time kept before the Lambda timeout to write the checkpoint.
        usual_seconds: What a call is taken to need before the first one has told.
        tokens_per_minute: By model id, what all calls of it together may take; "learn": what throttles have taught.
        max_result_bytes: Largest checkpointed reply; the service refuses above 262,144 bytes.
        keep_messages: Whether the conversation is checkpointed with the result.
        interrupts: Tells a person of an interrupt; None refuses interrupts.
    """

    retry: RetryStrategy
    tools: Mapping[str, ToolOptions] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    max_parallel_tools: int = 8
    deadline_margin_seconds: float = 10
    usual_seconds: float = 60
    tokens_per_minute: Mapping[str, float | str] = field(default_factory=dict)
    max_result_bytes: int = LIMIT_BYTES
    keep_messages: bool = False
    interrupts: Callable[[str, Any], Any] | None = None

    def __post_init__(self) -> None:
        for model_id, tokens in self.tokens_per_minute.items():
            number = isinstance(tokens, int | float) and not isinstance(tokens, bool)
            if tokens != "learn" and not (number and float(tokens) >= 1):
                raise ValueError(f'tokens_per_minute[{model_id!r}] must be at least 1, or "learn", got {tokens!r}')

    def of_tool(self, name: str) -> ToolOptions:
        """Options of the tool called `name`."""
        return self.tools.get(name, _DEFAULT)

    def strands_limits(self) -> dict[str, int]:
        """The caps as Strands takes them."""
        return {key: value for key, value in vars(self.limits).items() if value is not None}


_DEFAULT = ToolOptions()


def chosen(
    *,
    retry: RetryStrategy | None = None,
    tools: Mapping[str, ToolOptions] | None = None,
    limits: Limits | None = None,
    own_serdes: bool = False,
    **more: Any,
) -> RunOptions:
    """The options of a run from what its caller has chosen; defaults for the rest."""
    # With a serdes of the caller's the size is the caller's business.
    most = 2**40 if own_serdes else LIMIT_BYTES
    return RunOptions(
        retry=retry or retry_transient(), tools=tools or {}, limits=limits or Limits(), max_result_bytes=most, **more
    )
