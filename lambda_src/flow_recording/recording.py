"""Every way through the flow of a folder: what each asks, what the costliest costs, which of them fail."""

import importlib
import signal
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agent_workflow.declaration import Declaration, read_declarations
from agent_workflow.flow_errors import FlowFailed
from flow_recording.choices import Choices, every_way
from flow_recording.instrument import load
from flow_recording.places import SHOWN, here, loop
from flow_recording.reckoning import Cost
from flow_recording.unknown import Unbounded, World
from flow_recording.verbs import PLANNED, Act, AgentMayFail, RecordedRequest, RecordingFlow, planned

FILE = "flow.py"
SECONDS = 10
"""Time for one way; one that takes longer runs in a circle without using a verb."""
_CERTAIN = (FlowFailed, RecursionError, NameError, ImportError, AttributeError)
"""What no unknown value brings about: a mistake of the flow, if every way ends so."""

Run = Callable[[Any, Any], Any]


class Refused(ValueError):
    """The Lambda would refuse this flow.py before its first call, or fail with it whatever the agents answer."""


@dataclass
class Way:
    """One way through: the verbs used, why it ended after them, and how if not with a result."""

    acts: tuple[Act, ...]
    because: str = ""
    failure: Exception | None = None
    where: str = ""

    @property
    def cost(self) -> Cost:
        return sum((act.cost for act in self.acts), Cost(1))


@dataclass
class Recording:
    """What is known of a flow.

    Attributes:
        ways: every way that was tried.
        complete: whether these are all.
        unbounded: the loop that has no bound; None if every loop has.
        fields: fields of the event that the flow looks at.
    """

    ways: list[Way] = field(default_factory=list)
    complete: bool = True
    unbounded: str | None = None
    fields: set[str] = field(default_factory=set)

    @property
    def worst(self) -> Way:
        """The way with the most operations."""
        return max(self.ways, key=lambda way: (way.cost.operations, way.cost.bytes))


def record(folder: Path, side_by_side: int) -> Recording:
    """Run the folder's flow, or the file's order without one, every way.

    Raises:
        Refused: it cannot be imported, is no flow, or fails every way.
        ValueError: agents.toml breaks a rule.
    """
    declared = {agent.name: agent for agent in read_declarations(folder)}
    topics = importlib.import_module("agent_workflow.topics")
    topics.read_plan = planned  # type: ignore[attr-defined]
    run = run_of(folder)
    made = Recording()

    def walk(choices: Choices) -> None:
        with _timed():
            made.ways.append(_walked(run, declared, choices, side_by_side, made.fields))

    try:
        made.complete = every_way(walk)
    except Unbounded as without_end:
        made.unbounded = str(without_end)
    _refuse_what_always_fails(made)
    return made


def _walked(run: Run, declared: dict[str, Declaration], choices: Choices, side_by_side: int, fields: set[str]) -> Way:
    flow = RecordingFlow(declared, choices, side_by_side)
    request = RecordedRequest(choices, fields, flow.because)
    World.operations = lambda: len(flow.acts)
    World.decide = partial(_decide, flow, choices)
    try:
        flow.finished(run(flow, request))
    except AgentMayFail:
        pass
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's code may raise anything
        if isinstance(error, RecursionError) and flow.acts:
            raise Unbounded(f"no end was found of the recursion{_raised_at(error)}") from None
        failure = error if isinstance(error, Exception) else RuntimeError("SystemExit")
        return Way(tuple(flow.acts), "", failure, _raised_at(error))
    return Way(tuple(flow.acts), ", ".join(flow.because))


def _decide(flow: RecordingFlow, choices: Choices, kind: str, options: int) -> int:
    """Ask again after each verb, but not of helpers of ours, which only make texts."""
    file, line = here()
    own = SHOWN.get(file) == "topics.py" and kind != PLANNED
    return choices.choose((file, line, kind), options, 0 if own else len(flow.acts))


def _refuse_what_always_fails(made: Recording) -> None:
    failures = [way for way in made.ways if way.failure is not None]
    if made.unbounded or not failures or len(failures) < len(made.ways):
        return
    first = failures[0]
    if isinstance(first.failure, FlowFailed):
        raise Refused(str(first.failure))
    if isinstance(first.failure, _CERTAIN):
        raise Refused(f"run in flow.py must return, but raised {type(first.failure).__name__}{first.where}")


def run_of(folder: Path) -> Run:
    """The function `run` of the folder's flow.py, or that of the file's order without one.

    Raises:
        Refused: it cannot be imported, or has no such function.
    """
    file = folder / FILE
    if not file.exists():
        from agent_workflow import file_order

        return file_order.run
    module = types.ModuleType("pipeline_flow")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        with _timed():
            load(file, FILE, module)
    except (Exception, SystemExit, Unbounded) as error:
        raise Refused(f"flow.py must be importable, got {type(error).__name__}: {error}") from error
    run = getattr(module, "run", None)
    if not isinstance(run, types.FunctionType):
        raise Refused(f"flow.py must have a function run(flow, request), got {type(run).__name__}")
    return run


def _raised_at(error: BaseException) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in SHOWN:
            lines.append(f" in {SHOWN[trace.tb_frame.f_code.co_filename]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return lines[-1] if lines else ""


@contextmanager
def _timed() -> Iterator[None]:
    """Ends a loop that uses no verb, where the platform has such a timer."""

    def ring(_signal: int, _frame: object) -> None:
        raise Unbounded(f"no end was found of {loop()}")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def rows(way: Way) -> list[dict[str, Any]]:
    """The operations of one way, alike ones together, in the order of their first use."""
    known: dict[str, Cost] = {}
    times: Counter[str] = Counter()
    for act in way.acts:
        known[act.name] = known.get(act.name, Cost()) + act.cost
        times[act.name] += 1
    return [{"operation": name, "times": times[name], **vars(cost)} for name, cost in known.items()]
