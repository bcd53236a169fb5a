"""The command behind scripts/evaluate.py: which variants, progress, table or JSON, exit status."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.console.command_line import BadUsage, OneLineParser
from scripts.console.declared_agents import PACKAGED_AGENTS, agent_names
from scripts.console.ending import BAD_USAGE, DONE, FAILED, ended
from scripts.console.models import choose
from scripts.console.run_folder import new_run_folder
from scripts.console.sentence import say
from scripts.evaluate.report import document, write_comparison, write_table
from scripts.evaluate.run import Variant, answers_of
from scripts.evaluate.topics import PACKAGED, BrokenTopics, Suite, read_suite
from scripts.local_aws.processes.child import ChildDied

MOST_VARIANTS = 2
WIDTH = 140
EPILOG = """\
examples:
  scripts/evaluate.py --bedrock
  scripts/evaluate.py --bedrock-model MODEL --bedrock-model OTHER
  scripts/evaluate.py --bedrock --agents lambda_src/agents --agents my-agents
  scripts/evaluate.py --bedrock --judge MODEL --json > today.json
  scripts/evaluate.py --openai-url http://127.0.0.1:11434/v1 \\
    --openai-model llama3.1 --against today.json

exit: 0 every check of every topic passed, 1 one did not, or a run failed; 2 bad
usage. The model must be one that calls tools.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    try:
        options = _parser().parse_args(arguments)
        suite = _suite(options)
        variants, earlier = _variants(options), _earlier(options.against)
    except (BadUsage, BrokenTopics, ValueError) as refused:
        print(f"evaluate: {refused}", file=sys.stderr)
        return BAD_USAGE
    return ended("evaluate", lambda: _run(options, suite, variants, earlier), (ChildDied, ImportError))


def _run(options: argparse.Namespace, suite: Suite, variants: Sequence[Variant], earlier: list[Any]) -> int:
    judges = None
    if options.judge:
        from scripts.evaluate.judge import Judges  # five seconds of imports, for those who ask for it

        judges = Judges(options.judge, options.judge_openai_url)
    told, folder, made = Console(stderr=True), new_run_folder(), []
    topics = {topic.name: topic for topic in suite.topics}
    for number, variant in enumerate(variants, 1):
        answers = []
        for answer in answers_of(variant, suite, folder / str(number)):
            if judges and answer.report:
                judged = judges.checks_of(answer, topics[answer.topic])
                answer = replace(answer, checks=(*answer.checks, *judged))  # noqa: PLW2901
            answers.append(answer)
            passed = sum(check.passed for check in answer.checks)
            done = f"{passed} of {len(answer.checks)} checks passed, {answer.seconds:.0f} s"
            say(told, f"{variant.name}: {answer.topic}: {done}")
        made.append(document(variant.name, variant.model.label, answers))
    _tell(made, earlier, as_json=options.json)
    return DONE if all(variant["passed"] for variant in made) else FAILED


def _tell(made: list[Any], earlier: list[Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"variants": made}, ensure_ascii=False, indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for variant in made:
        write_table(variant, console)
    if len(shown := [*earlier, *made]) > 1:
        write_comparison(shown, console)


def _suite(options: argparse.Namespace) -> Suite:
    suite = read_suite(options.topics)
    wanted = options.topic or [topic.name for topic in suite.topics]
    if unknown := set(wanted) - {topic.name for topic in suite.topics}:
        names = ", ".join(topic.name for topic in suite.topics)
        raise BadUsage(f"--topic must be one of {names}, got {min(unknown)!r}")
    return suite.model_copy(update={"topics": tuple(topic for topic in suite.topics if topic.name in wanted)})


def _variants(options: argparse.Namespace) -> list[Variant]:
    options.bedrock = options.bedrock or bool(options.bedrock_model)
    model = choose(options)
    if model.arguments == ():
        raise BadUsage("the bundled model calls no tools: give --bedrock, --openai-url, --model or --script")
    if options.judge_openai_url and not options.judge:
        raise BadUsage("--judge-openai-url must come with --judge")
    folders, models = options.agents or [PACKAGED_AGENTS], options.bedrock_model or [None]
    if len(folders) * len(models) > MOST_VARIANTS:
        raise BadUsage(f"at most {MOST_VARIANTS} variants stand side by side, got {len(folders) * len(models)}")
    return [_variant(folder, named, model, options) for folder in folders for named in models]


def _variant(folder: Path, bedrock_model: str | None, model: Any, options: argparse.Namespace) -> Variant:
    try:
        agent_names(folder)
    except (OSError, ValueError) as error:
        raise BadUsage(f"--agents {folder}: {error}") from error
    name = " ".join(filter(None, [str(folder) if options.agents else None, bedrock_model])) or "packaged agents"
    return Variant(name, folder.resolve(), model, bedrock_model)


def _earlier(file: Path | None) -> list[Any]:
    if file is None:
        return []
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["variants"]
        return [{**each, "name": f"{each['name']} ({file.name})"} for each in found if each["means"] and each["topics"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadUsage(f"--against {file} must be what --json printed, got {type(error).__name__}") from error


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="scripts/evaluate.py",
        description="Have the agents research topics with known answers in a fixed corpus, on\n"
        "AWS's local durable engine, and check each report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--json", action="store_true", help="one JSON document on stdout, with the reports, instead of tables")
    add("--topics", type=Path, default=PACKAGED, metavar="FILE", help="other topics, as scripts/evaluate/topics.toml")
    add("--topic", action="append", metavar="NAME", help="this topic alone; may be given again")
    add("--agents", type=Path, action="append", metavar="FOLDER", help="agents and prompts; give two to compare them")
    add("--bedrock", action="store_true", help="answer with Amazon Bedrock, on your AWS credentials")
    add("--bedrock-model", action="append", metavar="ID", help="this model for every agent; give two to compare them")
    add("--openai-url", metavar="URL", help="answer with an OpenAI-compatible server such as Ollama")
    add("--openai-model", metavar="NAME", help="the model to ask that server for")
    add("--model", type=Path, metavar="FILE.gguf", help="answer with a local model")
    add("--script", type=Path, metavar="FILE.json", help="answer with fixed replies, no model at all")
    add("--judge", metavar="ID", help="have this Bedrock model judge what code cannot tell; it costs its calls")
    add("--judge-openai-url", metavar="URL", help="ask for the judge there instead of on Bedrock")
    add("--against", type=Path, metavar="FILE.json", help="an earlier --json, to show beside this one")
    return parser
