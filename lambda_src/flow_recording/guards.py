"""Clocks, draws and the network, watched: what an author's flow takes from them outside of a step is written down."""

import datetime as dt
import os
import random
import secrets
import sys
import time
import types
import uuid
from collections.abc import Callable
from typing import Any

from flow_recording.places import SHOWN, frames, place

_REACHES_OUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.sendto", "subprocess.Popen",
                "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.Request")  # fmt: skip


class Watch:
    """What is watched in this process.

    Attributes:
        step: name of the step that runs now; None outside of steps.
        found: what the flow did that a replay could not repeat, with its line.
        on: whether the author's code is running.
    """

    step: str | None = None
    on = False

    def __init__(self, now: float) -> None:
        self.found: dict[str, None] = {}
        self._now = now

    def begin(self) -> None:
        """Put watched functions in the place of those of the libraries, for good."""
        for name in ("time", "monotonic", "perf_counter", "process_time"):
            setattr(time, name, self._of("reads a clock", lambda: self._now))
            setattr(time, f"{name}_ns", self._of("reads a clock", lambda: int(self._now * 1e9)))
        for name in ("localtime", "gmtime", "ctime"):
            setattr(time, name, self._of("reads a clock", _at(getattr(time, name), self._now)))
        dt.datetime = _moved(self._now, self._of)  # type: ignore[misc]
        dt.date = _moved_date(self._now, self._of)  # type: ignore[misc]
        for module in (random, secrets):
            for name in module.__all__:
                act = getattr(module, name)
                if isinstance(act, types.FunctionType | types.MethodType | types.BuiltinMethodType):
                    setattr(module, name, self._of("draws at random", act))
        for module, name in ((uuid, "uuid1"), (uuid, "uuid4"), (os, "urandom")):
            setattr(module, name, self._of("draws at random", getattr(module, name)))
        sys.addaudithook(self._heard)

    def note(self, what: str) -> None:
        """Write down what the flow does, once for each line."""
        self.found[f"{place()} {what}"] = None

    def _of(self, what: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            if self.on and self.step is None and _is_authors(sys._getframe(1)):  # noqa: SLF001 - who calls
                self.note(f"{what} outside of flow.step")
            return act(*given, **named)

        return watched

    def _heard(self, event: str, _given: tuple[Any, ...]) -> None:
        if not self.on or not event.startswith(_REACHES_OUT):
            return
        if self.step is None:
            self.note("reaches outside of its process, and not in flow.step")
        else:
            self.note(f"reaches outside of its process in step {self.step}: give its value by `steps`")
        raise OSError("a flow under test reaches nobody")


def _is_authors(frame: types.FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") == "flow_recording.instrument":
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename in SHOWN and any(frames())


def _at(act: Callable[[float], Any], now: float) -> Callable[..., Any]:
    return lambda seconds=None: act(now if seconds is None else seconds)


Watched = Callable[[str, Callable[..., Any]], Callable[..., Any]]


def _moved(now: float, watched: Watched) -> Any:
    real = dt.datetime

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Moved(dt.datetime, metaclass=Kind):
        now = staticmethod(watched("reads a clock", lambda tz=None: real.fromtimestamp(moment, tz)))
        utcnow = staticmethod(watched("reads a clock", lambda: real.fromtimestamp(moment, dt.UTC).replace(tzinfo=None)))
        today = staticmethod(watched("reads a clock", lambda: real.fromtimestamp(moment)))

    moment = now
    Moved.__name__ = Moved.__qualname__ = "datetime"
    return Moved


def _moved_date(now: float, watched: Watched) -> Any:
    real = dt.date

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Moved(dt.date, metaclass=Kind):
        today = staticmethod(watched("reads a clock", lambda: real.fromtimestamp(now)))

    Moved.__name__ = Moved.__qualname__ = "date"
    return Moved
