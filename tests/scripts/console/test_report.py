"""The ledger as run_local shows it."""

import io

from rich.console import Console

from scripts.console.agents_progress import Progress
from scripts.console.models import ModelChoice
from scripts.console.report import write_ledger

AGENT = {
    "model_id": "m",
    "model_calls": 1,
    "attempts": 2,
    "input_tokens": 1234,
    "output_tokens": 50,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "cost_usd": "0.0011550",
    "saved_usd": "0.25",
}
ESTIMATES = {
    "durable_operations": 7,
    "bytes_written": 4300,
    "lambda_gb_seconds": "1.25",
    "total_usd": "0.0012",
}


def shown(width=120, **changes):
    page = io.StringIO()
    usage = {**AGENT, "agents": {"research": AGENT}, "estimates": ESTIMATES, **changes}
    model = ModelChoice(arguments=(), label="a script", note="Fixed replies.")
    write_ledger(Console(file=page, width=width), usage, Progress.of(["research"], lambda *_: None), model)
    return page.getvalue()


def test_the_ledger_shows_tokens_attempts_cost_what_was_saved_and_the_estimates():
    page = shown()
    for text in ("1,234", "0.001155", "0.250000", "7 durable operations, 4,300 bytes", "1.2 GB-s", "0.001200 USD"):
        assert text in page
    assert "cache" not in page


def test_a_run_with_a_prompt_cache_has_a_column_for_it():
    page = shown(cache_read_tokens=40)
    assert "cache read" in page
    assert "cache write" not in page


def test_what_the_prompt_cache_saved_or_lost_is_said():
    assert "Saved by the prompt cache: 0.073385 USD." in shown(cache_saved_usd="0.073384575")
    assert "cost 0.000825 USD more than it saved" in shown(cache_saved_usd="-0.000825")
    assert "prompt cache" not in shown(cache_saved_usd="0") + shown(cache_saved_usd=None)


def test_an_unknown_price_is_said_never_shown_as_nothing():
    assert "unknown" in shown(cost_usd=None)


def test_a_narrow_terminal_breaks_headings_but_no_figure():
    page = shown(width=80)
    assert "…" not in page
    assert "0.001155" in page
