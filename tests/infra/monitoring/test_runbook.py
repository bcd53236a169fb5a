"""Whoever is woken has an alarm's name and docs/operations.md: every alarm of the table has all of its section."""

import re

import pytest

from infra.durable_agent_pipeline.monitoring.alarm_rules import RULES
from tests.docs.pages import ROOT
from tests.docs.shell import commands

OF_THE_API = "ApiErrors"
ALARMS = [*(rule.name for rule in RULES), OF_THE_API]
PARTS = ["**First command**", "**Causes, the likeliest first**", "**Action.** ", "**Verify.** ", "**Rehearse.** "]
MOST_COMMANDS = 3
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w[\w ]*)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def first_commands(alarm: str) -> list[list[str]]:
    block = re.search(r"\*\*First command\*\*\n\n```console\n(.*?)```", SECTIONS[alarm], re.DOTALL)
    assert block is not None
    return list(commands(block[1]))


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_has_meaning_first_command_causes_action_check_and_rehearsal(alarm):
    section = SECTIONS[alarm]
    places = [section.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert section[: places[0]].strip()
    assert re.search(r"^1\. ", section[places[1] : places[2]], re.MULTILINE)


@pytest.mark.parametrize("alarm", ALARMS)
def test_the_cause_is_found_by_three_commands_at_most(alarm):
    found = first_commands(alarm)
    assert 1 <= len(found) <= MOST_COMMANDS
    assert {command[0] for command in found} <= {"scripts/pipeline", "aws"}
    assert any(command[0] == "scripts/pipeline" for command in found)


def test_the_page_describes_no_alarm_that_does_not_exist_and_in_the_order_of_the_table():
    assert [name for name, section in SECTIONS.items() if PARTS[0] in section] == ALARMS
