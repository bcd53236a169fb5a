"""The agents as declared in agents.toml, read and checked at synth by the rules that the Lambda applies at start."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tools_module import defined_names, undecorated

QUERY = "query"
RESERVED = (QUERY, "status", "report", "usage", "stored")
"""Fields of the result that are not an agent's text."""

MAX_AGENTS = 32
SHOWN_CHARACTERS = 100
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class AgentDeclaration:
    """What the construct needs to know of one agent; the Lambda reads the same file for the rest."""

    name: str
    """One word that runs through the house: operation, prompt, metric dimension, dashboard row."""

    model: str
    """Bedrock model id, before the `models` keyword is applied."""


def read_agents(folder: Path) -> tuple[AgentDeclaration, ...]:
    """Read and check `<folder>/agents.toml`, the prompts and the tools beside it.

    Args:
        folder: holds agents.toml, prompts/<name>.md, and tools.py if an agent has tools.

    Returns:
        The agents in the order they run.

    Raises:
        ValueError: naming the file, the agent, the rule and the value got.
    """
    entries = _entries(folder / "agents.toml")
    names: list[str] = []
    for entry in entries:
        _check_fields(entry)
        _check_name(entry["name"], names)
        _check_inputs(entry, names)
        _check_prompt(folder, entry["name"])
        _check_tools(folder, entry)
        _check_tool_options(entry)
        names.append(entry["name"])
    return tuple(AgentDeclaration(name=entry["name"], model=entry["model"]) for entry in entries)


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"agents must be a folder with an agents.toml, got {str(file.parent)!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file.name} must be valid TOML in UTF-8, got: {error}") from None
    except RecursionError:
        raise ValueError(f"{file.name} must not be nested so deep") from None
    entries = document.pop("agents", [])
    if document:
        raise ValueError(f"{file.name} must hold [[agents]] tables only, got {_shown(min(document))}")
    entries = entries if isinstance(entries, list) else [entries]
    if not 1 <= len(entries) <= MAX_AGENTS:
        raise ValueError(f"{file.name} must declare 1 to {MAX_AGENTS} [[agents]] tables, got {len(entries)}")
    if odd := [entry for entry in entries if not isinstance(entry, dict)]:
        raise ValueError(f"{file.name}: agents must be [[agents]] tables, got {_shown(odd[0])}")
    return entries


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # depth without end, or a number of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


@dataclass(frozen=True)
class _Field:
    rule: str
    holds: Callable[[Any], bool]
    required: bool = False


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word for word in value)


def _table(value: Any) -> bool:
    return isinstance(value, dict)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _fraction(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


_LIMITS = {
    "turns": _Field("a whole number between 1 and 1000", _whole(1, 1000)),
    "total_tokens": _Field("a whole number above 0", _whole(1, 10**12)),
}
_TOOL_OPTIONS = {
    "durable": _Field("true or false", _flag),
    "at_most_once": _Field("true or false", _flag),
    "max_attempts": _Field("a whole number between 1 and 10", _whole(1, 10)),
    "timeout_seconds": _Field("a whole number between 1 and 900", _whole(1, 900)),
    "max_result_bytes": _Field("a whole number between 1 and 10000000", _whole(1, 10_000_000)),
}
_FIELDS = {
    "name": _Field(
        f"a word like {_NAME.pattern}", lambda v: isinstance(v, str) and bool(_NAME.fullmatch(v)), required=True
    ),
    "inputs": _Field(f"a list of {QUERY!r} and earlier agents", lambda v: _words(v) and bool(v), required=True),
    "model": _Field(
        "a Bedrock model id", lambda v: isinstance(v, str) and bool(re.fullmatch(r"\S{1,2048}", v)), required=True
    ),
    "max_tokens": _Field("a whole number between 1 and 1000000", _whole(1, 1_000_000), required=True),
    "temperature": _Field("a number between 0 and 1", _fraction),
    "tools": _Field("a list of names in tools.py", _words),
    "tool_options": _Field("a table of tables", lambda v: isinstance(v, dict) and all(map(_table, v.values()))),
    "limits": _Field("a table of turns and total_tokens", lambda value: isinstance(value, dict)),
}


def _check_fields(entry: Mapping[str, Any], fields: Mapping[str, _Field] = _FIELDS, agent: Any = None) -> None:
    where = f"agents.toml: agent {_shown(entry.get('name', agent))}"
    if unknown := sorted(entry.keys() - fields.keys()):
        raise ValueError(f"{where} must have only the fields {', '.join(fields)}, got {_shown(unknown[0])}")
    for name, field in fields.items():
        if (field.required or name in entry) and not field.holds(entry.get(name)):
            raise ValueError(f"{where}: {name} must be {field.rule}, got {_shown(entry.get(name))}")
    if "limits" in entry:
        _check_fields(entry["limits"], _LIMITS, entry["name"])


def _check_name(name: str, earlier: list[str]) -> None:
    if name in RESERVED or name in earlier:
        taken = ", ".join((*RESERVED, *earlier))
        raise ValueError(f"agents.toml: name must be none of {taken}, got {name!r}")


def _check_inputs(entry: Mapping[str, Any], earlier: list[str]) -> None:
    known = (QUERY, *earlier)
    for given in entry["inputs"]:
        if given not in known:
            raise ValueError(
                f"agents.toml: agent {entry['name']!r}: inputs must name what comes before it ({', '.join(known)}), "
                f"so that there is no cycle, got {_shown(given)}"
            )


def _check_prompt(folder: Path, name: str) -> None:
    prompt = folder / "prompts" / f"{name}.md"
    try:
        text = prompt.read_text(encoding="utf-8")
    except OSError:
        text = ""
    except UnicodeDecodeError as error:
        raise ValueError(f"prompts/{name}.md must be UTF-8, got: {error}") from None
    if not text.strip():
        raise ValueError(f"agent {name!r} must have a prompt in prompts/{name}.md, got none in {str(folder)!r}")


def _check_tools(folder: Path, entry: Mapping[str, Any]) -> None:
    tools = entry.get("tools", [])
    if not tools:
        return
    defined = defined_names(folder / "tools.py")
    for tool in tools:
        if defined is not None and tool not in defined:
            raise ValueError(f"agent {entry['name']!r}: tools must be names in tools.py, got {_shown(tool)}")
    if plain := [tool for tool in tools if tool in undecorated(folder / "tools.py")]:
        raise ValueError(
            f"agent {entry['name']!r}: tools must be made with @tool or @durable_tool, got {plain[0]!r} without a "
            "decorator"
        )


def _check_tool_options(entry: Mapping[str, Any]) -> None:
    where = f"agents.toml: agent {entry['name']!r}: tool_options"
    for tool, options in entry.get("tool_options", {}).items():
        if tool not in entry.get("tools", []):
            raise ValueError(f"{where} must name tools of the agent, got {tool!r}")
        _check_fields(options, _TOOL_OPTIONS, f"{entry['name']}, tool {tool}")
        if options.get("at_most_once") and options.get("max_attempts", 1) > 1:
            raise ValueError(f"{where}: at_most_once must leave max_attempts at 1, got {options['max_attempts']}")
