"""Draws docs/pictures/console.png anew: python -m tests.e2e.console_picture (needs a Chromium)."""

import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.console.list_prices import bedrock_prices
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME
from scripts.operate.console_page.command import address_of, serving_console
from scripts.operate.place import Place
from tests.e2e.chromium import chromium
from tests.e2e.review_pages import Reviews, reviews_on_the_local_stack

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "console.png"
MODEL = "us.anthropic.claude-sonnet-4-6"
REPORT = "# Edge computing\n\nLatency falls below 10 ms where the network to the cloud alone takes 40 ms."
SECONDS = {"research": 1.6, "analysis": 1.1, "summary": 0.9}


def replies() -> dict[str, Any]:
    """Agents that take their time; the second is throttled once."""
    made: list[dict[str, Any]] = []
    for agent, seconds in SECONDS.items():
        usage = {"inputTokens": 2_100, "outputTokens": 740}
        made.append({"agent": agent, "text": REPORT, "usage": usage, "delay_seconds": seconds})
    made[1]["faults"] = ["throttle"]
    return {"replies": made}


def waiting(reviews: Reviews) -> str:
    """An execution of three topics whose process died once, and which waits for a person."""
    topics = ["hardware", "economics", "security"]
    event = {"query": "edge computing", "topics": topics, "review": True}
    execution = str(
        reviews.client.invoke(
            FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event",
            DurableExecutionName="edge-computing", Payload=json.dumps(event).encode(),
        )["DurableExecutionArn"]
    )  # fmt: skip
    reviews.next_round(execution, 1)
    time.sleep(1)
    return execution


def main() -> None:
    """Start it, open its page and photograph it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        script.write_text(json.dumps(replies()))
        rules = [{"operation": "analysis-agent", "action": "SUCCEED", "moment": "after"}]
        environment = {"MODEL_PRICES": json.dumps(bedrock_prices([MODEL]))}
        with (
            reviews_on_the_local_stack(Path(folder), script, environment=environment, kill_rules=rules) as reviews,
            serving_console(Place(endpoint_url=reviews.stack.lambda_url)) as url,
            chromium() as browser,
        ):
            page = browser.new_page(viewport={"width": 1300, "height": 900})
            page.goto(address_of(url, waiting(reviews)))
            page.wait_for_selector(".ask form")
            page.get_by_label("Approve").check()
            page.locator("h2#name").click()
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURE, full_page=True)


if __name__ == "__main__":
    main()
