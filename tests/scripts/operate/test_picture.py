"""README's picture of `show` is the page of today's command."""

import html
import re

from scripts.operate.picture import NAME, PICTURE, drawn
from scripts.operate.reading import Execution
from tests.scripts.operate.stubbed import details, event, got, history


def words(svg: str) -> str:
    return " ".join(html.unescape(text).replace("\xa0", " ") for text in re.findall(r"<text [^>]*>(.*?)</text>", svg))


def shown(account) -> str:
    asked = event(2, "CallbackStarted", "review-1", CallbackStartedDetails={"CallbackId": "Q0I="})
    account.on("lambda", got(NAME, "RUNNING"), history(NAME, event(1, "StepStarted", "step"), asked))
    return drawn(Execution.read(account.place(), str(details(NAME)["DurableExecutionArn"])))


def test_the_kept_picture_has_the_headings_and_the_last_line_of_the_command(account):
    now, kept = words(shown(account)), words(PICTURE.read_text(encoding="utf-8"))
    (headings,) = re.findall(r"operation .* USD", now)
    assert headings.split() == re.findall(r"operation .*? USD", kept)[0].split()
    for line in (
        "for a person to answer review-1: scripts/pipeline review show",
        NAME,
        "RUNNING",
        "so far, at list prices",
    ):
        assert line in now
        assert line in kept
    assert "Q0I=" not in now


def test_a_reader_of_the_picture_fetches_nothing(account):
    assert not re.search(r"url\(.?http|@import|<image", PICTURE.read_text(encoding="utf-8") + shown(account))
