"""The rules of agents.toml, one set for the construct at synth and the function at start.

It needs nothing but Python, and nothing of this package: the construct loads this one file out of the Lambda's source.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

QUERY = "query"
RESERVED = ("query", "status", "report", "usage", "stored")
"""Fields of the result that are not an agent's text."""

MAX_AGENTS = 32
FILE = "agents.toml"
SHOWN_CHARACTERS = 100
_NAME = r"[a-z][a-z0-9-]{0,31}"
_RULE = "rule"
T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """What a field of agents.toml must be."""

    says: str
    holds: Callable[[Any], bool]

    read: Callable[[Any, str], Any] = lambda value, _: value
    """Makes the field's value of what TOML holds; the text says where it stands."""


def _ruled(rule: Rule, **default: Any) -> Any:
    return field(metadata={_RULE: rule}, **default)


def _whole(low: int, high: int) -> Rule:
    return Rule(
        f"a whole number between {low} and {high}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
    )


def _text(pattern: str, says: str) -> Rule:
    return Rule(says, lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)))


def _words(says: str, least: int) -> Rule:
    def holds(value: Any) -> bool:
        return isinstance(value, list) and len(value) >= least and all(isinstance(word, str) and word for word in value)

    return Rule(says, holds, lambda value, _: tuple(value))


def _fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _table(value: Any) -> bool:
    return isinstance(value, dict)


_FLAG = Rule("true or false", lambda value: isinstance(value, bool))


@dataclass(frozen=True, kw_only=True)
class AgentLimits:
    """Caps of one agent's run, checked between its model calls.

    Attributes:
        turns: most model calls; 1,000 with a tool in each are 2,000 of the 3,000 operations that an execution may have.
            Default: 25, that of durable_strands.
        total_tokens: most input and output tokens together. Default: no cap.
    """

    turns: int | None = _ruled(_whole(1, 1000), default=None)
    total_tokens: int | None = _ruled(_whole(1, 10**12), default=None)

    def chosen(self) -> dict[str, int]:
        """The caps that are not left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ToolChoices:
    """How one tool of an agent is run; each field's default is that of durable_strands.ToolOptions.

    Attributes:
        durable: whether each call is a checkpoint. Default: true.
        at_most_once: never run a call again, not even after a killed process. Default: false, a killed call is tried
            again, 3 times in all.
        max_attempts: tries of a call that raises. Default: 1, the model gets the error at once.
        timeout_seconds: longest run of one call, in seconds. Default: 120.
        max_result_bytes: largest result, in bytes. Default: 200,000.
    """

    durable: bool = _ruled(_FLAG, default=True)
    at_most_once: bool = _ruled(_FLAG, default=False)
    max_attempts: int = _ruled(_whole(1, 10), default=1)
    timeout_seconds: int = _ruled(_whole(1, 900), default=120)
    max_result_bytes: int = _ruled(_whole(1, 10_000_000), default=200_000)


def _limits(value: Mapping[str, Any], where: str) -> AgentLimits:
    return _made(AgentLimits, value, f"{where}: limits")


def _tool_options(value: Mapping[str, Any], where: str) -> dict[str, ToolChoices]:
    where = f"{where}: tool_options of "
    return {tool: _made(ToolChoices, options, where + shown(tool)) for tool, options in value.items()}


_LIMITS = Rule("a table of turns and total_tokens", _table, _limits)
_TOOL_OPTIONS = Rule(
    "a table of tables", lambda value: _table(value) and all(map(_table, value.values())), _tool_options
)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One agent, as agents.toml declares it.

    Attributes:
        name: also its prompt's file stem, metric dimension and dashboard row; unique, none of `query`, `status`,
            `report`, `usage`, `stored`.
        inputs: what it is given to read, quoted as data; `query` is the event's text.
        model: Bedrock model id, inference profile id or ARN; the construct's `models` replaces it per deployment.
        max_tokens: most tokens of one reply; reaching it fails the execution, so leave enough.
        temperature: leave it out for models that refuse it. Default: the model's own.
        tools: Strands tools, or durable tools that may wait. Default: none.
        tool_options: name of one of these tools -> how it is run. Default: those of ToolChoices.
        limits: caps of its run. Default: those of AgentLimits.
    """

    name: str = _ruled(_text(_NAME, f"a word like {_NAME}"))
    inputs: tuple[str, ...] = _ruled(_words(f"a list of {QUERY!r} and earlier agents", 1))
    model: str = _ruled(_text(r"\S{1,2048}", "a Bedrock model id"))
    max_tokens: int = _ruled(_whole(1, 1_000_000))
    temperature: float | None = _ruled(Rule("a number between 0 and 1", _fraction), default=None)
    tools: tuple[str, ...] = _ruled(_words("a list of names in tools.py", 0), default=())
    tool_options: Mapping[str, ToolChoices] = _ruled(_TOOL_OPTIONS, default_factory=dict)
    limits: AgentLimits = _ruled(_LIMITS, default_factory=AgentLimits)  # noqa: RUF009 - _ruled makes a dataclass field


