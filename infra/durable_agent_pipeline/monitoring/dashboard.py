"""The dashboard as rows, each of which answers one question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..choices.props import PipelineProps
from ..function.reading import boxes_used
from ..names import RUNBOOK
from .alarm_rules import MAX_OPERATIONS, MAX_STORAGE_BYTES
from .metrics import FACTS
from .pipeline_metrics import PipelineMetrics

_WIDTH = 24
_HEIGHT = 6
_BESIDE = 4
"""Most graphs of one line: narrower ones cannot be read."""

_GIVEN_UP = ("dead_letters", "dead_letters_sent", "dead_letter_errors", "undelivered")


@dataclass(frozen=True)
class Graph:
    """One graph: a title, its lines, maybe the limit they approach."""

    title: str
    lines: Sequence[cloudwatch.IMetric]
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Row:
    """One question and the graphs that answer it."""

    question: str
    graphs: tuple[Graph, ...] = ()
    queries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Title of a table -> lines of a Logs Insights query."""


def rows(metrics: PipelineMetrics) -> tuple[Row, ...]:
    """The whole dashboard but for its head and the alarms' states."""
    return (_health(metrics), _speed(metrics), _cost(metrics), _limits(metrics), _people(metrics), _failures())


def _health(metrics: PipelineMetrics) -> Row:
    ends = ("started", "succeeded", "failed", "timed_out", "stopped")
    return Row(
        "Is it healthy?",
        (
            Graph("Executions", [metrics.of_pipeline(key) for key in ends], unit="executions"),
            Graph("Running (whole account)", [metrics.of_pipeline("running")]),
            Graph("Invocations", [metrics.of_pipeline(key) for key in ("invocations", "errors", "throttles")]),
            Graph("Given up", [metrics.of_pipeline(key) for key in _GIVEN_UP]),
        ),
    )


def _speed(metrics: PipelineMetrics) -> Row:
    agents = [name for name, _ in metrics.agents]
    durations = [metrics.of_pipeline(key) for key in ("execution_duration", "invocation_duration")]
    started = 'filter type = "platform.report" and ispresent(record.metrics.initDurationMs)'
    times = "stats count(*) as starts, avg(record.metrics.initDurationMs) as mean_ms"
    return Row(
        "How slow is it?",
        (
            Graph("Executions and invocations", durations, unit="ms"),
            Graph("Agents", [metrics.of_agent("agent_duration", name, label=name) for name in agents], unit="ms"),
            Graph("Model calls", [metrics.of_agent("call_latency", name, label=name) for name in agents], unit="ms"),
            Graph("Bedrock", _per_model(metrics, "model_latency", "time_to_first_token"), unit="ms"),
        ),
        {"Cold starts": (started, f"{times} by bin(1h)")},
    )


def _cost(metrics: PipelineMetrics) -> Row:
    agents = [name for name, _ in metrics.agents]
    tokens = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    calls = ("model_calls", "usage_unknown", "model_retries", "tool_calls", "tool_errors", "deferrals")
    return Row(
        "What does it cost?",
        (
            Graph("USD per agent", [metrics.of_agent("cost", name, label=name) for name in agents], unit="USD"),
            Graph("Saved by checkpoints", [metrics.of_agent("saved", name, label=name) for name in agents], unit="USD"),
            Graph("Tokens per agent", [_named(metrics, key, name) for name in agents for key in tokens]),
            Graph("Calls, retries, deferrals", [_named(metrics, key, name) for name in agents for key in calls]),
        ),
    )


def _limits(metrics: PipelineMetrics) -> Row:
    return Row(
        "How near a limit is it?",
        (
            Graph("Operations of one execution", [metrics.of_pipeline("operations")], MAX_OPERATIONS),
            Graph("Checkpoint bytes of one execution", [metrics.of_pipeline("storage")], MAX_STORAGE_BYTES, "bytes"),
            Graph("Running executions (whole account)", [metrics.of_pipeline("utilization")], 100, "% of the quota"),
            Graph(
                "Bedrock: throttles and quota",
                _per_model(metrics, "model_throttles", "model_server_errors", "model_client_errors", "quota_usage"),
            ),
            Graph("Legacy models", _per_model(metrics, "legacy_model")),
        ),
    )


