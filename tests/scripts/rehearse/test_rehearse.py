"""Every alarm has a rehearsal; what one came to is told; bad usage is one line."""

import json

import pytest

from scripts.local_aws.cloudwatch.metrics import Datum, MetricId
from scripts.rehearse import runbook
from scripts.rehearse.causes import SCENARIOS
from scripts.rehearse.command import main
from scripts.rehearse.history import kept, read
from scripts.rehearse.report import closing_line, document, span, table
from scripts.rehearse.scenario import Outcome, Scenario
from scripts.rehearse.synthesized import synthesized
from tests.infra.monitoring.test_runbook import ALARMS

ONE = Scenario("Failed", "a bad event", lambda stage, number: None, "InvalidRequest")
HELD = Outcome(ONE, {"Failed": 300.0}, "PAGE ... #failed", 2, 2, seconds=1.5)


def test_every_alarm_of_the_synthesized_template_has_one_rehearsal_and_a_runbook():
    alarms = [alarm.name for alarm in synthesized().alarms()]
    assert sorted(alarms) == sorted(ALARMS) == sorted(scenario.alarm for scenario in SCENARIOS if scenario.alarm)
    for name in alarms:
        assert runbook.first_commands(name)


def test_fails_when_the_runbook_has_no_such_section():
    with pytest.raises(LookupError, match="must have a first command for Loud, got none"):
        runbook.first_commands("Loud")


def test_what_a_rehearsal_came_to_is_told_in_a_row_a_sentence_and_a_document():
    broken = Outcome(ONE, {}, None, None, 2, ("Failed must ring, it does not",))
    cells = [list(column.cells) for column in table([HELD, broken]).columns]
    assert [str(cell) for cell in cells[2]] == ["Failed 5 min", "none"]
    assert [str(cell) for cell in cells[5]] == ["holds", "does not hold"]
    assert closing_line([HELD, broken], 9.6) == (
        "1 of 2 rehearsals hold; 1 messages arrived; 2 commands at most until the cause is named; 10 s"
    )
    told = json.loads(json.dumps(document([HELD, broken], 9.6)))
    assert (told["held"], told["rehearsals"][1]["reasons"]) == (1, ["Failed must ring, it does not"])


@pytest.mark.parametrize(("seconds", "words"), [(300, "5 min"), (3600, "1 h"), (86_400, "1 d"), (900, "15 min")])
def test_a_span_has_one_unit(seconds: float, words: str):
    assert span(seconds) == words


def test_what_was_measured_is_read_back_as_it_was_kept():
    data = (Datum(MetricId.of("N", "m", {"F": "f"}), 12.5, 3.0),)
    history = read(kept(data, [HELD]))
    assert (history.data, history.rang) == (data, {"Failed"})


@pytest.mark.parametrize("text", ["", "[]", '{"data": [[1]], "rang": []}'])
def test_fails_when_the_file_is_none_of_a_rehearsal(text: str):
    with pytest.raises(ValueError, match=r"it must be what scripts/rehearse.py --metrics wrote"):
        read(text)


@pytest.mark.parametrize("arguments", [[], ["Loud"], ["all", "--jsn"]])
def test_fails_with_two_when_it_is_used_wrongly(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "scripts/rehearse.py: error: " in capsys.readouterr().err
