"""The command: the real stack in an emulated account on this machine, then the pipeline through its alias."""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__":  # from the first moment: Ctrl-C while modules load must not end in a traceback
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import json
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError
from rich.console import Console

from scripts.console.agents_progress import Progress
from scripts.console.command_line import BadUsage
from scripts.console.declared_agents import agent_names
from scripts.console.display import display_on
from scripts.console.ending import BAD_USAGE, DONE, FAILED, ended
from scripts.console.outcome import Outcome
from scripts.console.report import write_report
from scripts.console.run_folder import new_run_folder
from scripts.deploy_local.alarm_message import ring
from scripts.deploy_local.cdk import require_node
from scripts.deploy_local.deployment import deploy
from scripts.deploy_local.execution import Execution
from scripts.deploy_local.front_door import KEY, FrontDoor, started, visit
from scripts.deploy_local.options import PROGRAM, Options, read_options
from scripts.deploy_local.phases import Phases
from scripts.deploy_local.readback import read_logs
from scripts.deploy_local.services import Services
from scripts.deploy_local.show import Story, write_invitation, write_story
from scripts.local_aws.account.emulator_venv import emulator_python
from scripts.local_aws.account.environment import isolate
from scripts.local_aws.account.failure import DeploymentFailed
from scripts.local_aws.processes.child import REPOSITORY, ChildDied
from scripts.local_aws.processes.journal import read_all

FAILURES = (DeploymentFailed, ChildDied, BotoCoreError, ClientError, HTTPError)
KEEP_LOOK_SECONDS = 1
PAGE_COLUMNS = 140  # of tables in a file or a pipe


def main(arguments: list[str]) -> int:
    """Deploy and run once; returns the exit status."""
    try:
        options = read_options(arguments)
    except BadUsage as error:
        print(f"deploy_local: {error}; try {PROGRAM} --help", file=sys.stderr)
        return BAD_USAGE
    isolate(os.environ)
    return ended("deploy_local", lambda: _run(options), FAILURES)


def _run(options: Options) -> int:
    try:
        return _deploy(options)
    except FAILURES as error:
        if options.as_json:
            print(json.dumps(Outcome(error_type=DeploymentFailed.__name__, error_message=str(error)).document()))
        raise


def _deploy(options: Options) -> int:
    errors = Console(stderr=True)
    phases = Phases(errors)
    require_node()
    folder = new_run_folder(REPOSITORY / ".local" / "deploy")
    phases.say(f"answered by {options.model.label}: this shows the deployment, not the quality of the answers")
    phases.say(f"logs: {folder.relative_to(REPOSITORY)}")
    with phases.of("services", "starting the durable engine, the Bedrock endpoint and the emulated account"):
        services = Services(folder, options.model.arguments or (), emulator_python(phases.say))
        services.start()
    with services:
        story = _story(options, services, folder, phases, errors)
        _write(options, story)
        if options.keep:
            _keep(services, errors, story.deployed.outputs["FunctionName"])
    return DONE if story.outcome.succeeded else FAILED


def _story(options: Options, services: Services, folder: Path, phases: Phases, errors: Console) -> Story:
    deployed, changes = deploy(services, options.stack, folder=folder, phases=phases)
    door = FrontDoor.of(deployed.outputs["ApiUrl"], services.emulator_url)
    with phases.of("execution", f"starting an execution through {deployed.outputs['ApiUrl']}executions"):
        execution = Execution(started(door.start(KEY, options.event)), services)
        with display_on(errors, phases.started_at, live=not options.as_json) as display:
            outcome = execution.follow(Progress.of(agent_names(), display.note), display.show)
    finished = Counter(call["agent"] for call in read_all(services.calls) if call["event"] == "finished")
    with phases.of("front door", "starting it again with the same key, fetching its result"):
        visited = visit(door, options.event, execution.arn)
    with phases.of("alarm", "ringing an alarm, reading its message from a queue that is subscribed"):
        rung = ring(deployed, services.emulator_url)
    logs = read_logs(deployed.outputs["LogGroupName"], services.emulator_url)
    seconds = phases.seconds | {"total": phases.elapsed()}
    return Story(deployed, changes, outcome, finished, logs, visited, rung, seconds)


def _write(options: Options, story: Story) -> None:
    output = Console(width=None if sys.stdout.isatty() else PAGE_COLUMNS)
    if options.as_json:
        print(json.dumps(story.document(), ensure_ascii=False, indent=2), flush=True)
    elif story.outcome.succeeded:
        write_report(output, story.outcome.result)
    if not story.outcome.succeeded:
        print(f"deploy_local: {story.outcome.error_type}: {story.outcome.error_message}", file=sys.stderr)
    if not options.as_json:
        write_story(output, story)


def _keep(services: Services, errors: Console, function: str) -> None:
    write_invitation(errors, services.url, function)
    with suppress(KeyboardInterrupt):  # how a kept deployment is meant to end
        while True:
            services.check()
            time.sleep(KEEP_LOOK_SECONDS)
    print("deploy_local: ended; every process of the deployment was ended", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
