"""What the commands share of a command line: one-line refusals, and the topic."""

from __future__ import annotations

import argparse
from typing import NoReturn

MAX_TOPIC_CHARACTERS = 2_000


class BadUsage(Exception):
    """The command line cannot be followed; the message is one line."""


class OneLineParser(argparse.ArgumentParser):
    """An argparse parser that leaves the telling, and the exit status, to its caller."""

    def error(self, message: str) -> NoReturn:
        """Refuse.

        Raises:
            BadUsage: always.
        """
        raise BadUsage(message)


def checked_topic(topic: str) -> str:
    """The topic as it was given.

    Raises:
        BadUsage: it is blank, too long, or not text.
    """
    length = len(topic.strip())
    if not 1 <= length <= MAX_TOPIC_CHARACTERS:
        raise BadUsage(f"TOPIC must be 1 to {MAX_TOPIC_CHARACTERS:,} characters after trimming, got {length:,}")
    try:
        topic.encode()
    except UnicodeEncodeError:
        raise BadUsage("TOPIC must be UTF-8 text") from None
    return topic
