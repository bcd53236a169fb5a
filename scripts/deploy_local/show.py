"""Shows a local deployment: the report, what was deployed, what the emulator lacks; or all of it as one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.console.outcome import Outcome
from scripts.console.sentence import say
from scripts.deploy_local.gaps import GAPS, interpreter_gap
from scripts.deploy_local.local_template import Change
from scripts.deploy_local.readback import Deployed, Logs
from scripts.local_aws.account.environment import ACCOUNT, REGION


@dataclass(frozen=True)
class Story:
    """All that happened.

    bedrock_calls: agent -> model calls that the Bedrock endpoint finished.
    logs: of the deployed function.
    front_door: what was tried through the API -> what it answered.
    alarm: the alarm that was rung, its state, the message that its subscriber read.
    seconds: phase -> how long it took.
    """

    deployed: Deployed
    changes: tuple[Change, ...]
    outcome: Outcome
    bedrock_calls: Mapping[str, int]
    logs: Logs
    front_door: Mapping[str, Any]
    alarm: Mapping[str, Any]
    seconds: Mapping[str, float]

    def gaps(self) -> tuple[str, ...]:
        """What the emulator lacks, this run's facts included."""
        function = self.deployed.function
        return (*GAPS, interpreter_gap(function["runtime"], " ".join(function["architectures"])))

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        error = {} if self.outcome.succeeded else self.outcome.document()
        return {
            **asdict(self.deployed),
            **error,
            "result": self.outcome.result,
            "bedrock_calls": dict(self.bedrock_calls),
            "logs": asdict(self.logs),
            "front_door": dict(self.front_door),
            "alarm": dict(self.alarm),
            "changes": [change.document() for change in self.changes],
            "gaps": list(self.gaps()),
            "seconds": dict(self.seconds),
        }


def write_story(console: Console, story: Story) -> None:
    """What stands below the report."""
    deployed = story.deployed
    rows = [(kind, str(count), status) for (kind, status), count in sorted(deployed.types().items())]
    _table(console, f"Stack {deployed.stack}: {deployed.status}", ("resource type", "count", "status"), rows)
    alarms = [(alarm["logical_id"], alarm["metric"], alarm["state"]) for alarm in deployed.alarms]
    _table(console, f"{len(alarms)} alarms, read back", ("alarm", "metric", "state"), alarms)
    widgets = deployed.dashboard["widgets"]
    titles = [(kind, ", ".join(_titles(widgets, kind))) for kind in dict.fromkeys(widget["type"] for widget in widgets)]
    _table(console, f"Dashboard, read back: {len(widgets)} widgets", ("type", "widgets"), titles)
    _list(console, f"Function {deployed.function_name}:", _facts(story))
    _list(console, f"Front door {deployed.outputs['ApiUrl']}:", _visited(story.front_door))
    _list(console, "An alarm, rung for real:", [_rung(story.alarm)])
    _list(console, "Not deployed as synthesized:", _told(story.changes))
    _list(console, "What this emulated account lacks (the construct stays as it is):", story.gaps())
    _list(console, "Seconds:", [", ".join(f"{phase} {seconds:.1f}" for phase, seconds in story.seconds.items())])


def _titles(widgets: Iterable[Mapping[str, str]], kind: str) -> list[str]:
    return [widget["title"] for widget in widgets if widget["type"] == kind]


def _facts(story: Story) -> Iterator[str]:
    function = story.deployed.function
    yield f"alias {function['alias']} points to version {function['version']}; ran: {', '.join(story.logs.versions)}"
    for words, key in (("durable", "durable_config"), ("dead letters", "dead_letter_config")):
        facts = function[key] or {"missing": "the emulator dropped it"}
        yield f"{words}: {', '.join(f'{name} {value}' for name, value in facts.items())}"
    metrics = [f"{namespace} {', '.join(names)}" for namespace, names in story.logs.metrics.items()]
    yield f"{story.logs.lines} lines in its log group; metrics in them: {'; '.join(metrics) or 'none'}"
    calls = ", ".join(f"{agent} {count}" for agent, count in story.bedrock_calls.items())
    yield f"model calls that reached the Bedrock endpoint: {calls or 'none'}"


def _visited(front_door: Mapping[str, Any]) -> Iterator[str]:
    again = front_door["same_key"]
    yield f"the same key again: {again['status']}, {'the same' if again['same_execution'] else 'another'} execution"
    for tried, answer in front_door.items():
        if tried != "same_key":
            message = answer["body"].get("message") or answer["body"].get("status") or "as documented"
            yield f"{tried.replace('_', ' ')}: {answer['status']}, {message}"


def _rung(alarm: Mapping[str, Any]) -> str:
    message = alarm["message"]
    told = f"the subscriber read: {message['AlarmDescription']}" if message else "NO message reached the subscriber"
    return f"{alarm['alarm']} is in {alarm['state']}; {told}"


def _told(changes: Iterable[Change]) -> list[str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        grouped.setdefault((change.change, change.why), []).append(change.logical_id)
    return [f"{change}, {why}: {', '.join(ids)}" for (change, why), ids in grouped.items()] or ["nothing"]


def write_invitation(console: Console, url: str, function: str) -> None:
    """How to reach what --keep leaves running."""
    settings = [f"export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION={REGION}"]
    settings += [f"export AWS_ACCESS_KEY_ID={ACCOUNT} AWS_SECRET_ACCESS_KEY=local"]
    settings += [f"aws lambda list-durable-executions-by-function --function-name {function}"]
    _list(console, "Kept running until Ctrl-C. For the AWS CLI and SDKs:", settings)


def _table(console: Console, title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def _list(console: Console, title: str, lines: Iterable[str]) -> None:
    console.print()
    console.print(title, style="bold", markup=False, highlight=False)
    for line in lines:
        say(console, f"  - {line}", hang=4)
