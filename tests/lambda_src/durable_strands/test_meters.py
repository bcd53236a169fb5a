"""Strands' own OpenTelemetry meters and spans tell of each call once, however often it is replayed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from opentelemetry import metrics as metrics_api
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from strands.telemetry import metrics, tracer

from tests.lambda_src.durable_strands.parity import test_parity
from tests.lambda_src.durable_strands.parity.harness import EVERY, bare, durable
from tests.lambda_src.durable_strands.parity.table import PROGRAMS

assert test_parity.MODULES
SENTENCES = (
    "a tool is called three turns in a row",
    "three tools of one turn run side by side",
    "an agent that is a tool has an agent as tool",
    "a tool that raises is answered to the model",
    "a graph begins with two nodes",
    "an agent is asked three times",
)


@pytest.fixture
def counted(monkeypatch):
    """Reads what Strands has counted since the last time."""

    def fresh() -> InMemoryMetricReader:
        reader = InMemoryMetricReader()
        provider = MeterProvider(metric_readers=[reader])
        monkeypatch.setattr(metrics_api, "get_meter_provider", lambda: provider)
        monkeypatch.setattr(metrics.MetricsClient, "_instance", None)
        return reader

    def read(reader: InMemoryMetricReader) -> dict[str, Any]:
        data = reader.get_metrics_data()
        found: Counter[str] = Counter()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        found[metric.name] += getattr(point, "value", 0) or getattr(point, "count", 0)
                        if "tokens" in metric.name:
                            found[f"{metric.name} in all"] += getattr(point, "sum", 0)
        # Strands leaves it out where the clock has not moved between the call and its first token.
        found.pop("strands.model.time_to_first_token", None)
        return dict(found)

    return fresh, read


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_run_that_is_suspended_at_every_call_counts_what_a_bare_one_counts(sentence, counted):
    fresh, read = counted
    reader = fresh()
    bare(PROGRAMS[sentence])
    expected = read(reader)
    reader = fresh()
    found = durable(PROGRAMS[sentence], EVERY, cold=True)
    assert found.outcome.invocations > 2
    assert expected["strands.event_loop.cycle_count"] >= 2
    assert read(reader) == expected


def test_a_call_has_one_span_with_its_tokens_however_often_it_is_replayed(monkeypatch):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(tracer, "_tracer_instance", None)
    bare(PROGRAMS[SENTENCES[0]])
    expected = _calls(exporter)
    exporter.clear()
    durable(PROGRAMS[SENTENCES[0]], EVERY)
    assert expected == {"chat": [100] * 4, "execute_tool": [0] * 3}
    assert _calls(exporter) == expected


def _calls(exporter: InMemorySpanExporter) -> dict[str, list[int]]:
    """Input tokens of each span of a call, by kind of call."""
    found: dict[str, list[int]] = {"chat": [], "execute_tool": []}
    for span in exporter.get_finished_spans():
        kind = span.name.split()[0]
        if kind in found:
            found[kind].append(int(str((span.attributes or {}).get("gen_ai.usage.input_tokens", 0))))
    return found
