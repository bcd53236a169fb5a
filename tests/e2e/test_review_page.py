"""The review page in a real browser: Chromium without a head, the page's handler in its own process, real callbacks."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from agent_workflow.review_link import ALGORITHM, Claims, callback_digest, signed
from tests.e2e.chromium import chromium, in_chromium
from tests.e2e.review_pages import Asked, Reviews, reviews_on_the_local_stack
from tests.e2e.test_local_stack import script
from tests.fakes import FROM_MEMORY

pytestmark = pytest.mark.slow

HOSTILE = (
    "# Edge <script>document.title = 'taken over'</script>\n\n"
    "<img src=x onerror=\"document.title='taken over'\"> </div></textarea><h1>Approved</h1>\n"
    '" autofocus onfocus="document.title=1" x="\n\n[click](javascript:alert(1)) &amp; &lt;b&gt; <!-- \u202e'
)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviews]:
    folder = tmp_path_factory.mktemp("pages")
    replies = script(folder)
    replies.write_text(replies.read_text().replace('"summary says so"', json.dumps(HOSTILE)))
    with reviews_on_the_local_stack(folder, replies) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A new tab; what it asked for and what its console said are kept with it."""
    context = browser.new_context()
    page = context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    yield page
    context.close()


def open_(tab: Any, link: str) -> None:
    reply = tab.goto(link)
    assert reply.status == 200, tab.inner_text("main")


def send(tab: Any) -> str:
    tab.get_by_role("button", name="Send the answer").click()
    return str(tab.inner_text("h1"))


@in_chromium
def test_an_approval_ends_the_execution_and_the_link_works_no_second_time(reviews, tab, browser):
    asked = reviews.ask("approve")
    second = browser.new_context().new_page()
    open_(tab, asked.link)
    open_(second, asked.link)
    assert tab.inner_text(".text") == HOSTILE + FROM_MEMORY
    tab.get_by_label("Approve").check()
    tab.get_by_label("Your name").fill("Ada <b>")
    assert send(tab) == "Thank you"
    assert "?" not in tab.url.removesuffix("?")
    second.get_by_label("Reject").check()
    assert send(second) == "Answered already"
    assert tab.goto(asked.link).status == 409
    assert tab.inner_text("h1") == "Answered already"
    result = reviews.result(asked.execution)
    assert result["report"] == HOSTILE + FROM_MEMORY
    assert result["review"] == [{"round": 1, "decision": "approve", "reviewer": "Ada <b>"}]


@in_chromium
def test_a_rejection_takes_its_reason_along(reviews, tab):
    asked = reviews.ask("reject")
    open_(tab, asked.link)
    tab.get_by_label("Reject").check()
    tab.get_by_label("Reason").fill("too thin\nand late")
    assert send(tab) == "Thank you"
    result = reviews.result(asked.execution)
    assert result["status"] == "rejected"
    assert result["review"] == [{"round": 1, "decision": "reject", "reviewer": None, "reason": "too thin\nand late"}]


@in_chromium
def test_an_edit_begins_with_the_text_itself_and_becomes_the_report(reviews, tab):
    asked = reviews.ask("edit")
    open_(tab, asked.link)
    tab.get_by_label("Edit").check()
    version = tab.get_by_label("Your version", exact=True)
    assert version.input_value() == HOSTILE + FROM_MEMORY
    version.fill(f"{HOSTILE}\n\nA last line: \u00e4 \U0001f642")
    assert send(tab) == "Thank you"
    assert reviews.result(asked.execution)["report"] == f"{HOSTILE}\n\nA last line: \u00e4 \U0001f642"


@in_chromium
def test_a_text_sent_back_comes_again_with_a_link_of_its_own(reviews, tab):
    asked = reviews.ask("revise", max_rounds=1)
    open_(tab, asked.link)
    tab.get_by_label("Send back").check()
    tab.get_by_label("What to change").fill("shorter")
    assert send(tab) == "Thank you"
    again = reviews.next_round(asked.execution, 2)
    assert tab.goto(asked.link).status == 409
    open_(tab, again.link)
    assert tab.get_by_label("Send back").count() == 0  # no revision is left
    tab.get_by_label("Approve").check()
    assert send(tab) == "Thank you"
    assert [entry["decision"] for entry in reviews.result(asked.execution)["review"]] == ["revise", "approve"]


@in_chromium
def test_an_answer_that_breaks_a_rule_is_not_sent_and_what_was_written_stays(reviews, tab):
    asked = reviews.ask("rule")
    open_(tab, asked.link)
    assert send(tab).startswith("Review the")  # the browser asks for a decision; none is chosen beforehand
    assert len([url for url in tab.asked if url.endswith("?")]) == 0
    tab.get_by_label("Your name").fill("Ada")
    tab.get_by_label("Your name").press("Enter")
    assert reviews.is_waiting(asked.execution)
    tab.get_by_label("Send back").check()
    tab.get_by_label("What to change").fill(" \u200b ")
    assert send(tab).startswith("Review the")
    assert "comments must be a text" in tab.inner_text("[role=alert]")
    assert tab.get_by_label("Send back").is_checked()
    assert tab.get_by_label("Your name").input_value() == "Ada"
    assert reviews.is_waiting(asked.execution)
    tab.get_by_label("Approve").check()
    assert send(tab) == "Thank you"
    assert reviews.result(asked.execution)["review"][0]["reviewer"] == "Ada"


