"""What the caller of run_local asked for, checked before anything is started."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.console.command_line import BadUsage, OneLineParser, checked_topic, read_event
from scripts.console.declared_agents import PACKAGED_AGENTS, agent_names
from scripts.console.models import ModelChoice, choose
from scripts.run_local.documents import Documents, documents_of
from scripts.run_local.own_agents import check_agents

PROGRAM = "scripts/run_local.sh"
EPILOG = """\
examples:
  scripts/run_local.sh "AWS Lambda durable functions"
  scripts/run_local.sh --kill-after analysis "edge computing"
  scripts/run_local.sh --json --event event.json > result.json
  scripts/run_local.sh --event tests/events/budget.json --output report.md
  scripts/run_local.sh --event tests/events/review.json
  scripts/run_local.sh --console --event tests/events/review.json
  scripts/run_local.sh --documents ~/papers --bedrock "what do they agree on?"
  scripts/run_local.sh --agents docs/examples/two_agents/agents "Good morning."
  scripts/run_local.sh --openai-url http://127.0.0.1:11434/v1 \\
    --openai-model llama3.1 "edge computing"

exit status: 0 report produced, 1 the execution failed, 2 bad usage
"""


@dataclass(frozen=True)
class Options:
    """One run.

    event: what the function is invoked with, any JSON value.
    model: who answers.
    kill_after: name of the agent after whose checkpoint the process is killed. Default: none.
    as_json: one JSON document on stdout instead of the report.
    agents: folder with agents.toml, absolute. Default: the packaged pipeline's.
    documents: what the first agent searches and reads. Default: nothing.
    output: file that the report goes to as Markdown, besides the terminal. Default: none.
    console: whether the run is watched in the browser. Default: no.
    """

    event: Any
    model: ModelChoice
    kill_after: str | None
    as_json: bool
    agents: Path = PACKAGED_AGENTS
    output: Path | None = None
    documents: Documents | None = None
    console: bool = False


def read_options(arguments: Sequence[str]) -> Options:
    """Parse and check the command line.

    Raises:
        BadUsage: something is missing, contradicts itself, cannot be read or is not there.
    """
    given = _parsed(arguments)
    agents = _agents(given.agents)
    names = agent_names(agents)
    if given.kill_after is not None and given.kill_after not in names:
        raise BadUsage(f"--kill-after must be one of {', '.join(names)}, got {given.kill_after!r}")
    try:
        model = choose(given)
    except ValueError as error:
        raise BadUsage(str(error)) from error
    output = _output(given.output)
    documents = documents_of(given, model, agents)
    return Options(_event(given), model, given.kill_after, given.json, agents, output, documents, given.console)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    given, more = _parser().parse_known_args(arguments)
    if more:
        words = not any(word.startswith("-") for word in more)
        hint = f'; a topic of several words needs quotes: {PROGRAM} "{given.topic} {" ".join(more)}"' if words else ""
        raise BadUsage(f"unrecognized arguments: {' '.join(more)}{hint}")
    return given


def _output(file: Path | None) -> Path | None:
    if file is None:
        return None
    if file.is_dir():
        raise BadUsage(f"--output {file} is a folder, give the name of a file")
    if not file.parent.is_dir():
        raise BadUsage(f"--output {file} cannot be written: there is no folder {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BadUsage(f"--output {file} cannot be written: permission denied")
    return file.resolve()


def _agents(folder: Path | None) -> Path:
    if folder is None:
        return PACKAGED_AGENTS
    try:
        check_agents(folder)
    except ValueError as error:
        raise BadUsage(f"--agents {folder}: {error}") from error
    return folder.resolve()


def _event(given: argparse.Namespace) -> Any:
    if given.event is None:
        return {"query": _topic(given.topic)}
    if given.topic is not None:
        raise BadUsage("give TOPIC or --event, not both")
    return read_event(given.event)


def _topic(topic: str | None) -> str:
    if topic is None:
        raise BadUsage(f'TOPIC is missing: {PROGRAM} "AWS Lambda durable functions"')
    return checked_topic(topic)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=PROGRAM,
        description="Run the unmodified Lambda handler on this machine, on AWS's own local\n"
        "durable engine. No AWS account.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="what to research, 1 to 2,000 characters")
    parser.add_argument(
        "--event", metavar="FILE", help="the whole event from a JSON file (- for stdin) instead of TOPIC"
    )
    parser.add_argument("--json", action="store_true", help="stdout is one JSON document: the result or the error")
    parser.add_argument(
        "--agents", type=Path, metavar="FOLDER", help="run your own agents: a folder with agents.toml and prompts/"
    )
    parser.add_argument(
        "--documents",
        type=Path,
        metavar="FOLDER",
        help="research your own files: Markdown, text, HTML, PDF (left out: docs/, with --bedrock or --openai-url)",
    )
    parser.add_argument("--no-documents", action="store_true", help="research nothing, write from the model's memory")
    parser.add_argument("--model", type=Path, metavar="FILE.gguf", help="answer with another local model")
    parser.add_argument("--openai-url", metavar="URL", help="answer with an OpenAI-compatible server such as Ollama")
    parser.add_argument("--openai-model", metavar="NAME", help="the model to ask that server for")
    parser.add_argument("--bedrock", action="store_true", help="answer with Amazon Bedrock, on your AWS credentials")
    parser.add_argument("--script", type=Path, metavar="FILE.json", help="answer with fixed replies, no model at all")
    parser.add_argument("--output", type=Path, metavar="FILE.md", help="write the report to this file too, as Markdown")
    parser.add_argument(
        "--console", action="store_true", help="watch it in the browser: a page on this machine, until Ctrl-C"
    )
    parser.add_argument(
        "--kill-after",
        metavar="NAME",
        help="SIGKILL the function's process right after this agent's checkpoint, then let the engine resume it",
    )
    return parser
