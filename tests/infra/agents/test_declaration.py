"""What an agents folder must hold."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.durable_agent_pipeline.agents.declaration import RULE_BOOK, read_agents, rule_book
from infra.durable_agent_pipeline.package.lambda_source import lambda_source
from tests.agent_rules import ENDS, MOST_AGENTS, NAME_LENGTH, folder_with

AGENT = """
[[agents]]
name = "{name}"
inputs = {inputs}
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 100
{more}
"""


def agents(folder: Path, *entries: str, prompts: tuple[str, ...] = ("writer", "editor")) -> Path:
    (folder / "prompts").mkdir()
    for name in prompts:
        (folder / "prompts" / f"{name}.md").write_text(f"You are {name}.", encoding="utf-8")
    (folder / "agents.toml").write_text("\n".join(entries), encoding="utf-8")
    return folder


def one(name: str = "writer", inputs: str = '["query"]', more: str = "") -> str:
    return AGENT.format(name=name, inputs=inputs, more=more)


def test_the_packaged_agents_are_the_contracts():
    assert [agent.name for agent in read_agents(lambda_source() / "agents")] == [
        "research",
        "analysis",
        "summary",
    ]


def test_agents_come_in_the_order_they_run(tmp_path):
    folder = agents(tmp_path, one(), one("editor", '["query", "writer"]'))
    assert [agent.name for agent in read_agents(folder)] == ["writer", "editor"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [one(inputs='["editor"]'), one("editor", '["writer"]')],
            "inputs must name what comes before it (query), so that there is no cycle, got 'editor'",
        ),
        ([one(inputs='["writer"]')], "got 'writer'"),
        ([one(inputs="[]")], "inputs must be a list of 'query' and earlier agents, got []"),
        (
            [one(), one()],
            "report, usage, stored, sources, citations, queries, verdicts, writer, got 'writer'",
        ),
        ([one("report")], "got 'report'"),
        ([one("Writer")], "name must be a word like"),
        ([one("critic")], "agent 'critic' must have a prompt in prompts/critic.md"),
        ([one(more="temprature = 1")], "must have only the fields name, inputs, model"),
        ([one(more="temperature = 2")], "temperature must be a number between 0 and 1, got 2"),
        ([one(more="[agents.limits]\nturns = 0")], "turns must be a whole number between 1 and 1000, got 0"),
        ([one(more="[agents.limits]\nsteps = 1")], "must have only the fields turns, total_tokens, got 'steps'"),
        ([one(more='tools = ["search"]')], "must have a tools.py beside agents.toml"),
        (['title = "x"', one()], "must hold [[agents]], [tools.NAME] and [models.ID] tables only, got 'title'"),
        ([""], "must declare 1 to 32 [[agents]] tables, got 0"),
        (["[[agents"], "must be valid TOML in UTF-8"),
        (
            [one(more="[agents.tool_options.search]\ntimeout_seconds = 5")],
            "tool_options must name tools of the agent, got 'search'",
        ),
        (["agents = [1]"], "agents must be [[agents]] tables, got 1"),
        ([one("stored")], "got 'stored'"),
    ],
)
def test_fails_when_the_declaration_breaks_a_rule(tmp_path, entries, message):
    with pytest.raises(ValueError, match=r".") as refused:
        read_agents(agents(tmp_path, *entries))
    assert message in str(refused.value)


def test_fails_when_the_folder_has_no_agents_file(tmp_path):
    with pytest.raises(ValueError, match=r"agents must be a folder with an agents.toml"):
        read_agents(tmp_path / "nowhere")


def test_fails_when_a_prompt_is_blank(tmp_path):
    folder = agents(tmp_path, one())
    (folder / "prompts" / "writer.md").write_text(" \n", encoding="utf-8")
    with pytest.raises(ValueError, match="must have a prompt"):
        read_agents(folder)


@pytest.mark.parametrize(
    "module",
    [
        "@tool\ndef search(): ...",
        "search = 1",
        "from elsewhere import search",
        "import search",
        "from elsewhere import *",
        "try:\n    from fast import search\nexcept ImportError:\n    def search(): ...",
        "if True:\n    def search(): ...",
    ],
)
def test_a_tool_is_any_name_that_tools_py_binds_and_the_module_is_never_run(tmp_path, module):
    folder = agents(tmp_path, one(more='tools = ["search"]'))
    (folder / "tools.py").write_text(f"{module}\nraise SystemExit", encoding="utf-8")
    assert len(read_agents(folder)) == 1


def test_fails_when_tools_py_lacks_a_tool(tmp_path):
    folder = agents(tmp_path, one(more='tools = ["search"]'))
    (folder / "tools.py").write_text("def find(): ...", encoding="utf-8")
    with pytest.raises(ValueError, match=r"tools must be names in tools.py, got 'search'"):
        read_agents(folder)


def test_synth_reads_by_the_rules_that_ship_with_the_lambda_and_needs_python_alone():
    folder = lambda_source() / RULE_BOOK
    assert rule_book().__file__ == str(folder / "declaration.py")
    read = f"import sys; sys.path.append({str(folder.parent)!r}); import agent_workflow.declaration"
    # -I -S: no site-packages, no PYTHONPATH, so nothing but the standard library can be imported
    done = subprocess.run([sys.executable, "-I", "-S", "-c", read], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_fails_when_a_prompt_is_not_utf_8(tmp_path):
    folder = agents(tmp_path, one())
    (folder / "prompts" / "writer.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"prompts/writer\.md must be UTF-8"):
        read_agents(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("timeout_seconds = 0", "timeout_seconds must be a whole number between 1 and 900, got 0"),
        ("durable = 1", "durable must be true or false, got 1"),
        ("patience = 1", "must have only the fields durable, at_most_once"),
        ("at_most_once = true\nmax_attempts = 2", "at_most_once must leave max_attempts at 1"),
    ],
)
def test_fails_when_the_options_of_a_tool_break_a_rule(tmp_path, options, message):
    folder = agents(tmp_path, one(more=f'tools = ["search"]\n[agents.tool_options.search]\n{options}'))
    (folder / "tools.py").write_text("@tool\ndef search(): ...", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_agents(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agents = 5", "agents must be [[agents]] tables, got 5"),
        ("agents = " + "[" * 3_000 + "]" * 3_000, "must not be nested so deep"),
    ],
)
def test_fails_when_agents_are_no_tables_in_one_short_line(tmp_path, text, said):
    (tmp_path / "agents.toml").write_text(text)
    with pytest.raises(ValueError, match=r"agents\.toml") as refused:
        read_agents(tmp_path)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        ("def search(): ...", False),
        ("async def search(): ...", False),
        ("class search: ...", False),
        ("@tool\ndef search(): ...", True),
        ("def search(): ...\nsearch = tool(search)", True),
        ("from elsewhere import search", True),
        ("search = MCPClient()", True),
    ],
)
def test_a_tool_that_strands_would_drop_in_silence_is_refused_at_synth(tmp_path, code, fits):
    folder = agents(tmp_path, one(more='tools = ["search"]'), prompts=("writer",))
    (folder / "tools.py").write_text(code)
    if fits:
        assert read_agents(folder)
    else:
        with pytest.raises(ValueError, match=r"tools must be made with @tool or @durable_tool, got 'search'"):
            read_agents(folder)


def test_the_folder_of_the_packaged_agents_holds_no_code_that_an_agent_could_take_for_a_tool(tmp_path):
    shutil.copytree(lambda_source() / "agents", tmp_path / "agents")
    declaration = tmp_path / "agents" / "agents.toml"
    declaration.write_text(declaration.read_text().replace("tools = []", 'tools = ["load_tools"]', 1))
    with pytest.raises(ValueError, match=r"must have a tools\.py beside agents\.toml, got none"):
        read_agents(tmp_path / "agents")


@pytest.mark.parametrize("lines", ENDS)
def test_both_ends_of_a_range_are_allowed_and_nothing_beyond(tmp_path, lines):
    low, high = ENDS[lines]
    for end in (low, high):
        assert len(read_agents(folder_with(tmp_path / f"at{end}", lines.format(end)))) == 1
    for beyond in (low - 1, high + 1, "true", '"1"'):
        with pytest.raises(ValueError, match=r"agents\.toml: agent 'one'.* must be a (whole )?number between"):
            read_agents(folder_with(tmp_path / f"beyond{beyond}", lines.format(beyond)))


def test_a_name_may_have_32_characters_and_a_folder_32_agents(tmp_path):
    longest = "a" * NAME_LENGTH
    assert len(read_agents(folder_with(tmp_path / "name", "max_tokens = 9", longest))) == 1
    assert len(read_agents(folder_with(tmp_path / "most", "max_tokens = 9", agents=MOST_AGENTS))) == MOST_AGENTS
    with pytest.raises(ValueError, match="name must be a word like"):
        read_agents(folder_with(tmp_path / "longer", "max_tokens = 9", longest + "a"))
    with pytest.raises(ValueError, match=r"must declare 1 to 32 \[\[agents\]\] tables, got 33"):
        read_agents(folder_with(tmp_path / "more", "max_tokens = 9", agents=MOST_AGENTS + 1))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[agents.questions]\nto = "nobody"', "questions: to must name another agent (editor), got 'nobody'"),
        ('[agents.critic]\nagent = "writer"', "critic: agent must name another agent (editor), got 'writer'"),
        (
            '[agents.critic]\nagent = "editor"\nrounds = 0',
            "critic: rounds must be a whole number between 1 and 5, got 0",
        ),
    ],
)
def test_fails_at_synth_when_agents_work_together_against_the_rules(tmp_path, more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_agents(agents(tmp_path, one(more=more), one("editor")))
