"""A flow draws itself and says its worst case, from its own code and the limits that its agents declare."""

import textwrap
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match

from agent_workflow.settings import read_settings
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.agents.flow_bounds import (
    HANDED_OVER_AT,
    MOST_BYTES,
    MOST_EXECUTIONS,
    MOST_OPERATIONS,
    bounds,
    diagram,
)
from infra.durable_agent_pipeline.agents.flow_notes import table
from scripts.console.marked_block import block
from scripts.construct_page import packaged_flow
from tests.infra.apps import NO_BUNDLING

AGENTS = ("writer", "critic")


def flow_in(folder: Path, run: str, more: str = "") -> Path:
    """Two agents and a flow.py whose `run` has these lines."""
    (folder / "prompts").mkdir()
    entries = []
    for name in AGENTS:
        (folder / "prompts" / f"{name}.md").write_text(f"You are {name}.", encoding="utf-8")
        entries.append(f'[[agents]]\nname = "{name}"\ninputs = ["query"]\nmodel = "us.amazon.nova-lite-v1:0"\n{more}')
        entries.append("max_tokens = 1000\n" if "max_tokens" not in more else "")
    (folder / "agents.toml").write_text("\n".join(entries), encoding="utf-8")
    (folder / "tools.py").write_text("from strands import tool\n\n\n@tool\ndef look() -> str: ...\n", encoding="utf-8")
    body = textwrap.dedent(run)
    text = body if "def run" in body else f"def run(flow, request):\n{textwrap.indent(body.strip(), '    ')}\n"
    (folder / "flow.py").write_text(text, encoding="utf-8")
    return folder


OPERATIONS = {
    "an ask": ('return flow.ask("writer")', 3),
    "both sides of a branch": (
        """
        if "short" in flow.ask("critic"):
            return flow.ask("writer")
        flow.wait("a-night", 3600)
        flow.ask("writer")
        return flow.ask("critic")
        """,
        1 + 2 + 1 + 2 + 2,
    ),
    "a bounded loop": (
        """
        text = flow.ask("writer")
        for _ in range(3):
            if flow.ask("critic", text=text).strip().startswith("OK"):
                break
            text = flow.ask("writer", text=text)
        return text
        """,
        1 + 2 + 3 * 4,
    ),
    "a while with a counter": (
        """
        text, round = flow.ask("writer"), 0
        while "OK" not in flow.ask("critic", text=text) and round < 4:
            round += 1
        return text
        """,
        1 + 2 + 5 * 2,
    ),
    "a set of words": ('return flow.ask("critic" if flow.ask("writer").lower() in {"yes", "no"} else "writer")', 5),
    "JSON that may not be": (
        """
        import json
        try:
            fields = json.loads(flow.ask("writer"))
        except ValueError:
            return flow.ask("critic")
        if fields["grade"] > 3 and isinstance(fields, dict):
            flow.ask("writer")
            flow.ask("writer")
        return f"# {fields['title']}"
        """,
        1 + 2 + 4,
    ),
    "an agent that fails": (
        """
        try:
            return flow.ask("writer")
        except Exception:
            flow.wait("a-while", 60)
            return flow.ask("critic")
        """,
        1 + 2 + 1 + 2,
    ),
    "a step": ("return f\"{flow.step('look', lambda: 1 / 0)} {flow.ask('writer')}\"", 4),
    "items that an agent names": (
        """
        names = flow.ask("writer").splitlines()[:7]
        found = flow.ask_each("critic", names, name="each-name", item="name")
        return "\\n".join(each.text for each in found)
        """,
        1 + 2 + 1 + 7 * 3,
    ),
    "a loop over what an agent names": (
        """
        for name in flow.ask("writer").splitlines()[:7]:
            flow.ask("critic", name=name)
        return "done"
        """,
        1 + 2 + 7 * 2,
    ),
    "as many topics as may be": (
        """
        found = flow.ask_each("writer", request.topics or ["one"], name="topics", item="topic")
        return "\\n".join(f"- {each.item}: {each.text}" for each in found)
        """,
        1 + 1 + 20 * 3,
    ),
    "a review that is sent back": (
        """
        def again(draft, comments):
            return flow.ask("writer", draft=draft, comments=comments)

        return flow.review(flow.ask("writer"), revise=again)
        """,
        1 + 2 + 10 * 2 + 11 * 6,
    ),
    "more ways than can be tried": (
        """
        for number in range(12):
            if "more" in flow.ask("critic", part=number):
                flow.ask("writer", part=number)
        return flow.ask("writer")
        """,
        1 + 12 * 4 + 2,
    ),
    "a module beside it": (
        """
        from agents.helper import ROUNDS

        def run(flow, request):
            for _ in range(ROUNDS):
                flow.ask("writer")
            return "done"
        """,
        1 + 6 * 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OPERATIONS)
def test_it_counts_the_costliest_way_through(tmp_path, case: str):
    run, operations = OPERATIONS[case]
    folder = flow_in(tmp_path, run)
    (folder / "helper.py").write_text("ROUNDS = 6\n", encoding="utf-8")
    found = bounds(folder)
    assert found.unbounded is None
    assert found.operations == operations
    assert found.complete is (case != "more ways than can be tried")


UNBOUNDED = {
    "a while that an answer ends": (
        """
        text = flow.ask("writer")
        while "OK" not in flow.ask("critic", text=text):
            text = flow.ask("writer", text=text)
        return text
        """,
        "flow.py:3, the while loop there",
    ),
    "a loop over an answer": (
        """
        for line in flow.ask("writer").splitlines():
            flow.ask("critic", line=line)
        return "done"
        """,
        "flow.py:2 loops over what only a run knows",
    ),
    "a recursion that an answer ends": (
        """
        def run(flow, request):
            return better(flow, flow.ask("writer"))

        def better(flow, text):
            return text if "OK" in flow.ask("critic", text=text) else better(flow, text)
        """,
        "no end was found of the recursion in flow.py:6",
    ),
    "a while True without a verb": ("while True:\n    pass", "flow.py:2, the while loop there"),
}


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=[pytest.mark.slow] * ("without" in one)) for one in UNBOUNDED]
)
def test_a_loop_without_a_bound_is_named_by_its_line(tmp_path, case: str):
    run, named = UNBOUNDED[case]
    assert named in str(bounds(flow_in(tmp_path, run)).unbounded)


