"""OpenTelemetry spans of an execution carry no text, unless the deployment asks for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# In a process of its own: a tracer provider and Strands' tracer are made once per process.
TRACED = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import handler
from agent_workflow import strands_agent
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

def build_model(agent, settings):
    from tests.fakes import FakeModel
    return FakeModel("the-secret-reply")

strands_agent.build_model = build_model
with DurableFunctionTestRunner(handler.lambda_handler, poll_interval=0.05) as runner:
    outcome = runner.run(input=json.dumps({"query": "a-secret-topic"}))
spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
print(json.dumps({"error": outcome.error and outcome.error.message, "spans": spans}))
"""


def spans_of_an_execution(agents: Path, **environment: str) -> str:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "lambda_src")))
    done = subprocess.run(
        [sys.executable, "-c", TRACED],
        env={**os.environ, **environment, "PYTHONPATH": paths, "AGENTS_FOLDER": str(agents)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["error"] is None
    assert len(last["spans"]) >= 3
    return json.dumps(last["spans"])


def test_spans_hold_tokens_and_names_but_no_prompt_and_no_reply(three_agents: Path):
    spans = spans_of_an_execution(three_agents)
    assert "invoke_agent research" in spans
    assert "gen_ai.usage.input_tokens" in spans
    assert "secret" not in spans
    assert "You are the agent of" not in spans


def test_a_deployment_may_decide_otherwise(three_agents: Path):
    spans = spans_of_an_execution(three_agents, OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental")
    assert "the-secret-reply" in spans
