"""Programs about people who are asked from deep inside: by agents that are tools, by hooks, several at once."""

from __future__ import annotations

from typing import Any

from strands.hooks import BeforeToolCallEvent, BeforeToolsEvent

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.programs_agents import ask_person
from tests.lambda_src.durable_strands.parity.table import note, program
from tests.lambda_src.durable_strands.scripted import tool_use as use

YES = {"one": "yes", "two": {"no": ["not"]}, "three": 3}


def _asking(lab: Lab, name: str, *questions: str, **choices: Any) -> Any:
    """An agent that asks a person `questions`, one a turn, and notes its name at the end."""
    script: list[Any] = [[use("ask_person", f"{name}-{question}", question=question)] for question in questions]
    script += [[use("note", f"{name}-note", text=name)], f"{name} asked"]
    return lab.agent(script, [ask_person, note(lab)], name=name, **choices)


def _calling(lab: Lab, name: str, *helpers: Any, **choices: Any) -> Any:
    """An agent whose first turn calls all `helpers`, which are agents."""
    turn = [use(helper.name, f"{name}-{helper.name}", input="help") for helper in helpers]
    return lab.agent([turn, f"{name} done"], [helper.as_tool(**choices) for helper in helpers], name=name)


@program
def an_agent_two_deep_interrupts(lab: Lab) -> None:
    lab.ask(_calling(lab, "clerk", _calling(lab, "middle", _asking(lab, "deep", "one"))), "go", answers=YES)


@program
def an_agent_three_deep_interrupts_twice(lab: Lab) -> None:
    inner = _calling(lab, "inner", _asking(lab, "deep", "one", "two"))
    lab.ask(_calling(lab, "clerk", _calling(lab, "middle", inner)), "go", answers=YES)


@program
def two_agents_that_are_tools_of_one_turn_interrupt(lab: Lab) -> None:
    lab.ask(_calling(lab, "clerk", _asking(lab, "left", "one"), _asking(lab, "right", "two")), "go", answers=YES)


@program
def two_agents_two_deep_interrupt_at_once(lab: Lab) -> None:
    middle = _calling(lab, "middle", _asking(lab, "left", "one"), _asking(lab, "right", "two"))
    lab.ask(_calling(lab, "clerk", middle), "go", answers=YES)


@program
def an_agent_that_is_a_tool_interrupts_beside_one_that_does_not(lab: Lab) -> None:
    calm = lab.agent([[use("note", "n", text="calm")], "calm"], [note(lab)], name="calm")
    lab.ask(_calling(lab, "clerk", _asking(lab, "left", "one"), calm), "go", answers=YES)


@program
def an_agent_that_keeps_its_context_interrupts(lab: Lab) -> None:
    lab.ask(_calling(lab, "clerk", _asking(lab, "deep", "one", "two"), preserve_context=True), "go", answers=YES)


@program
def a_hook_of_an_agent_that_is_a_tool_interrupts(lab: Lab) -> None:
    def approve(event: BeforeToolCallEvent) -> None:
        if event.interrupt("one", reason="look") != "yes":
            event.cancel_tool = "no"

    helper = lab.agent([[use("note", "n", text="x")], "helped"], [note(lab)], name="helper")
    helper.add_hook(approve, BeforeToolCallEvent)
    lab.ask(_calling(lab, "clerk", helper), "go", answers=YES)


@program
def a_hook_two_deep_interrupts_before_all_tools_of_a_turn(lab: Lab) -> None:
    def approve(event: BeforeToolsEvent) -> None:
        event.cancel = event.interrupt("one") != "yes"

    deep = lab.agent([[use("note", "n", text="x"), use("note", "m", text="y")], "helped"], [note(lab)], name="deep")
    deep.add_hook(approve, BeforeToolsEvent)
    lab.ask(_calling(lab, "clerk", _calling(lab, "middle", deep)), "go", answers=YES)


@program
def a_hook_interrupts_before_an_agent_that_interrupts_itself(lab: Lab) -> None:
    def approve(event: BeforeToolCallEvent) -> None:
        if event.interrupt("three") != 3:
            event.cancel_tool = "no"

    clerk = _calling(lab, "clerk", _asking(lab, "deep", "one"))
    clerk.add_hook(approve, BeforeToolCallEvent)
    lab.ask(clerk, "go", answers=YES)


@program
def two_hooks_of_one_turn_interrupt_at_once(lab: Lab) -> None:
    def approve(event: BeforeToolCallEvent) -> None:
        if event.interrupt(event.tool_use["input"]["text"]) == "yes":
            return
        event.cancel_tool = "no"

    agent = lab.agent([[use("note", "n", text="one"), use("note", "m", text="two")], "done"], [note(lab)])
    agent.add_hook(approve, BeforeToolCallEvent)
    lab.ask(agent, "go", answers=YES)


@program
def a_conversation_goes_on_after_an_agent_two_deep_was_answered(lab: Lab) -> None:
    middle = _calling(lab, "middle", _asking(lab, "deep", "one"))
    script: list[Any] = [[use("middle", "m", input="help")], "first", [use("note", "n", text="x")], "second"]
    clerk = lab.agent(script, [middle.as_tool(), note(lab)])
    lab.ask(clerk, "go", answers=YES)
    lab.ask(clerk, "and then?")
