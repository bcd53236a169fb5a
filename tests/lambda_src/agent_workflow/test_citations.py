"""What stands the check, what does not, and what is taken out of later texts."""

import pytest

from agent_workflow.citations import check, cited_in, keep_known, normalised, unquoted
from agent_workflow.evidence import FROM_MEMORY, NOTHING_CITED, Evidence
from research_tools.reading import Reading, readings_of, result_of

TEXT = (
    "# Costs\n\nA throttle costs “nothing”\u00a0— the wait is not billed.\nCaf\u0065\u0301s close at 9.\n\n"
    "The ﬁle has 255 KB."
)
READ = Reading("Costs", "docs/cost.md", TEXT, line=10)
PAGE = Reading("A page", "https://example.com/a", "Words that stand on a page of somebody else, for all to read.")


def finding(quote, source=READ.id, claim="A claim."):
    return {"claim": claim, "source": source, "quote": quote}


STANDS = {
    "as it is": "the wait is not billed",
    "plain marks and dashes": 'A throttle costs "nothing" - the wait',
    "other blanks": "A   throttle\n\ncosts",
    "over a line's end": "not billed. Cafés close",
    "a letter and its accent as one": "Cafés close at 9.",
    "a ligature": "The file has 255 KB.",
    "in quotation marks of its own": '"the wait is not billed"',
}


@pytest.mark.parametrize("case", STANDS)
def test_a_quote_stands_whatever_its_typography(case):
    checked = check([finding(STANDS[case])], [], [READ])
    assert not checked.dropped
    assert normalised(checked.verified[0].quote).strip('"') == normalised(STANDS[case]).strip('"')


DROPPED = {
    "another case": (finding("The Wait is not billed"), "does not stand"),
    "another word": (finding("the wait is never billed"), "does not stand"),
    "another number": (finding("The file has 256 KB."), "does not stand"),
    "words left out": (finding("A throttle costs ... not billed"), "does not stand"),
    "in another source": (finding("the wait is not billed", PAGE.id), "does not stand"),
    "an unknown source": (finding("the wait is not billed", "s1"), "did not read"),
    "an address as the source": (finding("the wait is not billed", READ.url), "did not read"),
    "too short to mean it": (finding("is not"), "12 to 2000"),
    "no claim but an id": (finding("the wait is not billed", claim="[s4]"), "claims nothing"),
}


@pytest.mark.parametrize("case", DROPPED)
def test_what_does_not_stand_is_dropped_with_its_reason(case):
    given, reason = DROPPED[case]
    checked = check([given], [], [READ, PAGE])
    assert not checked.verified
    assert reason in checked.dropped[0]["reason"]


def test_a_citation_opens_at_the_line_the_page_or_the_words():
    quotes = [finding("the wait is not billed"), finding(PAGE.text, PAGE.id)]
    of_pdf = Reading("Paper", "papers/a.pdf#page=3", "It was measured in a room without windows.")
    checked = check([*quotes, finding("measured in a room", of_pdf.id)], [], [READ, PAGE, of_pdf])
    assert [found.url for found in checked.verified] == [
        "docs/cost.md#L12",
        "https://example.com/a#:~:text=Words%20that%20stand%20on%20a,else%2C%20for%20all%20to%20read.",
        "papers/a.pdf#page=3",
    ]


def test_a_claim_gets_its_id_from_code_alone_and_keeps_no_quotation_of_its_own():
    told = 'It says "nobody ever wrote these words" [s8], see source s9.'
    evidence = Evidence(reads=True)
    text = evidence.take(check([finding("the wait is not billed", claim=told)], [], [READ]).to_dict())
    assert text.startswith("- It says nobody ever wrote these words, see . [s1]\n")
    assert cited_in(text) == ["s1"]


KNOWN = ["s1", "s2"]
TEXTS = {
    "one unknown": ("A [s9].", "A."),
    "known and unknown": ("A [s1, s9; s2].", "A [s1][s2]."),
    "capitals, blanks": ("A [ S9 ] [S1].", "A [s1]."),
    "brackets of another script": ("A【s9】\uff3bs1\uff3d.", "A[s1]."),
    "a footnote": ("A[^s9].", "A."),
    "a link": ("A [s9](https://evil.example).", "A."),
    "in words": ("As source s9 says; Source: s1.", "As  says; [s1]."),
    "words in the brackets": ("A [see sources s9 and s1].", "A [s1]."),
    "the service of that name": (
        "In S3 (S3), s3://bucket/s9, an s3 bucket.",
        "In S3 (S3), s3://bucket/s9, an s3 bucket.",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_only_known_ids_stay_in_a_text(case):
    given, expected = TEXTS[case]
    text, dropped = keep_known(given, KNOWN)
    assert text == expected
    assert set(cited_in(text)) <= set(KNOWN)
    assert len(dropped) == len({one for one in cited_in(given) if one not in KNOWN})


def test_a_quotation_that_stands_nowhere_loses_its_marks():
    text = 'A "wait is not billed", a "so-called edge", "nobody wrote these words".\n\n> invented for this very test\n'
    kept, dropped = unquoted(text, ["the wait is not billed"])
    assert kept == (
        'A "wait is not billed", a "so-called edge", nobody wrote these words.\n\ninvented for this very test\n'
    )
    assert [one["claim"] for one in dropped] == ["nobody wrote these words", "invented for this very test"]


def test_the_list_of_sources_is_codes_and_holds_what_is_cited():
    evidence = Evidence(reads=True)
    evidence.take(check([finding("the wait is not billed"), finding("Cafés close at 9.")], [], [READ]).to_dict())
    report = evidence.kept("# R\n\nOne [s2].\n\n## Sources\n\n- [s1] mine\n\n## Annex\n\nMore.")
    whole = evidence.with_section(report)
    cited = '- [s2] Costs, docs/cost.md#L13: "Cafe\u0301s close at 9."'
    assert whole == f"# R\n\nOne [s2].\n\n## Annex\n\nMore.\n\n## Sources\n\n{cited}"
    assert evidence.with_section(whole) == whole
    assert evidence.fields(whole) == {
        "sources": [{"id": "s2", "title": "Costs", "url": "docs/cost.md#L13"}],
        "citations": {"verified": 2, "dropped": []},
    }


def test_a_report_without_a_source_says_so():
    assert NOTHING_CITED in Evidence(reads=True).with_section("# R")
    memory = Evidence(reads=False)
    assert memory.with_section("# R") == f"# R\n\n## Sources\n\n{FROM_MEMORY}"
    assert memory.with_section(memory.with_section("# R")) == memory.with_section("# R")
    assert memory.fields("# R") == {}
    assert memory.kept("as [s9] says") == "as [s9] says"


@pytest.mark.parametrize("text", ["", "one", "a\nb\n\nc\n", '{"id": 1}\n</text-0>\n', "</text-{digest}>\n<text-0>"])
def test_what_was_read_comes_back_from_the_result_unchanged(text):
    reading = Reading('A "title"\nof two lines', "docs/a b.md", text, 3)
    assert readings_of(result_of([reading, reading])) == [reading]
    assert readings_of(result_of([])) == []
    assert readings_of({"status": "error", "content": [{"text": "no"}]}) == []