def _people(metrics: PipelineMetrics) -> Row:
    reviews = ("reviews_asked", "reviews_answered", "reviews_timed_out")
    return Row(
        "What waits for people?",
        (
            Graph("Reviews", [metrics.of_pipeline(key) for key in reviews]),
            Graph("Questions of agents", [metrics.of_pipeline("questions_asked")]),
        ),
    )


def _sources(metrics: PipelineMetrics) -> Row:
    kinds = ("citations_verified", "citations_dropped")
    return Row("What do reports rest on?", (Graph("Citations", [metrics.of_pipeline(key) for key in kinds]),))


def _failures() -> Row:
    named = 'parse message "agent=<*>, error=<*> | agent failed" as agent, error_type'
    failed = "filter ispresent(error_type)"
    return Row(
        "What failed last?",
        queries={
            "Failed agents by error type": (named, failed, "stats count(*) as failures by error_type, agent"),
            "Refusals and crashes by error type": (
                # Lambda's own line: what failed before or outside any agent writes no line of ours
                'filter type = "platform.report" and ispresent(record.errorType)',
                "stats count(*) as failures by record.errorType, record.status",
            ),
            "Last error lines": (
                "fields @timestamp, correlation_id, message",
                'filter level = "ERROR"',
                "sort @timestamp desc",
                "limit 20",
            ),
        },
    )


def _named(metrics: PipelineMetrics, key: str, agent: str) -> cloudwatch.Metric:
    return metrics.of_agent(key, agent, label=f"{agent} {FACTS[key].title}")


def _per_model(metrics: PipelineMetrics, *keys: str) -> list[cloudwatch.Metric]:
    models = dict.fromkeys(model for _, model in metrics.agents)
    return [metrics.of_model(key, model, label=f"{model} {FACTS[key].title}") for model in models for key in keys]


def dashboard(
    scope: Construct,
    props: PipelineProps,
    metrics: PipelineMetrics,
    alarms: Mapping[str, cloudwatch.Alarm],
    log_group: logs.ILogGroup,
) -> cloudwatch.Dashboard:
    """Draw the rows: what it is, the alarms' states, then question by question."""
    board = cloudwatch.Dashboard(scope, "Dashboard", default_interval=None)
    runbook = f"[Runbook]({props.runbook_url})" if props.runbook_url else f"Runbook: {RUNBOOK}"
    board.add_widgets(_text(f"# {metrics.pipeline_name}\n{runbook}", height=2))
    board.add_widgets(
        cloudwatch.AlarmStatusWidget(title="Alarms", width=_WIDTH, height=3, alarms=list(alarms.values()))
    )
    for row in (*rows(metrics), *([_sources(metrics)] if boxes_used(props) else [])):
        board.add_widgets(_text(f"## {row.question}"))
        if row.graphs:
            for graphs in lines_of(row.graphs):
                board.add_widgets(*[_graph(graph, _WIDTH // len(graphs)) for graph in graphs])
        tables = [_table(title, lines, len(row.queries), log_group) for title, lines in row.queries.items()]
        if tables:
            board.add_widgets(*tables)
    return board


def lines_of(graphs: Sequence[Graph]) -> list[Sequence[Graph]]:
    """As few lines as hold four graphs each, filled evenly: five graphs are three and two."""
    lines = -(-len(graphs) // _BESIDE)
    widest = -(-len(graphs) // lines)
    return [graphs[start : start + widest] for start in range(0, len(graphs), widest)]


def _text(markdown: str, *, height: int = 1) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(markdown=markdown, width=_WIDTH, height=height)


def _graph(graph: Graph, width: int) -> cloudwatch.GraphWidget:
    limit = [cloudwatch.HorizontalAnnotation(value=graph.limit, label="limit")] if graph.limit else []
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.lines),
        left_annotations=limit,
        left_y_axis=cloudwatch.YAxisProps(min=0, label=graph.unit, show_units=False),
        width=width,
        height=_HEIGHT,
    )


def _table(title: str, lines: tuple[str, ...], beside: int, log_group: logs.ILogGroup) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=[log_group.log_group_name],
        query_lines=list(lines),
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=_WIDTH // beside,
        height=_HEIGHT,
    )
