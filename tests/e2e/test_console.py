"""The console in a real browser: runs watched live, a review answered, a killed process shown, all of it readable."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all
from scripts.operate.console_page.command import serving_console
from scripts.operate.place import Place
from tests.e2e.chromium import chromium, in_chromium
from tests.e2e.review_pages import Reviews, reviews_on_the_local_stack
from tests.e2e.test_local_stack import script
from tests.e2e.test_review_page import HOSTILE

pytestmark = [pytest.mark.slow, in_chromium]
PATIENCE = 60_000


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviews]:
    """Its agents write hostile texts; the process dies once after each analysis."""
    folder = tmp_path_factory.mktemp("console")
    replies = script(folder)
    replies.write_text(replies.read_text().replace('"summary says so"', json.dumps(HOSTILE)))
    rules = [{"operation": "analysis-agent", "action": "SUCCEED", "moment": "after"}]
    with reviews_on_the_local_stack(folder, replies, kill_rules=rules) as running:
        yield running


@pytest.fixture(scope="module")
def address(reviews: Reviews) -> Iterator[str]:
    with serving_console(Place(endpoint_url=reviews.stack.lambda_url)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Any]:
    """The console, opened; no error of it goes unseen."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.errors, page.asked = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    yield page
    assert page.errors == []
    assert {url.split("/", 3)[2] for url in page.asked} == {address.split("/", 3)[2]}, "only this server is asked"
    context.close()


def start(tab: Any, topic: str) -> None:
    tab.get_by_label("Research").fill(topic)
    tab.get_by_role("button", name="Start").click()
    tab.wait_for_selector("#name")


def violations(tab: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def test_a_run_is_watched_to_its_end_with_the_death_of_its_process_and_the_report_is_the_results_own(reviews, tab):
    before = len(read_all(reviews.stack.calls))
    start(tab, "watched live")
    tab.wait_for_selector("#report", timeout=PATIENCE)
    assert tab.inner_text("h1") == "Executions"
    arn = tab.evaluate("decodeURIComponent(location.hash.slice(2))")
    result = reviews.result(arn)
    assert tab.text_content("#report") == result["report"]
    assert HOSTILE in result["report"]
    assert tab.title() == "Executions"
    assert tab.locator("pre b, pre img, pre script, pre h1").count() == 0
    died = tab.locator(".resume.died")
    assert died.count() == 1
    assert "took 2 finished calls from checkpoints" in died.inner_text()
    calls = [call for call in read_all(reviews.stack.calls)[before:] if call["event"] == "started"]
    assert len(calls) == 3
    rows = tab.locator(".timeline tbody tr")
    assert [rows.nth(place).locator("button").inner_text() for place in range(rows.count())] == [
        "research-agent", "model-1", "analysis-agent", "model-1", "summary-agent", "model-1",
    ]  # fmt: skip
    rows.nth(5).locator("button").click()
    assert tab.text_content(".text-of pre") == HOSTILE


def test_a_review_is_answered_in_the_page_and_what_breaks_a_rule_is_not_sent(reviews, tab):
    asked = reviews.ask("answered in the console")
    tab.wait_for_selector("text=asks you", timeout=PATIENCE)
    tab.locator("#executions a", has_text="").first.click()
    tab.wait_for_selector(".ask form", timeout=PATIENCE)
    assert tab.text_content(".ask pre").startswith(HOSTILE)
    tab.get_by_label("Send back").check()
    tab.get_by_label("What to change").fill(" \u200b ")
    tab.get_by_role("button", name="Send the answer").click()
    tab.wait_for_selector(".ask [role=alert]:not([hidden])")
    assert "comments must be a text" in tab.inner_text(".ask [role=alert]")
    assert reviews.is_waiting(asked.execution)
    tab.errors.clear()  # the browser tells of the answer 400
    tab.get_by_label("Edit").check()
    tab.get_by_label("Your version", exact=True).fill(f"{HOSTILE} edited")
    tab.get_by_label("Your name").fill("Ada")
    tab.get_by_role("button", name="Send the answer").click()
    tab.wait_for_selector("#report", timeout=PATIENCE)
    result = reviews.result(asked.execution)
    assert result["report"] == f"{HOSTILE} edited" == tab.text_content("#report")
    assert result["review"] == [{"round": 1, "decision": "edit", "reviewer": "Ada"}]


def test_an_answer_given_elsewhere_meanwhile_is_told(reviews, tab):
    asked = reviews.ask("answered elsewhere")
    tab.goto(f"{tab.url.split('#')[0]}#/{asked.execution}")
    tab.wait_for_selector(".ask form", timeout=PATIENCE)
    tab.route("**/api/events*", lambda route: route.abort())
    answer = json.dumps({"decision": "approve"}).encode()
    reviews.client.send_durable_execution_callback_success(CallbackId=asked.notice["callback_id"], Result=answer)
    tab.get_by_label("Reject").check()
    tab.get_by_role("button", name="Send the answer").click()
    tab.wait_for_selector(".ask [role=alert]:not([hidden])")
    assert "answered" in tab.inner_text(".ask [role=alert]") or "waits for no review" in tab.inner_text(
        ".ask [role=alert]"
    )
    tab.errors.clear()  # the browser tells of the answer 400 and of the stream that this test cut off


def test_an_execution_is_stopped_only_after_a_question(reviews, tab):
    asked = reviews.ask("to be stopped")
    tab.goto(f"{tab.url.split('#')[0]}#/{asked.execution}")
    tab.once("dialog", lambda dialog: dialog.dismiss())
    tab.get_by_role("button", name="Stop").click()
    assert reviews.is_waiting(asked.execution)
    tab.once("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Stop").click()
    tab.wait_for_selector("text=somebody stopped it", timeout=PATIENCE)
    status = reviews.client.get_durable_execution(DurableExecutionArn=asked.execution)["Status"]
    assert status == "STOPPED"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_meets_wcag_aa_and_fits_400_pixels(reviews, tab, scheme):
    tab.emulate_media(color_scheme=scheme)
    asked = reviews.ask(f"read in {scheme}")
    tab.wait_for_selector("text=asks you", timeout=PATIENCE)
    assert violations(tab) == []
    tab.goto(f"{tab.url.split('#')[0]}#/{asked.execution}")
    tab.wait_for_selector(".ask form", timeout=PATIENCE)
    tab.get_by_label("Edit").check()
    for width in (1400, 400):
        tab.set_viewport_size({"width": width, "height": 800})
        assert violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.get_by_label("Approve").check()
    tab.get_by_role("button", name="Send the answer").click()
    tab.wait_for_selector("#report", timeout=PATIENCE)
    assert violations(tab) == []


def test_the_keyboard_alone_finds_and_opens_an_execution(reviews, tab):
    reviews.ask("by the keyboard")
    tab.wait_for_selector("#executions a", timeout=PATIENCE)
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#name", timeout=PATIENCE)
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#execution", state="hidden")


def test_the_command_prints_an_address_that_opens_it_and_ends_by_ctrl_c(reviews, browser):
    starter = str(REPOSITORY / "scripts" / "pipeline")
    command = [sys.executable, starter, "console", "--json", "--endpoint-url", reviews.stack.lambda_url]
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        lines = [process.stdout.readline() for _ in range(3)]  # type: ignore[union-attr]
        url = json.loads("".join(lines))["url"]
        port = url.split(":")[2].split("/")[0]
        taken = subprocess.run([*command, "--port", port], check=False, capture_output=True, text=True)
        assert taken.returncode == 1
        assert "another --port" in taken.stderr
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector("#executions a")
        page.close()
    finally:
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
