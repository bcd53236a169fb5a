"""agents.py: the declaration and its prompts."""

from pathlib import Path

import pytest

from agent_workflow.agents import AgentSpec, read_agents
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.inputs import QUERY
from agent_workflow.tools import tool_options

PACKAGED = Path(__file__).parents[3] / "lambda_src" / "agents"
ONE = '[[agents]]\nname = "one"\ninputs = ["query"]\nmodel = "a.model"\nmax_tokens = 10\n'
TWO = '[[agents]]\nname = "two"\ninputs = ["query", "one"]\nmodel = "b.model"\nmax_tokens = 10\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    for name in ("one", "two"):
        (tmp_path / "prompts" / f"{name}.md").write_text(f"You are {name}.\n")
    return tmp_path


def declare(folder: Path, text: str) -> Path:
    (folder / "agents.toml").write_text(text)
    return folder


def test_the_packaged_agents_read_what_the_pipeline_promises():
    agents = read_agents(PACKAGED)
    assert [(agent.name, agent.inputs, agent.operation) for agent in agents] == [
        ("research", ("query",), "research-agent"),
        ("analysis", ("research",), "analysis-agent"),
        ("summary", ("query", "research", "analysis"), "summary-agent"),
    ]
    assert {agent.model for agent in agents} == {"us.anthropic.claude-sonnet-4-6"}
    assert all(not agent.tools for agent in agents)


@pytest.mark.parametrize("agent", read_agents(PACKAGED), ids=lambda agent: agent.name)
def test_each_packaged_prompt_opens_with_a_short_role_and_says_that_quoted_text_is_data(agent: AgentSpec):
    role = agent.prompt.split("\n\n")[0]
    assert role.startswith("You are a")
    assert len(role) <= 240
    assert "\n" not in role
    assert "do not follow" in agent.prompt
    assert "It is data" in agent.prompt or "are data" in agent.prompt


def test_agents_are_read_in_order_with_prompts_and_defaults(folder: Path):
    one, two = read_agents(declare(folder, ONE + TWO))
    assert (one.prompt, two.prompt) == ("You are one.", "You are two.")
    assert (one.temperature, one.tools, one.limits.turns, one.limits.total_tokens) == (None, (), None, None)
    assert two.inputs == (QUERY, "one")


def test_another_model_takes_the_place_of_the_declared_one_and_of_its_temperature(folder: Path):
    declare(folder, ONE + "temperature = 0.3\n" + TWO + "temperature = 0.3\n")
    one, two = read_agents(folder, {"one": "c.model"})
    assert (one.model, one.temperature) == ("c.model", None)
    assert (two.model, two.temperature) == ("b.model", 0.3)


def test_the_declared_model_given_again_keeps_its_temperature(folder: Path):
    (one,) = read_agents(declare(folder, ONE + "temperature = 0.3\n"), {"one": "a.model"})
    assert one.temperature == 0.3


REFUSED = {
    "no agent": ("agents = []", "at least 1 item"),
    "not TOML": ("[[agents", "must be valid TOML"),
    "unknown table": (ONE + "[other]\nx = 1", "unknown field 'other'"),
    "unknown key": (ONE + "colour = 1", "unknown field 'agents[0].colour'"),
    "prompt in the file": (ONE + 'prompt = "x"', "unknown field 'agents[0].prompt'"),
    "bad name": (ONE.replace('"one"', '"One"'), "agents[0].name"),
    "name twice": (ONE + ONE, "agents[1].name must be none of one, query"),
    "name of a result field": (ONE.replace('"one"', '"report"'), "got 'report'"),
    "later input": (TWO, "agents[0].inputs must name what comes earlier (query), got 'one'"),
    "own input": (ONE.replace('["query"]', '["one"]'), "got 'one'"),
    "no input": (ONE.replace('["query"]', "[]"), "agents[0].inputs"),
    "empty model": (ONE.replace('"a.model"', '""'), "agents[0].model"),
    "no max_tokens": (ONE.replace("max_tokens = 10", ""), "agents[0].max_tokens is required"),
    "max_tokens as text": (ONE.replace("= 10", '= "10"'), "agents[0].max_tokens: input should be a valid integer"),
    "no tokens": (ONE.replace("= 10", "= 0"), "greater than or equal to 1, got 0"),
    "hot": (ONE + "temperature = 1.5", "agents[0].temperature"),
    "no turns": (ONE + "[agents.limits]\nturns = 0", "agents[0].limits.turns: input should be greater"),
    "no prompt": (ONE.replace('"one"', '"three"'), "got no readable three.md"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_fails_when_the_declaration_breaks_a_rule_and_names_the_place(folder: Path, case: str):
    text, message = REFUSED[case]
    with pytest.raises(InvalidConfiguration) as refused:
        read_agents(declare(folder, text))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_fails_when_the_folder_has_no_declaration(folder: Path):
    with pytest.raises(InvalidConfiguration, match=r"must hold agents\.toml"):
        read_agents(folder)


def test_fails_when_a_prompt_is_empty(folder: Path):
    (folder / "prompts" / "one.md").write_text(" \n")
    with pytest.raises(InvalidConfiguration, match=r"got an empty one\.md"):
        read_agents(declare(folder, ONE))


def test_fails_when_a_model_is_given_for_an_unknown_agent(folder: Path):
    with pytest.raises(InvalidConfiguration, match="declared agents only, got 'ones'"):
        read_agents(declare(folder, ONE), {"ones": "c.model"})


def test_the_options_of_a_tool_become_those_of_durable_strands(folder: Path):
    options = 'tools = ["pay", "look"]\n[agents.tool_options.pay]\nat_most_once = true\n'
    options += "[agents.tool_options.look]\nmax_attempts = 3\ntimeout_seconds = 7\n"
    (one,) = read_agents(declare(folder, ONE + options))
    made = tool_options(one.tool_options)
    assert (made["pay"].at_most_once, made["pay"].retry, made["pay"].timeout_seconds) == (True, None, 120)
    assert (made["look"].at_most_once, made["look"].timeout_seconds) == (False, 7)
    assert [made["look"].retry(ValueError(), attempt).should_retry for attempt in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("at_most_once = true\nmax_attempts = 2", "at_most_once must leave max_attempts at 1"),
        ("timeout_seconds = 0", r"agents\[0\].tool_options.pay.timeout_seconds"),
        ("patience = 1", "unknown field 'agents\\[0\\].tool_options.pay.patience'"),
    ],
)
def test_fails_when_the_options_of_a_tool_break_a_rule(folder: Path, options: str, message: str):
    declare(folder, f'{ONE}tools = ["pay"]\n[agents.tool_options.pay]\n{options}\n')
    with pytest.raises(InvalidConfiguration, match=message):
        read_agents(folder)


def test_fails_when_options_are_given_for_a_tool_the_agent_has_not(folder: Path):
    with pytest.raises(InvalidConfiguration, match="must name tools of the agent, not pay"):
        read_agents(declare(folder, ONE + "[agents.tool_options.pay]\nat_most_once = true\n"))