REFUSED = {
    "from agent_workflow.topics import one_txt\ndef run(flow, request):\n    return ''": "importable, got ImportError",
    "import no_such_module\ndef run(flow, request):\n    return ''": "importable, got ModuleNotFoundError",
    "1 / 0\ndef run(flow, request):\n    return ''": "importable, got ZeroDivisionError",
    "run = 'text'\n# def run": "must have a function run",
    "agent = 'riter'\nreturn flow.ask(agent)": "must ask agents of agents.toml (writer, critic), got 'riter'",
    "return run(flow, request)": "raised RecursionError in flow.py:2",
    "flow.ask('writer')": "must return the report, or fields with a report, got nothing",
    "return {'text': flow.ask('writer')}": "got a dict",
    "return flow.aks('writer')": "raised AttributeError in flow.py:2",
    "return flow.ask('writer', **{'A B': 'x'})": "the name of an input",
    "flow.wait('Night', 5)": "a name in flow.py must be like",
    "flow.wait('night', 0)": "1 to 31622400 whole seconds",
    "flow.review(flow.ask('writer'), of='editor')": "must be of",
}


@pytest.mark.parametrize("run", REFUSED)
def test_fails_when_a_flow_cannot_run_whatever_its_agents_answer(tmp_path, run: str):
    with pytest.raises(ValueError, match=" ") as refused:
        bounds(flow_in(tmp_path, run))
    assert REFUSED[run] in str(refused.value)


def test_what_only_some_ways_raise_is_said_and_refuses_nothing(tmp_path):
    run = 'if "no" in flow.ask("writer"):\n    raise ValueError("none")\nreturn flow.ask("critic")'
    found = bounds(flow_in(tmp_path, run))
    assert (found.operations, list(found.failures)) == (5, ["ValueError in flow.py:3"])
    assert "some ways raise: ValueError in flow.py:3" in table(found)


def test_packages_that_only_the_lambda_has_are_not_needed(tmp_path):
    run = """
    import boto3, pydantic, wonderful_package
    from durable_strands import AgentFailed

    table = boto3.resource("dynamodb").Table("t")

    class Grade(pydantic.BaseModel):
        grade: int = pydantic.Field(ge=0)

    def run(flow, request):
        try:
            grade = Grade.model_validate_json(flow.ask("writer"))
        except AgentFailed:
            return flow.ask("critic")
        flow.step("keep", lambda: table.put_item(Item={"grade": grade.grade}))
        return flow.ask("critic", grade=3) if grade.grade > 3 else "bad"
    """
    folder = flow_in(tmp_path, run)
    (folder / "requirements.txt").write_text("wonderful-package==1.0\n", encoding="utf-8")
    assert bounds(folder).operations == 1 + 2 + 1 + 2


def test_limits_tools_and_sizes_are_in_the_bound(tmp_path):
    more = 'max_tokens = 500\ntools = ["look"]\nlimits = {turns = 4}\n'
    more += "tool_options = {look = {timeout_seconds = 10, max_result_bytes = 1000}}\n"
    found = bounds(flow_in(tmp_path, 'return flow.ask("writer")', more))
    assert found.operations == 1 + 1 + 4 + 3
    assert 4 * 500 * 4 + 3 * 1000 < found.bytes < 4 * 500 * 4 + 3 * 1000 + 500 * 4 + 8 * 1000
    assert found.seconds == pytest.approx(4 * 3 * 500 / 30 + 3 * 3 * 10)


