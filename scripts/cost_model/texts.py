"""How long the agents' texts are taken to be, and how many tokens a text has: the assumptions of the cost model."""

from __future__ import annotations

from itertools import cycle, islice

QUERY = "AWS Lambda durable functions"
REPLY_WORDS = {"research": 900, "analysis": 750, "summary": 800}
"""The middle of the range that each agent's prompt asks for."""

TURN_WORDS = 40
"""What an agent says before it calls a tool."""

FOUND_WORDS = 400
"""What a search finds."""

SENTENCE = "A durable function keeps what it has finished, and a later attempt starts from there at no further cost."

ASSUMPTIONS = (
    "a token is three quarters of a word, in and out, the usual rule of thumb for English",
    "a reply has the middle of the length that its prompt asks for ("
    + ", ".join(f"{agent} {words}" for agent, words in REPLY_WORDS.items())
    + f" words); {TURN_WORDS} words and a search in each of the other turns; a search finds {FOUND_WORDS} words",
    (
        "a request has the real prompts, the earlier agents' whole texts and the conversation so far; the "
        "descriptions of tools are not counted"
    ),
    (
        "prompts are cached in the last design only, for 5 minutes, of agents with tools, by Bedrock's rules: from "
        "1,024 tokens of a prefix on, found again within 20 blocks"
    ),
    (
        "the failure is a throttle, which Bedrock does not bill, and outlives the retries inside an invocation, "
        "which are off in all designs"
    ),
    (
        "traditional Lambda is the same agents in a plain function; a failed invocation is started again from its "
        "beginning, at most twice, as Lambda does with asynchronous invocations"
    ),
    "only what Bedrock bills is counted: no Lambda time, no durable operations",
)
"""What the figures rest on, a sentence each."""


def tokens(words: int) -> int:
    """Tokens of this many words."""
    return round(words * 4 / 3)


def words_in(*texts: str) -> int:
    """Words of all `texts`."""
    return sum(len(text.split()) for text in texts)


def text_of(words: int) -> str:
    """Some text with this many words."""
    return " ".join(islice(cycle(SENTENCE.split()), words))
