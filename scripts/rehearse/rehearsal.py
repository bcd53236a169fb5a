"""One scenario after the other: provoke, measure, let the alarms judge, deliver, follow the runbook."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from scripts.local_aws.cloudwatch.alarm import Alarm
from scripts.local_aws.cloudwatch.metrics import Datum, Metrics
from scripts.rehearse import runbook
from scripts.rehearse.scenario import Outcome, Scenario
from scripts.rehearse.stage import NeverCame, Stage

BASE = 1_800_000_000 // 86_400 * 86_400.0
"""When every rehearsal begins in the alarms' time: a midnight, at which periods of any length begin."""

BETWEEN_SECONDS = 600
"""From one cause to the next in the history."""

FAILURES = (NeverCame, BotoCoreError, ClientError, LookupError)


class Rehearsal:
    """The scenarios on one stage.

    history: what was measured in all of them, each in its own minutes, for the dashboard.
    """

    def __init__(self, stage: Stage, alarms: Sequence[Alarm]) -> None:
        self._stage = stage
        self._alarms = {alarm.name: alarm for alarm in alarms}
        self.history: list[Datum] = []
        self._minutes = BASE

    def prepare(self, scenarios: Sequence[Scenario]) -> None:
        """What takes its time begins now."""
        self._stage.begin()
        for scenario in scenarios:
            if scenario.prepare:
                scenario.prepare(self._stage)

    def rehearse(self, scenario: Scenario) -> Outcome:
        """One of them; what it changed is put back."""
        began = time.monotonic()
        try:
            outcome = self._tried(scenario)
        except FAILURES as failure:
            outcome = Outcome(scenario, reasons=(str(failure),))
        try:
            if scenario.settle:
                scenario.settle(self._stage)
        except FAILURES as failure:
            outcome = replace(outcome, reasons=(*outcome.reasons, f"afterwards: {failure}"))
        return replace(outcome, seconds=time.monotonic() - began)

    def _tried(self, scenario: Scenario) -> Outcome:
        metrics, until = self._measured(scenario)
        rings = {alarm.name: alarm.first_rings(metrics, BASE, until) for alarm in self._alarms.values()}
        rang = {name: at - BASE for name, at in rings.items() if at is not None}
        reasons = _unlike(scenario, rang)
        if not scenario.alarm:
            return Outcome(scenario, rang, reasons=tuple(reasons))
        told = self._stage.account.delivered(scenario.alarm, f"rehearsed: {scenario.cause}")
        delivered = str(told["AlarmDescription"]) if told else None
        if delivered is None:
            reasons.append("no message came to the topic's subscriber")
        elif not delivered.endswith(f"#{scenario.alarm.lower()}"):
            reasons.append(f"the message must name the section of the runbook, got {delivered!r}")
        commands = runbook.first_commands(scenario.alarm)
        found_by = self._found_by(scenario, commands)
        if found_by is None:
            reasons.append(f"none of the runbook's {len(commands)} commands says {scenario.finds!r}")
        return Outcome(scenario, rang, delivered, found_by, len(commands), tuple(reasons))

    def _measured(self, scenario: Scenario) -> tuple[Metrics, float]:
        """What the cause gave, each of its repetitions in a period of its own, and when the last of them ends."""
        alarm = self._alarms.get(scenario.alarm)
        metrics, at = Metrics(), BASE
        for number in range(alarm.datapoints if alarm else 1):
            self._stage.begin()
            began = time.time()
            scenario.provoke(self._stage, number)
            data = list(self._stage.measured())
            metrics.put(Datum(datum.metric, datum.at - began + at, datum.value) for datum in data)
            self.history += [replace(datum, at=datum.at - began + self._minutes) for datum in data]
            self._minutes += BETWEEN_SECONDS
            at += alarm.period if alarm else 0
        return metrics, at

    def _found_by(self, scenario: Scenario, commands: Sequence[Sequence[str]]) -> int | None:
        known = {"EXECUTION": scenario.looks_at}
        if scenario.queue:
            known["QUEUE_URL"] = self._stage.account.output(scenario.queue)
        said = ""
        for number, command in enumerate(commands, 1):
            if runbook.EXECUTION in command and scenario.looks_at not in said:
                continue  # nobody can know its name yet
            said += runbook.run(command, self._stage.account, known)
            if re.search(scenario.finds, said):
                return number
        return None


def _unlike(scenario: Scenario, rang: Mapping[str, float]) -> list[str]:
    expected = {scenario.alarm, *scenario.beside} - {""}
    missing = [f"{name} must ring, it does not" for name in sorted(expected - rang.keys())]
    return missing + [f"{name} must not ring, it does" for name in sorted(rang.keys() - expected)]
