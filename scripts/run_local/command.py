"""The main command: runs the unmodified Lambda handler here, shows its progress, then the report and the ledger."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # from the first moment: Ctrl-C while modules load must not end in a traceback
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from rich.console import Console

from scripts.console.agents_progress import Progress
from scripts.console.command_line import BadUsage
from scripts.console.declared_agents import agent_names, model_ids, stand_ins
from scripts.console.display import PlainDisplay, display_on
from scripts.console.ending import BAD_USAGE, DONE, FAILED, ended
from scripts.console.list_prices import bedrock_prices
from scripts.console.outcome import Outcome, stack_failed, started_failed
from scripts.console.report import report_text, write_ledger, write_report
from scripts.console.run_folder import new_run_folder
from scripts.local_aws.processes.child import REPOSITORY, ChildDied
from scripts.local_aws.processes.journal import Follower, read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from scripts.run_local.drill import write_drill
from scripts.run_local.options import Options, read_options
from scripts.run_local.savings import calls_by_operations, drill_of
from scripts.run_local.waiting import Waiting

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from scripts.run_local.watching import Page

LOOK_SECONDS = 0.1
PAGE_COLUMNS = 120  # of tables in a file or a pipe


def main(arguments: list[str]) -> int:
    """Run once; returns the exit status."""
    try:
        options = read_options(arguments)
    except BadUsage as error:
        print(f"run_local: {error}", file=sys.stderr)
        return BAD_USAGE
    return ended("run_local", lambda: _run(options))


def _run(options: Options) -> int:
    started_at = time.time()
    folder = new_run_folder()
    errors = Console(stderr=True)
    with display_on(errors, started_at, live=not options.as_json) as display:
        display.note(started_at, f"answers come from {options.model.label}. {options.model.note}")
        if options.documents:
            display.note(started_at, f"{options.documents.agent} reads the documents in {options.documents.folder}")
        display.note(started_at, f"logs: {_shown(folder)}")
        display.note(started_at, "starting the durable engine, the Bedrock endpoint and the Lambda endpoint")
        progress = Progress.of(agent_names(options.agents), display.note)
        try:
            with LocalStack(_settings(options, folder)) as stack:
                display.note(time.time(), f"the Lambda API for boto3 and the AWS CLI: {stack.lambda_url}")
                with _page(options, stack, display) as page:
                    outcome = _execute(stack, options, progress, display, page)
                    if page:
                        page.stay()
        except ChildDied as error:
            outcome = stack_failed(str(error))
    _write(options, outcome, progress, folder, errors)
    return DONE if outcome.succeeded else FAILED


def _settings(options: Options, folder: Path) -> StackSettings:
    rules = []
    if options.kill_after is not None:
        rules = [{"operation": f"{options.kill_after}-agent", "action": "SUCCEED", "moment": "after"}]
    environment = {"MODEL_PRICES": json.dumps(bedrock_prices(model_ids(options.agents)))}
    if options.model.is_local:  # a busy laptop reads a long prompt for minutes before its first token
        environment["MODEL_READ_TIMEOUT_SECONDS"] = "800"
        if others := stand_ins(options.agents):  # an endpoint that agents.toml names is not called from here
            environment["AGENT_MODELS"] = json.dumps(others)
    read = options.documents.variables if options.documents else {}
    given = {name: value for name in environment if (value := os.environ.get(name))}
    return StackSettings(
        folder=folder,
        model=options.model.arguments,
        real_credentials=not options.model.is_local,
        environment=environment | given | {"AGENTS_FOLDER": str(options.agents)} | read,
        kill_rules=rules,
    )


def _page(options: Options, stack: LocalStack, display: PlainDisplay) -> AbstractContextManager[Page | None]:
    if not options.console:
        return nullcontext()
    from scripts.run_local.watching import watched  # a web server and the operator's command, for those who ask

    return watched(stack.lambda_url, display)


def _execute(
    stack: LocalStack, options: Options, progress: Progress, display: PlainDisplay, page: Page | None
) -> Outcome:
    client = stack.client()
    payload = json.dumps(options.event).encode()
    try:
        started = client.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event", Payload=payload)
    except client.exceptions.ClientError as error:
        return started_failed(error)
    progress.execution = started["DurableExecutionArn"]
    if page:
        page.open(progress.execution)
    _follow(stack, progress, display, Waiting(client, stack.lambda_url, display))
    return _outcome(client, started["DurableExecutionArn"])


def _follow(stack: LocalStack, progress: Progress, display: PlainDisplay, waiting: Waiting) -> None:
    events, calls = Follower(stack.events), Follower(stack.calls)
    while not progress.finished:
        for line in sorted([*calls.new_lines(), *events.new_lines()], key=itemgetter("at")):
            progress.see(line)
            waiting.see(line)
        display.show(progress)
        stack.check()
        time.sleep(LOOK_SECONDS)


def _outcome(client: LambdaClient, execution: str) -> Outcome:
    details = client.get_durable_execution(DurableExecutionArn=execution)
    return Outcome.of(details)


def _write(options: Options, outcome: Outcome, progress: Progress, folder: Path, errors: Console) -> None:
    output = Console(width=None if sys.stdout.isatty() else PAGE_COLUMNS)
    summary = output if outcome.succeeded and not options.as_json else errors
    if options.as_json:
        print(json.dumps(outcome.document(), ensure_ascii=False, indent=2))
    elif outcome.succeeded:
        write_report(output, outcome.result)
    if options.output is not None and outcome.succeeded:
        options.output.write_text(report_text(outcome.result) + "\n", encoding="utf-8")
        print(f"run_local: the report is in {_shown(options.output)}", file=sys.stderr)
    if not outcome.succeeded:
        print(f"run_local: {outcome.error_type}: {outcome.error_message}", file=sys.stderr)
        print(f"run_local: the function's log is {_shown(folder / 'function.log')}", file=sys.stderr)
    write_ledger(summary, outcome.usage, progress, options.model)
    if options.kill_after is not None:
        events, calls = read_all(folder / "events.jsonl"), read_all(folder / "calls.jsonl")
        drill = drill_of(events, calls if options.model.is_local else calls_by_operations(events, outcome.usage))
        write_drill(summary, drill, options.kill_after, outcome.usage)


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