@in_chromium
def test_hostile_text_is_text_and_nothing_is_fetched_or_run(reviews, tab):
    asked = reviews.ask("hostile")
    open_(tab, asked.link)
    assert tab.title() == "Review the report"
    assert tab.locator("script, img, iframe, a[href^=javascript]").count() == 0
    assert tab.locator("h1").count() == 1
    assert tab.asked == [asked.link]
    assert [said for said in tab.said if "Content Security Policy" in said] == []  # so the style was applied
    assert tab.evaluate("getComputedStyle(document.querySelector('.text')).whiteSpace") == "pre-wrap"


@in_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_a_phone_in_both_schemes_with_contrast_to_spare(reviews, browser, scheme):
    asked = reviews.ask(scheme)
    context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    open_(page, asked.link)
    page.get_by_label("Send back").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate(CONTRAST) >= 4.5
    assert page.evaluate(UNLABELLED) == []
    context.close()


CONTRAST = """() => {
  const channel = value => { value /= 255; return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4 }
  const luminance = text => {
    const [r, g, b] = text.match(/[0-9.]+/g).map(Number)
    return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b)
  }
  const ground = element => {
    const own = getComputedStyle(element).backgroundColor
    return own === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : own
  }
  const ratio = element => {
    const pair = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => b - a)
    return (pair[0] + .05) / (pair[1] + .05)
  }
  return Math.min(...[...document.querySelectorAll('main *')].filter(e => e.offsetParent).map(ratio))
}"""
"""The least contrast between a visible element's words and what is behind them, as WCAG computes it."""
UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), textarea')]
  .filter(field => !field.labels.length).map(field => field.name)"""


def link_of(reviews: Reviews, asked: Asked, key: str | None = None, **changed: Any) -> str:
    """The link with other claims, really signed."""
    notice = asked.notice
    claims = Claims(
        asked.execution, callback_digest(notice["callback_id"]), notice["round"], notice["digest"],
        int(time.time()) + 600,
    )  # fmt: skip

    def sign(message: bytes) -> bytes:
        mac = reviews.kms.generate_mac(KeyId=key or reviews.key, Message=message, MacAlgorithm=ALGORITHM)
        return bytes(mac["Mac"])

    return f"{asked.link.partition('?')[0]}?link={signed(replace(claims, **changed), sign)}"


def post(link: str, **form: str) -> httpx.Response:
    address, _, parameter = link.partition("?link=")
    return httpx.post(f"{address}?", data={"link": parameter, "decision": "approve", **form}, trust_env=False)


def test_a_link_that_was_changed_expired_or_belongs_elsewhere_neither_shows_nor_answers(reviews):
    asked, other = reviews.ask("one"), reviews.ask("other")
    own_key = reviews.kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    other_callback = callback_digest(other.notice["callback_id"])
    middle = len(asked.link) - 30
    refused = {
        "tampered": (asked.link[:middle] + ("A" if asked.link[middle] != "A" else "B") + asked.link[middle + 1 :], 403),
        "other claims under the old signature": (
            link_of(reviews, asked, round=2).rpartition(".")[0] + "." + asked.link.rpartition(".")[2], 403,
        ),
        "cut": (asked.link[:-5], 403),
        "empty": (asked.link.partition("=")[0] + "=", 403),
        "other key": (link_of(reviews, asked, key=own_key), 403),
        "expired": (link_of(reviews, asked, expires_at=int(time.time()) - 1), 410),
        "other execution": (link_of(reviews, asked, execution_arn=other.execution), 404),
        "other callback": (link_of(reviews, asked, callback=other_callback), 404),
        "no such execution": (link_of(reviews, asked, execution_arn=asked.execution + "0"), 404),
        "other text": (link_of(reviews, asked, digest="0" * 64), 409),
        "other round": (link_of(reviews, asked, round=2), 409),
    }  # fmt: skip
    for what, (link, status) in refused.items():
        shown = httpx.get(link, trust_env=False)
        assert (what, shown.status_code) == (what, status)
        assert "Edge" not in shown.text
        sent = post(link)
        assert (what, sent.status_code) == (what, status)
    assert reviews.is_waiting(asked.execution)
    assert reviews.is_waiting(other.execution)
    for each in (asked, other):
        assert post(each.link).status_code == 200
        assert reviews.result(each.execution)["status"] == "completed"


def test_a_get_or_a_scanner_answers_nothing_and_every_page_says_how_it_may_be_kept(reviews):
    asked = reviews.ask("scanner")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        reply = httpx.request(method, f"{asked.link}&decision=approve", trust_env=False)
        assert reply.status_code == (200 if method in ("GET", "HEAD") else 405)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
        assert "unsafe" not in policy
    assert httpx.get(asked.link.replace("?", "favicon.ico?"), trust_env=False).status_code == 404
    assert reviews.is_waiting(asked.execution)
    assert post(asked.link, reviewer="Ada").status_code == 200
    assert [entry["decision"] for entry in reviews.result(asked.execution)["review"]] == ["approve"]
    late = post(asked.link, decision="reject")
    assert (late.status_code, "answered already" in late.text) == (409, True)


def test_no_log_holds_a_link_a_callback_id_or_a_word_of_the_text_and_no_notice_holds_the_text(reviews):
    asked = reviews.ask("logs")
    assert post(asked.link, decision="edit", text="an edited text").status_code == 200
    reviews.result(asked.execution)
    stack = reviews.stack.settings.folder
    logs = {name: (stack / name).read_text(encoding="utf-8") for name in ("page.log", "function.log")}
    assert '"outcome": "edit"' in logs["page.log"]
    secret = asked.link.partition("link=")[2]
    for text in logs.values():
        for hidden in (secret, secret.rpartition(".")[2], asked.notice["callback_id"], "taken over", "an edited text"):
            assert hidden not in text
    assert "taken over" not in json.dumps(reviews.told)
