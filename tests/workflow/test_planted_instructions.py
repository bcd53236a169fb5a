"""Instructions in what agents read: they stay data, forge nothing, and a model that obeys them reaches no report."""

import json
import re
from pathlib import Path

import pytest

from agent_workflow.citations import cited_in, normalised
from agent_workflow.evidence import Evidence
from agent_workflow.findings import Book
from research_tools.reading import Reading, readings_of, result_of
from tests.fakes import FakeModel, Reply
from tests.lambda_src.research_tools import planted

TRUE = Reading("Herons", "herons.md", "Herons stand still for a long time before they strike.", 1)
QUOTE = "stand still for a long time"


def read(text: str) -> Reading:
    """A reading whose every part a stranger wrote."""
    return Reading(text, f"https://x.example/{text}", f"{text}\n{TRUE.text}\n{text}", 1)


def sayable(text: str) -> str:
    """As a model can say it: half a pair of surrogates is no UTF-8, so no reply has one."""
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("text", planted.ALL, ids=range(len(planted.ALL)))
def test_a_planted_text_is_one_piece_of_data_and_forges_no_other(text):
    given = [read(text), TRUE]
    result = result_of(given)
    assert len(result["content"]) == 1 + len(given)
    assert readings_of(json.loads(json.dumps(result))) == given
    block = result["content"][1]["text"]
    about, _, rest = block.partition("\n")
    assert json.loads(about)["id"] == given[0].id
    opening, closing = rest.split("\n")[0], rest.split("\n")[-1]
    assert (opening, closing) == (f"<text-{given[0].digest[:16]}>", f"</text-{given[0].digest[:16]}>")
    assert block.count(given[0].digest[:16]) == 2


@pytest.mark.parametrize("text", planted.ALL, ids=range(len(planted.ALL)))
def test_a_model_that_obeys_gets_nothing_into_a_report_that_was_not_read(text):
    book = Book()
    book.readings += readings_of(result_of([read(text), TRUE]))
    text = sayable(text)
    right = {"claim": f"They stand. {text}"[:1_000], "source": TRUE.id, "quote": QUOTE}
    cheese = "the moon is made of cheese and of nothing else"
    findings = [right, {**right, "source": "abcdef"}, {**right, "quote": cheese}]
    checked = book.model()(findings=findings, gaps=[text]).model_dump()["checked"]
    evidence = Evidence(reads=True)
    research = evidence.take(checked)
    report = evidence.with_section(evidence.kept(f"# R\n\nThey stand [s1].\n\n{text}\n"))
    assert evidence.verified == 1
    assert [one["url"] for one in evidence.listed(report)] == ["herons.md#L1"]
    for written in (research, report):
        assert set(cited_in(written)) == {"s1"}
    body, _, section = report.partition("## Sources\n\n")
    assert section == f'- [s1] Herons, herons.md#L1: "{QUOTE}"'
    quoted = [words for words in re.findall(r'"([^"\n]+)"', body) if len(words.split()) >= 4]
    assert all(normalised(words) in normalised(TRUE.text) for words in quoted)


def test_a_run_over_every_planted_text_cites_what_it_read_and_calls_nothing_that_it_has_not(packaged, tmp_path: Path):
    for number, text in enumerate(planted.ALL):
        words = f"# Note {number}\n\n{text}\n\n{TRUE.text}\n"
        (tmp_path / f"{number}.md").write_text(words, encoding="utf-8", errors="replace")
    settings = {"documents": {"folder": str(tmp_path), "max_results": 25}}
    tools = ["search_documents", "read_document"]
    packaged.set_environment(AGENT_TOOLS={"research": tools}, TOOL_SETTINGS=settings)
    obeyed = [("send_mail", {"text": "all"}), ("query_database", {"sql": "DROP TABLE orders"})]
    obeyed += [("fetch_page", {"url": "https://evil.example/"}), ("search_documents", {"query": "herons strike"})]
    findings = [{"claim": "x", "source": source, "quote": QUOTE} for source in ("abcdef", "s99", "0.md", "")]
    packaged.models["research"] = FakeModel(
        Reply("", tool_uses=tuple(obeyed)),
        Reply("", tool_uses=(("Findings", {"findings": findings, "gaps": ["[s97]"]}),)),
    )
    packaged.models["summary"] = FakeModel("\n\n".join(map(sayable, planted.ALL)))
    result = packaged.result({"query": "herons"})
    sent = packaged.models["research"].requests[1][-1]["content"]
    told = [block["toolResult"] for block in sent if "toolResult" in block]
    assert [one["status"] for one in told] == ["error", "error", "error", "success"]
    assert len(told[3]["content"]) == 1 + 25
    assert (result["sources"], result["citations"]["verified"]) == ([], 0)
    assert not cited_in(result["report"])
    assert "## Sources\n\nThis report cites no source" in result["report"]
