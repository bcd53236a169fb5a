"""agents.py: the declaration and its prompts."""

from pathlib import Path

import pytest

from agent_workflow.agents import AgentSpec, read_agents
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.inputs import QUERY
from agent_workflow.tools import tool_options
from tests.agent_rules import ENDS, MOST_AGENTS, NAME_LENGTH, folder_with

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
    "no agent": ("agents = []", "must declare 1 to 32 [[agents]] tables, got 0"),
    "not TOML": ("[[agents", "must be valid TOML"),
    "unknown table": (
        ONE + "[other]\nx = 1",
        "must hold [[agents]], [tools.NAME] and [models.ID] tables only, got 'other'",
    ),
    "unknown key": (ONE + "colour = 1", "agent 'one' must have only the fields name, inputs, model, "),
    "prompt in the file": (ONE + 'prompt = "x"', "got 'prompt'"),
    "bad name": (ONE.replace('"one"', '"One"'), "name must be a word like [a-z][a-z0-9-]{0,31}, got 'One'"),
    "name twice": (
        ONE + ONE,
        "report, usage, stored, sources, citations, queries, verdicts, one, got 'one'",
    ),
    "name of a result field": (ONE.replace('"one"', '"report"'), "got 'report'"),
    "later input": (TWO, "agent 'two': inputs must name what comes before it (query), so that there is no cycle"),
    "own input": (ONE.replace('["query"]', '["one"]'), "got 'one'"),
    "no input": (ONE.replace('["query"]', "[]"), "inputs must be a list of 'query' and earlier agents, got []"),
    "empty model": (ONE.replace('"a.model"', '""'), "model must be a model id, got ''"),
    "a date for a model": (ONE.replace('"a.model"', "1979-05-27"), "model must be a model id, got datetime"),
    "no max_tokens": (
        ONE.replace("max_tokens = 10", ""),
        "max_tokens must be a whole number between 1 and 1000000, got none",
    ),
    "no prompt": (ONE.replace('"one"', '"three"'), "agent 'three' must have a prompt in prompts/three.md"),
    "a number of 5,000 digits": (ONE.replace("= 10", "= 1" + "0" * 5_000), "must hold numbers that Python can read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_fails_when_the_declaration_breaks_a_rule_and_names_the_place(folder: Path, case: str):
    text, message = REFUSED[case]
    with pytest.raises(InvalidConfiguration) as refused:
        read_agents(declare(folder, text))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_fails_when_the_folder_has_no_declaration(folder: Path):
    with pytest.raises(InvalidConfiguration, match=r"agents must be a folder with an agents\.toml"):
        read_agents(folder)


def test_fails_when_a_prompt_is_empty(folder: Path):
    (folder / "prompts" / "one.md").write_text(" \n")
    with pytest.raises(InvalidConfiguration, match=r"must have a prompt in prompts/one\.md, got none"):
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
    assert made["look"].retry is not None
    assert [made["look"].retry(ValueError(), attempt).should_retry for attempt in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("at_most_once = true\nmax_attempts = 2", "at_most_once must leave max_attempts at 1"),
        (
            "timeout_seconds = 0",
            "tool_options of 'pay': timeout_seconds must be a whole number between 1 and 900, got 0",
        ),
        ("patience = 1", "must have only the fields durable, .*, got 'patience'"),
    ],
)
def test_fails_when_the_options_of_a_tool_break_a_rule(folder: Path, options: str, message: str):
    declare(folder, f'{ONE}tools = ["pay"]\n[agents.tool_options.pay]\n{options}\n')
    with pytest.raises(InvalidConfiguration, match=message):
        read_agents(folder)


def test_fails_when_options_are_given_for_a_tool_the_agent_has_not(folder: Path):
    with pytest.raises(InvalidConfiguration, match="must name tools of the agent, got 'pay'"):
        read_agents(declare(folder, ONE + "[agents.tool_options.pay]\nat_most_once = true\n"))


@pytest.mark.parametrize("lines", ENDS)
def test_both_ends_of_a_range_are_allowed_and_nothing_beyond(tmp_path, lines):
    low, high = ENDS[lines]
    for end in (low, high):
        assert len(read_agents(folder_with(tmp_path / f"at{end}", lines.format(end)))) == 1
    for beyond in (low - 1, high + 1, "true", '"1"'):
        with pytest.raises(
            InvalidConfiguration, match=r"agents\.toml: agent 'one'.* must be a (whole )?number between"
        ):
            read_agents(folder_with(tmp_path / f"beyond{beyond}", lines.format(beyond)))


def test_a_name_may_have_32_characters_and_a_folder_32_agents(tmp_path):
    longest = "a" * NAME_LENGTH
    assert len(read_agents(folder_with(tmp_path / "name", "max_tokens = 9", longest))) == 1
    assert len(read_agents(folder_with(tmp_path / "most", "max_tokens = 9", agents=MOST_AGENTS))) == MOST_AGENTS
    with pytest.raises(InvalidConfiguration, match="name must be a word like"):
        read_agents(folder_with(tmp_path / "longer", "max_tokens = 9", longest + "a"))
    with pytest.raises(InvalidConfiguration, match=r"must declare 1 to 32 \[\[agents\]\] tables, got 33"):
        read_agents(folder_with(tmp_path / "more", "max_tokens = 9", agents=MOST_AGENTS + 1))
