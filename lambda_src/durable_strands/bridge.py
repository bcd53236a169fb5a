"""Two threads and a queue: the agent's event loop on one, its durable operations on the other.

The durable SDK is synchronous, starts operations from the handler's thread in a fixed order and suspends an execution
by raising a BaseException there. Strands is asynchronous and collects exceptions in several places. So nothing durable
is ever raised into Strands: the loop asks, the handler's thread answers, and what is raised on the handler's thread
leaves the run from there while the loop is asked to stop. A swallowed suspension is impossible by construction.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from durable_strands.errors import DeadlineExceeded

T = TypeVar("T")

_JOIN_SECONDS = 2.0


class Overdue(Exception):
    """A call did not end within its time."""


class TellAgent(Exception):
    """Raised by an operation to hand `error` to the agent instead of ending the run."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class BridgeClosed(RuntimeError):
    """The run is over; the loop may not ask for another operation."""


@dataclass
class _Request(Generic[T]):
    operation: Callable[[], T]
    answer: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop

    def serve(self) -> None:
        try:
            value = self.operation()
        except TellAgent as told:
            self._tell(self.answer.set_exception, told.error)
        else:
            self._tell(self.answer.set_result, value)

    def abandon(self) -> None:
        # Whoever asked may hold the agent's own loop (Strands runs a manager's or hook's agent in a thread and blocks).
        self._tell(lambda _: self.answer.cancel(), None)

    def _tell(self, settle: Callable[[Any], Any], value: Any) -> None:
        _tell(self.loop, lambda: None if self.answer.done() else settle(value))


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[], Any]) -> None:
    """Call in `loop` from another thread; a loop that has ended, at whatever moment, needs to hear nothing."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


class Desk:
    """Where loops ask, and one thread answers: the handler's, or that of a branch."""

    def __init__(self, patience: Callable[[], float | None] | None = None) -> None:
        self._requests: SimpleQueue[_Request[Any] | None] = SimpleQueue()
        self._closed = False
        self._patience = patience or (lambda: None)

    async def ask(self, operation: Callable[[], T]) -> T:
        """From any loop: run `operation` on the thread that serves, and await its value.

        Raises:
            BridgeClosed: Nobody serves any more.
        """
        if self._closed:
            raise BridgeClosed("the run has ended; no further operation is started")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._requests.put(_Request(operation, answer, loop))
        return await answer

    def serve(self) -> None:
        """Run what is asked for on this thread, until the desk is closed.

        Raises:
            DeadlineExceeded: Nothing was asked for until the invocation's time was over.
            BaseException: Whatever an operation raised; the desk is closed then.
        """
        request: _Request[Any] | None = None
        try:
            while (request := self._next()) is not None:
                request.serve()
        except BaseException:
            self._closed = True
            if request is not None:
                request.abandon()
            self._abandon_the_rest()
            raise

    def _next(self) -> _Request[Any] | None:
        left = self._patience()
        try:
            return self._requests.get(timeout=None if left is None else max(0.0, left))
        except Empty:
            raise DeadlineExceeded(
                "code of the agent outside every step (a hook, a plugin, a tool with durable=False, an async tool that "
                "blocks its event loop) did not end before the Lambda timeout"
            ) from None

    def _abandon_the_rest(self) -> None:
        while not self._requests.empty():
            if (request := self._requests.get()) is not None:
                request.abandon()

    def close(self) -> None:
        """Let `serve` return."""
        self._closed = True
        self._requests.put(None)

    def serve_while(
        self,
        loop: asyncio.AbstractEventLoop,
        make: Callable[[], Coroutine[Any, Any, T]],
        context: contextvars.Context,
    ) -> T:
        """Run a coroutine in `loop`, in `context`, and serve here what it asks for until it ends."""
        running = _Running(loop, make, context)
        running.done.add_done_callback(lambda _: self.close())
        try:
            self.serve()
        except BaseException:
            running.cancel()
            raise
        return running.done.result()


class _Running(Generic[T]):
    """A coroutine that runs in a loop of another thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make: Callable[[], Coroutine[Any, Any, T]],
        context: contextvars.Context,
    ) -> None:
        self._loop, self._tasks = loop, list[asyncio.Task[None]]()
        self.done: Future[T] = Future()
        loop.call_soon_threadsafe(
            lambda: self._tasks.append(loop.create_task(_settle(make, self.done), context=context))
        )

    def cancel(self) -> None:
        """Tell it to stop."""
        _tell(self._loop, lambda: [task.cancel() for task in self._tasks])


def in_loop(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], Coroutine[Any, Any, T]],
    context: contextvars.Context,
    timeout: float | None,
) -> T:
    """From an operation: run a coroutine in `loop`, in `context`, for at most `timeout` seconds.

    Raises:
        Overdue: The coroutine did not end in time; it was cancelled.
    """
    running = _Running(loop, make, context)
    if not wait_for([running.done], timeout).done:
        running.cancel()
        raise Overdue(f"not finished within {timeout:g} seconds")
    return running.done.result()


async def _settle(make: Callable[[], Coroutine[Any, Any, T]], done: Future[T]) -> None:
    try:
        done.set_result(await make())
    except asyncio.CancelledError:
        if not done.done():
            done.set_exception(RuntimeError("cancelled"))
        raise
    except (SystemExit, KeyboardInterrupt) as error:
        # asyncio would let it out of the event loop and no one would ever answer the step.
        done.set_exception(RuntimeError(f"the call raised {type(error).__name__}"))
    except BaseException as error:  # noqa: BLE001 - handed to the waiting step, which decides
        done.set_exception(error)


class Bridge:
    """One run of an agent's event loop.

    Args:
        patience: Seconds to wait for the next operation; None waits for ever, which is the default.
    """

    def __init__(self, patience: Callable[[], float | None] | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self.desk = Desk(patience)
        self._main: asyncio.Task[Any] | None = None

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `main` in the loop's thread and its operations on this thread, until it returns.

        Raises:
            BaseException: Whatever an operation raised; the loop has been cancelled then.
        """
        outcome: Future[T] = Future()
        work = contextvars.copy_context()
        thread = threading.Thread(target=work.run, args=(self._drive, main, outcome), name="agent-loop", daemon=True)
        thread.start()
        try:
            self.desk.serve()
        except BaseException:
            self._abandon(thread)
            raise
        # Bounded: a task of the agent's that ignores its cancellation must not hold the handler.
        thread.join(_JOIN_SECONDS)
        return outcome.result()

    async def on_caller_thread(self, operation: Callable[[], T]) -> T:
        """From the loop: run `operation` on the thread that called `run`, and await its value."""
        return await self.desk.ask(operation)

    def _drive(self, main: Callable[[], Coroutine[Any, Any, T]], outcome: Future[T]) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(main())
        try:
            outcome.set_result(self._loop.run_until_complete(self._main))
        except BaseException as error:  # noqa: BLE001 - raised again by run()
            outcome.set_exception(error)
        finally:
            self.desk.close()
            self._end_loop()

    def _end_loop(self) -> None:
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        # A worker thread that never returns must not hold the handler: the executor is left behind, not joined.
        self._loop.close()

    def _abandon(self, thread: threading.Thread) -> None:
        def stop() -> None:
            if self._main is not None:
                self._main.cancel()

        _tell(self._loop, stop)
        thread.join(_JOIN_SECONDS)
