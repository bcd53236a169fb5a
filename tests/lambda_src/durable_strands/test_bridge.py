"""The two threads of a run: an answer for a loop that has just ended is nobody's failure."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from durable_strands.bridge import Desk, Overdue, in_loop


class EndsJustThen(asyncio.SelectorEventLoop):
    """Is closed between the look at it and the call."""

    looks = True

    def is_closed(self):
        return super().is_closed() and not self.looks

    def end(self):
        self.looks = False
        self.close()
        self.looks = True

    def __del__(self):
        self.looks = False


def asked(desk, operation):
    """A loop that asks, and is gone before it is answered."""
    loop = EndsJustThen()
    task = loop.create_task(desk.ask(operation))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.end()


def test_an_operation_stands_when_the_loop_that_asked_for_it_has_ended():
    desk, made = Desk(), []
    asked(desk, lambda: made.append(1))
    desk.close()
    desk.serve()
    assert made == [1]


def test_what_an_operation_raises_leaves_the_desk_as_it_is_when_the_loop_has_ended():
    desk = Desk()

    def suspend():
        raise KeyboardInterrupt

    asked(desk, suspend)
    with pytest.raises(KeyboardInterrupt):
        desk.serve()


def test_a_call_that_is_overdue_in_a_loop_that_ends_is_overdue():
    loop = EndsJustThen()
    ended = threading.Event()

    def run():
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.end()
        ended.set()

    threading.Thread(target=run).start()
    with pytest.raises(Overdue):
        in_loop(loop, lambda: asyncio.sleep(60), contextvars.copy_context(), 1)
    assert ended.is_set()