def pipeline_of(folder: Path) -> Stack:
    stack = Stack(App(context=NO_BUNDLING), "Test")
    DurableAgentPipeline(stack, "Pipeline", agents=str(folder))
    return stack


def test_the_table_is_an_info_of_80_columns(tmp_path):
    stack = pipeline_of(flow_in(tmp_path, 'flow.ask("writer")\nreturn flow.ask("critic")'))
    (found,) = Annotations.from_stack(stack).find_info("*", Match.string_like_regexp("one execution takes at most"))
    lines = str(found.entry.data).splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-1].split()[:3] == ["in", "all", "5"]
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("flow")) == []


TOOLED = 'max_tokens = 100\ntools = ["look"]\nlimits = {{turns = {}}}\n'


@pytest.mark.parametrize(("turns", "warned"), [(700, False), (900, True)])
def test_it_warns_above_half_of_what_an_execution_may_have(tmp_path, turns: int, warned: bool):
    more = TOOLED.format(turns) + "tool_options = {look = {max_result_bytes = 100}}\n"
    stack = pipeline_of(flow_in(tmp_path, 'return flow.ask("writer")', more))
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("worst case takes"))
    assert bool(found) is warned


@pytest.mark.parametrize(
    ("run", "more", "said"),
    [
        (
            'for _ in range(2000):\n    flow.ask("writer")\nreturn "x"',
            "",
            "133 % of 3000 operations and .* it may go on in 2 executions",
        ),
        (
            'return flow.ask("writer")',
            TOOLED.format(600),
            "% of 100 MB, so it may go on in 2 executions, most of it by writer-agent",
        ),
    ],
)
def test_it_says_in_how_many_executions_the_worst_case_goes_on(tmp_path, run: str, more: str, said: str):
    stack = pipeline_of(flow_in(tmp_path, run, more))
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(said))


def test_fails_when_all_of_them_cannot_hold_the_worst_case(tmp_path):
    run = 'for _ in range(30):\n    flow.ask("writer")\nreturn "x"'
    with pytest.raises(ValueError, match="must fit into 21 executions, but its worst case takes 2,0"):
        pipeline_of(flow_in(tmp_path, run, TOOLED.format(1000)))


def test_the_executions_it_reckons_with_are_the_functions():
    settings = read_settings({})
    assert settings.hand_over_operations == HANDED_OVER_AT * MOST_OPERATIONS
    assert settings.hand_over_bytes == HANDED_OVER_AT * MOST_BYTES
    assert settings.max_hand_overs == MOST_EXECUTIONS - 1


def test_a_loop_without_a_bound_is_a_warning(tmp_path):
    stack = pipeline_of(flow_in(tmp_path, UNBOUNDED["a loop over an answer"][0]))
    (found,) = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("flow.py:2 loops over"))
    assert f"after 2400 operations and ends after {MOST_EXECUTIONS} of them" in str(found.entry.data)


def test_recording_leaves_nothing_in_the_folder_and_nothing_of_the_process(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    run = 'import os\nassert "AWS_SECRET_ACCESS_KEY" not in os.environ\nprint("noise")\nreturn flow.ask("writer")'
    folder = flow_in(tmp_path, run)
    before = sorted(folder.rglob("*"))
    assert bounds(folder).operations == 3
    assert sorted(folder.rglob("*")) == before


def test_the_diagrams_and_the_table_of_flows_are_those_of_the_pages():
    pages = dict(packaged_flow.blocks())
    assert [page.parent.name for page in pages][1:] == ["own_flow", "docs"]
    for page, drawn in pages.items():
        assert block(page, packaged_flow.BEGIN, packaged_flow.END) == drawn, "run scripts/construct_page.py --write"


def test_a_diagram_has_the_branch_the_loop_and_the_review(tmp_path):
    run = """
    text = flow.ask("writer")
    for _ in range(2):
        if "OK" in flow.ask("critic", text=text):
            break
        text = flow.ask("writer", text=text)
    return flow.review(text, revise=lambda draft, comments: flow.ask("writer", draft=draft, comments=comments))
    """
    drawn = diagram(flow_in(tmp_path, run)).splitlines()
    assert drawn == [
        "flowchart TD",
        '    query(["query"])',
        '    n1["writer-agent"]',
        '    n2["critic-agent"]',
        '    n3["writer-agent"]',
        '    n4{"review of the report"}',
        '    report(["report"])',
        '    rejected(["rejected"])',
        "    query --> n1",
        "    n1 --> n2",
        "    n2 --> report",
        "    n2 --> n3",
        "    n3 --> n2",
        "    n3 --> report",
        "    n2 -->|review| n4",
        "    n4 --> rejected",
        "    n4 -->|revise| n1",
        "    n1 --> n4",
        "    n4 -->|accepted| report",
        "    n4 -->|revise| n3",
        "    n3 --> n4",
    ]
