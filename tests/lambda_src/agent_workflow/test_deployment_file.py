"""Models and prices from the package, for a deployment too large for the environment."""

import json

import pytest

from agent_workflow.deployment_file import with_deployment_file
from agent_workflow.errors import InvalidConfiguration

PRICE = {"input": "1", "output": "2"}


def document(**changes):
    return json.dumps({"AGENT_MODELS": {"a": "m"}, "MODEL_PRICES": {"m": PRICE}, "AGENT_PRICES": {}, **changes})


def test_what_only_the_deployment_knew_joins_what_the_package_knows(tmp_path):
    file = tmp_path / "deployment.json"
    file.write_text(document(AGENT_PRICES={"b": PRICE}), encoding="utf-8")
    given = with_deployment_file({"AGENT_MODELS": '{"b": "~id"}', "PROFILES_PREFIX": "arn/"}, file)
    assert json.loads(given["AGENT_MODELS"]) == {"a": "m", "b": "arn/id"}
    assert json.loads(given["MODEL_PRICES"]) == {"m": PRICE, "arn/id": PRICE}


def test_a_variable_wins_over_the_package(tmp_path):
    file = tmp_path / "deployment.json"
    file.write_text(document(), encoding="utf-8")
    dear = {"input": "9", "output": "9"}
    given = with_deployment_file({"AGENT_MODELS": '{"a": "n"}', "MODEL_PRICES": json.dumps({"m": dear})}, file)
    assert json.loads(given["AGENT_MODELS"]) == {"a": "n"}
    assert json.loads(given["MODEL_PRICES"]) == {"m": dear}


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"AGENT_MODELS": 3}', "\udcff"])
def test_fails_when_the_file_is_not_the_constructs(tmp_path, text):
    file = tmp_path / "deployment.json"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidConfiguration, match="DEPLOYMENT_FILE must name the file that the construct puts"):
        with_deployment_file({}, file)


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_fails_when_a_variable_is_no_table(tmp_path, text):
    file = tmp_path / "deployment.json"
    file.write_text(document(), encoding="utf-8")
    with pytest.raises(InvalidConfiguration, match="AGENT_MODELS must be a JSON object, got a string of length"):
        with_deployment_file({"AGENT_MODELS": text}, file)
