"""The metrics of one pipeline: the table of metrics.py with this pipeline's dimensions filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from ..agents.plan import Plan
from .metrics import FACTS, metric

MAX_SUMMANDS = 10
"""Most metrics of one alarm, by CloudWatch's quota."""


@dataclass(frozen=True, kw_only=True)
class PipelineMetrics:
    """Builds any metric of the pipeline."""

    pipeline_name: str
    function_name: str
    queue_name: str
    undelivered_name: str
    """Queue of what rules and schedules could not deliver."""

    agents: tuple[tuple[str, str], ...]
    """(agent name, model id) in the order they run."""

    place: Mapping[str, str] = field(default_factory=dict)
    """`region` and `account` of the metrics, where they have to be named."""

    @classmethod
    def of(cls, plan: Plan, function: lambda_.IFunction, queue: sqs.IQueue, undelivered: sqs.IQueue) -> Self:
        """The metrics of the pipeline that runs this plan."""
        return cls(
            pipeline_name=plan.pipeline_name,
            function_name=function.function_name,
            queue_name=queue.queue_name,
            undelivered_name=undelivered.queue_name,
            agents=tuple((name, model.id) for name, model in plan.models.items()),
        )

    def at(self, stack: Stack) -> Self:
        """The same metrics for a reader in another Region or account; an agnostic stack leaves both open."""
        named = {"region": stack.region, "account": stack.account}
        return replace(self, place={what: value for what, value in named.items() if not Token.is_unresolved(value)})

    @property
    def agent_names(self) -> tuple[str, ...]:
        """In the order they run."""
        return tuple(name for name, _ in self.agents)

    @property
    def models(self) -> tuple[str, ...]:
        """Distinct model ids, in the order of their first use."""
        return tuple(dict.fromkeys(model for _, model in self.agents))

    def of_pipeline(self, key: str, **options: Any) -> cloudwatch.Metric:
        """A metric of the function, of its dead letters or of the account."""
        queue = self.undelivered_name if key == "undelivered" else self.queue_name
        return self._metric(
            key, {"FunctionName": self.function_name, "QueueName": queue, "Pipeline": self.pipeline_name}, **options
        )

    def of_model(self, key: str, model: str, **options: Any) -> cloudwatch.Metric:
        """A Bedrock metric of one model; it counts every caller of that model in the account.

        Raises:
            ValueError: when the pipeline does not use the model.
        """
        _known("model", model, self.models)
        # Bedrock names a system profile or model by its id, whichever way the request named it
        system = "inference-profile/" in model or "foundation-model/" in model
        short = model.rpartition("/")[2] if system and not Token.is_unresolved(model) else model
        return self._metric(key, {"ModelId": short}, **options)

    def of_agent(self, key: str, agent: str, **options: Any) -> cloudwatch.Metric:
        """A metric that the Lambda emits for one agent.

        Raises:
            ValueError: when the pipeline has no such agent.
        """
        _known("agent", agent, self.agent_names)
        dimensions = {"Pipeline": self.pipeline_name, "Agent": agent, "Model": dict(self.agents)[agent]}
        return self._metric(key, dimensions, **options)

    def of_error(self, error_type: str, **options: Any) -> cloudwatch.Metric:
        """Failures of one error type."""
        return self._metric("failures", {"Pipeline": self.pipeline_name, "ErrorType": error_type}, **options)

    def over_models(self, key: str, model: str | None = None, **options: Any) -> cloudwatch.IMetric:
        """A Bedrock metric of one model, or summed over all in use."""
        chosen = (model,) if model else self.models
        return _sum(key, [self.of_model(key, name, **options) for name in chosen], **options)

    def sums_over_models(self, key: str, *, period: Duration) -> list[cloudwatch.IMetric]:
        """A Bedrock metric summed over all models in use, in as many sums as alarms are needed for it."""
        parts = [self.of_model(key, name, period=period) for name in self.models]
        return [_sum(key, some, period=period) for some in _chunks(parts)]

    def never_started(self, period: Duration) -> cloudwatch.IMetric:
        """Dead letters beyond those of executions that failed or were stopped, whose events Lambda sends there too."""
        keys = ("dead_letters_sent", "failed", "timed_out", "stopped")
        return cloudwatch.MathExpression(
            expression="FILL(dead_letters_sent, 0) - FILL(failed, 0) - FILL(timed_out, 0) - FILL(stopped, 0)",
            using_metrics={key: self.of_pipeline(key, period=period) for key in keys},
            label="Events given up before they ran",
            period=period,
        )

    def stuck(self, period: Duration) -> cloudwatch.IMetric:
        """1 where the function was invoked at least three times and nothing came of it, else 0."""
        ends = ("succeeded", "failed", "timed_out", "stopped")
        progress = " + ".join(f"FILL({key}, 0)" for key in ("total_calls", *ends))
        return cloudwatch.MathExpression(
            expression=f"IF((FILL(invocations, 0) >= 3) AND (({progress}) == 0), 1, 0)",
            using_metrics={key: self.of_pipeline(key, period=period) for key in ("invocations", "total_calls", *ends)},
            label="Invoked without progress",
            period=period,
        )

    def over_agents(self, key: str, agent: str | None = None, **options: Any) -> cloudwatch.IMetric:
        """A metric of ours of one agent, or summed over all."""
        chosen = (agent,) if agent else self.agent_names
        return _sum(key, [self.of_agent(key, name, **options) for name in chosen], **options)

    def _metric(self, key: str, dimensions: Mapping[str, str], **options: Any) -> cloudwatch.Metric:
        return metric(key, dimensions, **{**self.place, **options})


def _sum(
    key: str, parts: Sequence[cloudwatch.Metric], *, label: str | None = None, period: Duration | None = None
) -> cloudwatch.IMetric:
    if len(parts) == 1:
        return parts[0]
    # Ids name the key, since two sums may stand in one graph.
    # FILL: a part that was silent in a period counts as nothing instead of blanking the sum
    names = {f"{key}_{index}": part for index, part in enumerate(parts)}
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in names),
        using_metrics=names,
        label=label or FACTS[key].title,
        period=period or Duration.minutes(5),
    )


def _chunks(parts: Sequence[cloudwatch.Metric]) -> list[Sequence[cloudwatch.Metric]]:
    return [parts[start : start + MAX_SUMMANDS] for start in range(0, len(parts), MAX_SUMMANDS)]


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise ValueError(f"{what} must be one of {', '.join(names)}, got {name!r}")
