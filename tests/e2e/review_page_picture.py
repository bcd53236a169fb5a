"""Draws docs/pictures/review-page.png anew: python -m tests.e2e.review_page_picture (needs a Chromium)."""

import json
import tempfile
from pathlib import Path

from tests.e2e.chromium import chromium
from tests.e2e.review_pages import reviews_on_the_local_stack
from tests.e2e.test_local_stack import script

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "review-page.png"
REPORT = """\
# Edge computing

Edge computing moves work from distant data centres to machines close to where data arises.

## Findings

- Latency falls below 10 ms where the network to the cloud alone takes 40 ms.
- Transfer costs fall with the share of data that never leaves the site.
- Operation gets harder: many small sites have to be patched and watched.

## Limits

Only public sources were read."""
PRICE = {"us.anthropic.claude-sonnet-4-6": {"input": "3", "output": "15"}}


def main() -> None:
    """Ask for a review, open its page, choose to send it back, and photograph it."""
    with tempfile.TemporaryDirectory() as folder:
        replies = script(Path(folder))
        replies.write_text(replies.read_text().replace('"summary says so"', json.dumps(REPORT)))
        environment = {"MODEL_PRICES": json.dumps(PRICE), "PIPELINE_NAME": "research-pipeline"}
        with (
            reviews_on_the_local_stack(Path(folder), replies, environment=environment) as reviews,
            chromium() as browser,
        ):
            asked = reviews.ask("edge computing")
            page = browser.new_page(viewport={"width": 780, "height": 1180})
            page.goto(asked.link)
            page.get_by_label("Send back").check()
            page.get_by_label("What to change").fill("Name the sources of the two figures.")
            page.get_by_label("Your name").fill("Ada")
            page.locator("h1").click()
            page.screenshot(path=PICTURE, full_page=True)


if __name__ == "__main__":
    main()
