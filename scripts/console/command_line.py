"""What the commands share of a command line: one-line refusals, the topic, the event, numbers, files to write."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

MAX_TOPIC_CHARACTERS = 2_000


class BadUsage(Exception):
    """The command line cannot be followed; the message is one line."""


class OneLineParser(argparse.ArgumentParser):
    """An argparse parser that leaves the message, and the exit status, to its caller."""

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


def whole_number(least: int = 0, most: int | None = None) -> Callable[[str], int]:
    """For argparse's `type`: a whole number within the bounds, written in plain digits."""
    rule = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"must be a whole number {rule}, got {text!r}")
        return number

    return read


def new_file(*suffixes: str) -> Callable[[str], Path]:
    """For argparse's `type`: a file with one of the suffixes, in a folder that exists."""

    def read(text: str) -> Path:
        file = Path(text)
        if file.suffix not in suffixes or not file.parent.is_dir():
            rule = f"must end in {' or '.join(suffixes)} and lie in a folder that exists"
            raise argparse.ArgumentTypeError(f"{rule}, got {text!r}")
        return file

    return read


def read_event(source: str) -> Any:
    """The event in a JSON file; `-` is standard input.

    Raises:
        BadUsage: it cannot be read, or is no JSON.
    """
    name = "standard input" if source == "-" else source
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise BadUsage(f"--event {name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadUsage(f"--event {name} must be UTF-8, got byte 0x{error.object[error.start]:02x}") from error
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"--event {name} must be a JSON document: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