def read_declarations(folder: Path) -> tuple[Declaration, ...]:
    """Read and check `<folder>/agents.toml`.

    Returns:
        The agents in the order they run.

    Raises:
        ValueError: in one line that names the file, the agent, the rule and the value got.
    """
    declared: list[Declaration] = []
    for entry in _entries(folder / FILE):
        agent = _made(Declaration, entry, f"{FILE}: agent {shown(entry.get('name'))}")
        _check(agent, [one.name for one in declared])
        declared.append(agent)
    return tuple(declared)


def read_prompt(folder: Path, name: str) -> str:
    """The text of `<folder>/prompts/<name>.md`, trimmed.

    Raises:
        ValueError: when there is none, it is blank or not UTF-8.
    """
    try:
        text = (folder / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    except UnicodeDecodeError as error:
        raise ValueError(f"prompts/{name}.md must be UTF-8, got: {error}") from None
    if not text:
        raise ValueError(f"agent {name!r} must have a prompt in prompts/{name}.md, got none in {str(folder)!r}")
    return text


def shown(value: object) -> str:
    """A value as a refusal shows it: cut where it is long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # depth without end, or a number of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"agents must be a folder with an {FILE}, got {str(file.parent)!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{FILE} must be valid TOML in UTF-8, got: {error}") from None
    except RecursionError:
        raise ValueError(f"{FILE} must not be nested so deep") from None
    except ValueError:  # Python reads no number of thousands of digits
        raise ValueError(f"{FILE} must hold numbers that Python can read, got one with too many digits") from None
    entries = document.pop("agents", [])
    if document:
        raise ValueError(f"{FILE} must hold [[agents]] tables only, got {shown(min(document))}")
    entries = entries if isinstance(entries, list) else [entries]
    if not 1 <= len(entries) <= MAX_AGENTS:
        raise ValueError(f"{FILE} must declare 1 to {MAX_AGENTS} [[agents]] tables, got {len(entries)}")
    if odd := [entry for entry in entries if not isinstance(entry, dict)]:
        raise ValueError(f"{FILE}: agents must be [[agents]] tables, got {shown(odd[0])}")
    return entries


def _made(kind: Callable[..., T], given: Mapping[str, Any], where: str) -> T:
    """A value of `kind` out of a table, each field by its rule."""
    ruled = {one.name: one for one in fields(cast(Any, kind))}
    if unknown := sorted(given.keys() - ruled.keys()):
        raise ValueError(f"{where} must have only the fields {', '.join(ruled)}, got {shown(unknown[0])}")
    read = {}
    for name, one in ruled.items():
        rule: Rule = one.metadata[_RULE]
        if name in given or (one.default is MISSING and one.default_factory is MISSING):
            if not rule.holds(given.get(name)):
                got = shown(given[name]) if name in given else "none"
                raise ValueError(f"{where}: {name} must be {rule.says}, got {got}")
            read[name] = rule.read(given[name], where)
    return kind(**read)


def _check(agent: Declaration, earlier: Sequence[str]) -> None:
    """Refuse what no field can tell by itself."""
    if agent.name in (*RESERVED, *earlier):
        raise ValueError(f"{FILE}: name must be none of {', '.join((*RESERVED, *earlier))}, got {agent.name!r}")
    where = f"{FILE}: agent {agent.name!r}"
    for given in agent.inputs:
        if given not in (QUERY, *earlier):
            raise ValueError(
                f"{where}: inputs must name what comes before it ({', '.join((QUERY, *earlier))}), so that there is no "
                f"cycle, got {shown(given)}"
            )
    for tool, options in agent.tool_options.items():
        if tool not in agent.tools:
            raise ValueError(f"{where}: tool_options must name tools of the agent, got {shown(tool)}")
        if options.at_most_once and options.max_attempts > 1:
            raise ValueError(
                f"{where}: tool_options of {shown(tool)}: at_most_once must leave max_attempts at 1, "
                f"got {options.max_attempts}"
            )
