"""The flow without a model: what it does, and that a crash and a replay would not change it."""

from pathlib import Path

from durable_agent_pipeline.testing import check_flow

AGENTS = Path(__file__).parent / "agents"
NEWS = {"query": "A night train runs from 1 May."}


def test_small_news_is_written_once() -> None:
    played = check_flow(AGENTS, NEWS, answers={"editor": "SMALL", "writer": "The train."})
    assert played.operations == ["editor-agent", "writer-agent"]
    assert played.result["report"] == "The train."


def test_large_news_goes_to_and_fro_until_the_critic_has_it_printed() -> None:
    answers = {"editor": "LARGE", "writer": ["first", "second"], "critic": ["Since when?", "PRINT"]}
    played = check_flow(AGENTS, NEWS, answers=answers)
    assert played.operations[2:] == ["critic-agent", "writer-agent-2", "critic-agent-2"]
    assert played.result["report"] == "second"


def test_a_person_sends_it_back() -> None:
    revise = {"decision": "revise", "comments": "Shorter."}
    answers = {"editor": "SMALL", "writer": ["long", "short"]}
    played = check_flow(AGENTS, {**NEWS, "review": True}, answers=answers, reviews=[revise, {"decision": "approve"}])
    assert played.operations[2:] == ["review-1", "writer-agent-2", "review-2"]
    assert played.result["report"] == "short"
