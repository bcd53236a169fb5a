"""The metric_* methods: every metric of the pipeline for alarms and graphs of the caller's own."""

from typing import TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from .pipeline_metrics import PipelineMetrics


class MetricOptions(TypedDict, total=False):
    """What may be changed of a metric."""

    period: Duration
    """Default: 5 minutes."""

    label: str
    """Default: the metric's title."""


class MetricMethods:
    """Mixed into the construct.

    Metrics of agents are summed over the agents unless one is named; durations and latencies are of one agent. Those of
    Bedrock are summed over the models unless one is named, and count every caller of that model in the account.
    """

    metrics: PipelineMetrics

    def metric_started(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions started. Sum."""
        return self.metrics.of_pipeline("started", **options)

    def metric_succeeded(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions that succeeded. Sum."""
        return self.metrics.of_pipeline("succeeded", **options)

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions that failed. Sum."""
        return self.metrics.of_pipeline("failed", **options)

    def metric_timed_out(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions that reached execution_timeout. Sum."""
        return self.metrics.of_pipeline("timed_out", **options)

    def metric_stopped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions stopped by an operator. Sum."""
        return self.metrics.of_pipeline("stopped", **options)

    def metric_execution_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Wall time of executions, waits included, in ms. p95."""
        return self.metrics.of_pipeline("execution_duration", **options)

    def metric_operations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Durable operations of one execution. Maximum."""
        return self.metrics.of_pipeline("operations", **options)

    def metric_storage(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Bytes of checkpoints of one execution. Maximum."""
        return self.metrics.of_pipeline("storage", **options)

    def metric_running(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Executions running in the whole account. Maximum."""
        return self.metrics.of_pipeline("running", **options)

    def metric_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Percent of the account's quota of running executions. Maximum."""
        return self.metrics.of_pipeline("utilization", **options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Invocations, several per execution. Sum."""
        return self.metrics.of_pipeline("invocations", **options)

    def metric_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Invocations that ended in an error. Sum."""
        return self.metrics.of_pipeline("errors", **options)

    def metric_throttles(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Invocations that Lambda refused. Sum."""
        return self.metrics.of_pipeline("throttles", **options)

    def metric_invocation_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time of single invocations in ms. p95."""
        return self.metrics.of_pipeline("invocation_duration", **options)

    def metric_dead_letters(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Messages in the dead-letter queue. Maximum."""
        return self.metrics.of_pipeline("dead_letters", **options)

    def metric_dead_letter_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Events lost because the dead-letter queue refused them. Sum."""
        return self.metrics.of_pipeline("dead_letter_errors", **options)

    def metric_dead_letters_sent(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Messages that came into the dead-letter queue. Sum."""
        return self.metrics.of_pipeline("dead_letters_sent", **options)

    def metric_undelivered(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """What rules and schedules of the pipeline could not deliver. Sum."""
        return self.metrics.of_pipeline("undelivered", **options)

    def metric_total_cost(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """USD of the model calls of all agents, as one metric. Sum."""
        return self.metrics.of_pipeline("total_cost", **options)

    def metric_total_calls(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Model calls of all agents that returned a reply, as one metric. Sum."""
        return self.metrics.of_pipeline("total_calls", **options)

    def metric_citations_verified(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Findings whose quote stood in what was read. Sum; only where an agent has a packaged tool."""
        return self.metrics.of_pipeline("citations_verified", **options)

    def metric_citations_dropped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Findings, ids and quotations that did not stand. Sum; only where an agent has a packaged tool."""
        return self.metrics.of_pipeline("citations_dropped", **options)

    def metric_reviews_asked(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Reviews that somebody was told of: none where nobody is notified. Sum."""
        return self.metrics.of_pipeline("reviews_asked", **options)

    def metric_reviews_answered(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Answers to reviews, readable or not. Sum."""
        return self.metrics.of_pipeline("reviews_answered", **options)

    def metric_reviews_timed_out(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Reviews that nobody answered in time. Sum."""
        return self.metrics.of_pipeline("reviews_timed_out", **options)

    def metric_questions_asked(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Questions that tools of agents asked a person. Sum."""
        return self.metrics.of_pipeline("questions_asked", **options)

    def metric_model_throttles(self, model: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Calls that Bedrock throttled. Sum."""
        return self.metrics.over_models("model_throttles", model, **options)

    def metric_model_server_errors(
        self, model: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.IMetric:
        """Calls that Bedrock answered with a server error. Sum."""
        return self.metrics.over_models("model_server_errors", model, **options)

    def metric_model_client_errors(
        self, model: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.IMetric:
        """Calls that Bedrock refused. Sum."""
        return self.metrics.over_models("model_client_errors", model, **options)

    def metric_quota_usage(self, model: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tokens that Bedrock counted against the quota. Sum."""
        return self.metrics.over_models("quota_usage", model, **options)

    def metric_legacy_model(self, model: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Calls of a model that will be retired. Sum."""
        return self.metrics.over_models("legacy_model", model, **options)

    def metric_model_latency(self, model: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time of a model's calls as Bedrock saw it, in ms. p95."""
        return self.metrics.of_model("model_latency", model, **options)

    def metric_time_to_first_token(self, model: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time to the first token of a stream, in ms. p95."""
        return self.metrics.of_model("time_to_first_token", model, **options)

    def metric_input_tokens(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tokens read and not cached. Sum."""
        return self.metrics.over_agents("input_tokens", agent, **options)

    def metric_output_tokens(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tokens written. Sum."""
        return self.metrics.over_agents("output_tokens", agent, **options)

    def metric_cache_read_tokens(
        self, agent: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.IMetric:
        """Tokens read from the prompt cache. Sum."""
        return self.metrics.over_agents("cache_read_tokens", agent, **options)

    def metric_cache_write_tokens(
        self, agent: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.IMetric:
        """Tokens written to the prompt cache. Sum."""
        return self.metrics.over_agents("cache_write_tokens", agent, **options)

    def metric_model_calls(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Model calls that returned a reply. Sum."""
        return self.metrics.over_agents("model_calls", agent, **options)

    def metric_usage_unknown(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Calls whose replies did not say how many tokens they used, so that their cost is unknown."""
        return self.metrics.over_agents("usage_unknown", agent, **options)

    def metric_model_retries(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tries beyond the first. Sum."""
        return self.metrics.over_agents("model_retries", agent, **options)

    def metric_cost(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """USD of model calls. Sum."""
        return self.metrics.over_agents("cost", agent, **options)

    def metric_saved(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """USD that checkpoints saved. Sum."""
        return self.metrics.over_agents("saved", agent, **options)

    def metric_tool_calls(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tool calls. Sum."""
        return self.metrics.over_agents("tool_calls", agent, **options)

    def metric_deferrals(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Times that calls were put off before they began. Sum."""
        return self.metrics.over_agents("deferrals", agent, **options)

    def metric_tool_errors(self, agent: str | None = None, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Tool calls that failed. Sum."""
        return self.metrics.over_agents("tool_errors", agent, **options)

    def metric_agent_duration(self, agent: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time of an agent's run in ms, suspension included. p95."""
        return self.metrics.of_agent("agent_duration", agent, **options)

    def metric_call_latency(self, agent: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time of an agent's model calls in ms. p95."""
        return self.metrics.of_agent("call_latency", agent, **options)

    def metric_failures(self, error_type: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Failed tries and failed agents of one error type, such as "ModelThrottled". Sum."""
        return self.metrics.of_error(error_type, **options)
