"""What the caller of deploy_local asked for, checked before anything is started."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.console.command_line import BadUsage, OneLineParser, checked_topic
from scripts.console.models import ModelChoice, choose

PROGRAM = "scripts/deploy_local.sh"
STAGES = ("dev", "staging", "prod")
EPILOG = """\
examples:
  scripts/deploy_local.sh "AWS Lambda durable functions"
  scripts/deploy_local.sh --json "edge computing" > deployed.json
  scripts/deploy_local.sh --stage prod --keep "edge computing"

exit status: 0 report produced, 1 the deployment or the execution failed,
2 bad usage
"""


@dataclass(frozen=True)
class Options:
    """One local deployment.

    event: what the alias is invoked with.
    model: who answers.
    stage: "dev", "staging" or "prod". Default: "dev".
    keep: leave the emulated account running until Ctrl-C. Default: end it after the report.
    as_json: one JSON document on stdout instead of report and tables.
    """

    event: dict[str, Any]
    model: ModelChoice
    stage: str
    keep: bool
    as_json: bool

    @property
    def stack(self) -> str:
        """Name of the stage's stack."""
        return f"DurableAgentPipeline-{self.stage}"


def read_options(arguments: Sequence[str]) -> Options:
    """Parse and check the command line.

    Raises:
        BadUsage: something is missing, contradicts itself or is not there.
    """
    given = _parser().parse_args(arguments)
    try:
        model = choose(given)
    except ValueError as error:
        raise BadUsage(str(error)) from error
    return Options({"query": checked_topic(given.topic)}, model, given.stage, given.keep, given.json)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=PROGRAM,
        description="Deploy the real stack into an emulated AWS account on this machine (cdk\n"
        "bootstrap, cdk deploy), run the pipeline through the deployed API and alias,\n"
        "and show what was deployed. No AWS account is touched.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("topic", metavar="TOPIC", help="what to research, 1 to 2,000 characters")
    parser.add_argument("--stage", choices=STAGES, default="dev", help="whose stack is deployed (default: dev)")
    parser.add_argument("--json", action="store_true", help="stdout is one JSON document")
    parser.add_argument(
        "--keep", action="store_true", help="leave the emulated account running until Ctrl-C, and say how to reach it"
    )
    parser.add_argument("--script", type=Path, metavar="FILE.json", help="answer with fixed replies, no model")
    parser.add_argument("--model", type=Path, metavar="FILE.gguf", help="answer with another local model")
    parser.add_argument("--openai-url", metavar="URL", help="answer with an OpenAI-compatible server such as Ollama")
    parser.add_argument("--openai-model", metavar="NAME", help="the model to ask that server for")
    parser.set_defaults(bedrock=None)  # real Bedrock needs credentials, and here there are only dummies
    return parser
