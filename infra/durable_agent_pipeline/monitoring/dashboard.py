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
from .alarms import threshold
from .metrics import FACTS, ORANGE, RED
from .pipeline_metrics import PipelineMetrics

_WIDTH = 24
_HEIGHT = 6
_BESIDE = 4
"""Most graphs of one line: narrower ones cannot be read. Also the width of one figure, six of which are a line."""

_MARKS = {"limit": RED, "alarm": ORANGE}

_GIVEN_UP = ("dead_letters", "dead_letters_sent", "dead_letter_errors", "undelivered")


@dataclass(frozen=True)
class Graph:
    """One graph: a title, its lines, maybe the limit they approach."""

    title: str
    lines: Sequence[cloudwatch.IMetric]
    limit: float | None = None
    unit: str = ""
    alarm: float | None = None
    """Where the alarm of this graph goes off."""


@dataclass(frozen=True)
class Row:
    """One question and the graphs that answer it."""

    question: str
    graphs: tuple[Graph, ...] = ()
    queries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Title of a table -> lines of a Logs Insights query."""


def rows(metrics: PipelineMetrics, props: PipelineProps) -> tuple[Row, ...]:
    """The whole dashboard but for its head, the alarms' states and the figures at a glance."""
    return (
        _health(metrics),
        _speed(metrics, props),
        _cost(metrics),
        _limits(metrics, props),
        _people(metrics),
        _failures(),
    )


def _health(metrics: PipelineMetrics) -> Row:
    ends = ("started", "succeeded", "failed", "timed_out", "stopped")
    return Row(
        "Is it healthy?",
        (
            Graph("Executions", [metrics.of_pipeline(key) for key in ends], unit="executions"),
            Graph("Running (whole account)", [metrics.of_pipeline("running")], unit="executions"),
            Graph("Invocations", [metrics.of_pipeline(key) for key in ("invocations", "errors", "throttles")]),
            Graph("Given up", [metrics.of_pipeline(key) for key in _GIVEN_UP]),
        ),
    )


def _speed(metrics: PipelineMetrics, props: PipelineProps) -> Row:
    agents = [name for name, _ in metrics.agents]
    durations = [metrics.of_pipeline(key) for key in ("execution_duration", "invocation_duration")]
    started = 'filter type = "platform.report" and ispresent(record.metrics.initDurationMs)'
    times = "stats count(*) as starts, avg(record.metrics.initDurationMs) as mean_ms"
    return Row(
        "How slow is it?",
        (
            Graph("Executions and invocations", durations, unit="ms", alarm=threshold("Slow", props)),
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
            Graph("Tokens", [_of_all(metrics, key) for key in tokens], unit="tokens"),
            Graph("Calls and what went wrong in them", [_of_all(metrics, key) for key in calls], unit="calls"),
        ),
    )


def _limits(metrics: PipelineMetrics, props: PipelineProps) -> Row:
    return Row(
        "How near a limit is it?",
        (
            Graph(
                "Operations of one execution",
                [metrics.of_pipeline("operations")],
                MAX_OPERATIONS,
                "operations",
                threshold("Operations", props),
            ),
            Graph(
                "Checkpoint bytes of one execution",
                [metrics.of_pipeline("storage")],
                MAX_STORAGE_BYTES,
                "bytes",
                threshold("Storage", props),
            ),
            Graph(
                "Running executions (whole account)",
                [metrics.of_pipeline("utilization")],
                100,
                "% of the quota",
                threshold("Utilization", props),
            ),
            Graph(
                "Bedrock: throttled, failed, refused",
                _per_model(metrics, "model_throttles", "model_server_errors", "model_client_errors"),
                unit="calls",
            ),
            Graph("Tokens counted against Bedrock's quota", _per_model(metrics, "quota_usage"), unit="tokens"),
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


def _of_all(metrics: PipelineMetrics, key: str) -> cloudwatch.IMetric:
    """Summed over the agents: a line for each agent and kind cannot be read."""
    return metrics.over_agents(key, label=FACTS[key].title)


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
    board.add_widgets(_text(_head(metrics, props), height=4))
    board.add_widgets(
        cloudwatch.AlarmStatusWidget(title="Alarms", width=_WIDTH, height=3, alarms=list(alarms.values()))
    )
    board.add_widgets(*[_figure(title, lines) for title, lines in at_a_glance(metrics).items()])
    for row in (*rows(metrics, props), *([_sources(metrics)] if boxes_used(props) else [])):
        board.add_widgets(_text(f"## {row.question}"))
        if row.graphs:
            for graphs in lines_of(row.graphs):
                board.add_widgets(*[_graph(graph, _WIDTH // len(graphs)) for graph in graphs])
        tables = [_table(title, lines, len(row.queries), log_group) for title, lines in row.queries.items()]
        if tables:
            board.add_widgets(*tables)
    return board


def _head(metrics: PipelineMetrics, props: PipelineProps) -> str:
    """What it is, and the three questions whose answers are not graphs."""
    runbook = f"[Runbook]({props.runbook_url})" if props.runbook_url else f"Runbook: {RUNBOOK}"
    return (
        f"# {metrics.pipeline_name}\n"
        "**Healthy?** Every alarm is green, and nothing failed. **An alarm is red:** its name is a section of the "
        f"runbook, which begins with the commands. {runbook}\n\n"
        "**What next?** `scripts/pipeline doctor` what is missing · `scripts/pipeline list --status FAILED --since 6h` "
        "what failed · `scripts/pipeline show EXECUTION` why, and what to do · `scripts/pipeline cost` what it cost · "
        "`scripts/pipeline review list` who is waited for"
    )


def at_a_glance(metrics: PipelineMetrics) -> Mapping[str, Sequence[cloudwatch.IMetric]]:
    """Title -> what is one number over the time that is shown."""
    return {
        "Succeeded": [metrics.of_pipeline("succeeded")],
        "Failed and timed out": [metrics.of_pipeline("failed"), metrics.of_pipeline("timed_out")],
        "How slow (p95, ms)": [metrics.of_pipeline("execution_duration")],
        "Cost (USD)": [metrics.of_pipeline("total_cost")],
        "Of the quota of running executions (%)": [metrics.of_pipeline("utilization")],
        "Reviews asked and answered": [metrics.of_pipeline("reviews_asked"), metrics.of_pipeline("reviews_answered")],
    }


def _figure(title: str, lines: Sequence[cloudwatch.IMetric]) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title=title, metrics=list(lines), width=_BESIDE, height=3, set_period_to_time_range=True
    )


def lines_of(graphs: Sequence[Graph]) -> list[Sequence[Graph]]:
    """As few lines as hold four graphs each, filled evenly: five graphs are three and two."""
    lines = -(-len(graphs) // _BESIDE)
    widest = -(-len(graphs) // lines)
    return [graphs[start : start + widest] for start in range(0, len(graphs), widest)]


def _text(markdown: str, *, height: int = 1) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(markdown=markdown, width=_WIDTH, height=height)


def _graph(graph: Graph, width: int) -> cloudwatch.GraphWidget:
    marks = {"limit": graph.limit, "alarm": graph.alarm}
    lines = [
        cloudwatch.HorizontalAnnotation(value=value, label=label, color=_MARKS[label])
        for label, value in marks.items()
        if value
    ]
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.lines),
        left_annotations=lines,
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
