"""How a command ends: its exit statuses, and the one line of a stop by Ctrl-C, SIGTERM or a closed terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

DONE, FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ended(command: str, run: Callable[[], int], failures: tuple[type[Exception], ...] = ()) -> int:
    """Run it; returns the exit status.

    Args:
        command: its name, before each line on stderr.
        run: the command, which returns an exit status.
        failures: exceptions of it that are one line and exit status 1. Default: none.
    """
    catch_stops()
    try:
        return run()
    except failures as failure:
        print(f"{command}: {failure}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{command}: interrupted; every process of it was ended", file=sys.stderr)
        return INTERRUPTED


def catch_stops() -> None:
    """Let a stop raise KeyboardInterrupt, once."""
    for number in STOPS:
        signal.signal(number, _stop)


def _stop(*_: object) -> None:
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the ending of the processes
    raise KeyboardInterrupt
