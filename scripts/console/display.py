"""Shows the progress of a run on stderr: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scripts.console.agents_progress import AgentProgress, Progress
from scripts.console.sentence import say

HEARTBEAT_SECONDS = 5.0
REFRESHES_PER_SECOND = 8
MARKS = {"waiting": " ", "running": "▶", "done": "✔", "failed": "✘"}
STYLES = {"waiting": "dim", "running": "bold cyan", "done": "green", "failed": "bold red"}


class PlainDisplay:
    """A line for everything worth one, and every five seconds one that says how far the model call has come."""

    def __init__(self, console: Console, started_at: float) -> None:
        self._console = console
        self._started_at = started_at
        self._spoke_at = started_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def note(self, at: float, sentence: str) -> None:
        """Write one line with the seconds since the start."""
        self._spoke_at = max(at, self._spoke_at)
        say(self._console, f"{at - self._started_at:7.1f} s  {sentence}", hang=len("    0.0 s  "))

    def paste(self, command: str) -> None:
        """Write a command by itself and whole, however wide the terminal is, so that it can be copied."""
        self._console.print(f"\n{command}\n", markup=False, highlight=False, emoji=False, soft_wrap=True)

    def show(self, progress: Progress) -> None:
        """Look at the run; mostly says nothing."""
        now = time.time()
        running = next((agent for agent in progress.agents.values() if agent.state == "running"), None)
        if running is None or progress.running_pid is None or now - self._spoke_at < HEARTBEAT_SECONDS:
            return
        rate = running.tokens_per_second
        come = f"{running.tokens} tokens, {rate:.1f} tokens/s" if rate else "waiting for the model's first words"
        self.note(now, f"{running.name}: {come}")


class LiveDisplay(PlainDisplay):
    """The same lines, and under them a table that is redrawn while the run lasts."""

    def __init__(self, console: Console, started_at: float) -> None:
        super().__init__(console, started_at)
        self._live = Live(
            console=console, transient=True, refresh_per_second=REFRESHES_PER_SECOND, redirect_stdout=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update(Text(""))
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Redraw the table."""
        self._live.update(_table(progress, time.time(), self._started_at))


def display_on(console: Console, started_at: float, *, live: bool) -> PlainDisplay:
    """The display that fits: live on a terminal unless `live` is off."""
    return LiveDisplay(console, started_at) if live and console.is_terminal else PlainDisplay(console, started_at)


def _table(progress: Progress, now: float, started_at: float) -> Table:
    where = f"process {progress.running_pid}" if progress.running_pid else "no process runs"
    table = Table(box=None, pad_edge=False, caption_justify="left", caption=f"{now - started_at:.0f} s, {where}")
    for heading in ("", "agent", "doing", "tokens", "tokens/s", "seconds"):
        table.add_column(heading, justify="left" if heading in ("", "agent", "doing") else "right")
    for agent in progress.agents.values():
        table.add_row(*_cells(agent, now), style=STYLES[agent.state])
    return table


def _cells(agent: AgentProgress, now: float) -> list[str]:
    doing = "replayed from checkpoint" if agent.replayed else (agent.call or agent.state)
    rate, seconds = agent.tokens_per_second, agent.seconds(now)
    return [
        MARKS[agent.state],
        agent.name,
        doing,
        str(agent.tokens or ""),
        f"{rate:.1f}" if rate else "",
        f"{seconds:.1f}" if seconds is not None else "",
    ]
