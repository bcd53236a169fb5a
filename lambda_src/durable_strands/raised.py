"""What a tool or a model raised, kept as JSON and raised again as what it was."""

from __future__ import annotations

import sys
from typing import Any

from durable_strands.classify import classify
from durable_strands.errors import AgentFailed
from durable_strands.serdes import PlainJson
from durable_strands.sizes import checkpoint_bytes

_LIMIT_BYTES = 4_096


def keep(error: BaseException | None) -> dict[str, Any] | None:
    """The JSON form of `error`: class, text, arguments and attributes as far as they are JSON and not too large."""
    if error is None:
        return None
    names = [[kind.__module__, kind.__qualname__] for kind in type(error).__mro__ if issubclass(kind, Exception)]
    kept = {"classes": names, "text": _text(error)}
    whole = {**kept, "args": _json(list(error.args)), "attributes": {k: _json(v) for k, v in vars(error).items()}}
    if checkpoint_bytes(whole) <= _LIMIT_BYTES:
        return whole
    return {"classes": names, "text": kept["text"][:1_000], "args": None, "attributes": {}}


def raise_again(kept: dict[str, Any] | None) -> Exception | None:
    """An exception of the same class, text and attributes.

    Of a class that is not known, or was made by a function, it is of a stand-in of that name, below the nearest known.
    """
    if kept is None:
        return None
    kind = _class(kept["classes"])
    # Without its own constructor, which may want what is not kept; `OSError` reads its number in `__new__`.
    arguments = kept["args"] if kept["args"] is not None else [kept["text"]]
    error = kind.__new__(kind, *arguments)
    error.args = tuple(arguments)
    error.__dict__.update({k: v for k, v in kept["attributes"].items() if v is not None})
    return error if _text(error) == kept["text"] else _stand_in(kept["classes"][0], kind)(kept["text"])


def typed(error: BaseException) -> AgentFailed:
    """The typed failure of a model call that no hook mended, or of whatever else the loop raised."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(failure := getattr(inner, "durable_failure", inner), AgentFailed):
            return failure
        inner = getattr(inner, "original_exception", None) or inner.__cause__
    return classify(error)


def _class(names: list[list[str]]) -> type[Exception]:
    # Only what is imported already: a checkpoint must not be able to import code.
    for module, name in names:
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found if [module, name] == names[0] else _stand_in(names[0], found)
    return _stand_in(names[0], Exception)


def _stand_in(name: list[str], base: type[Exception]) -> type[Exception]:
    plain = {"__init__": Exception.__init__, "__str__": Exception.__str__}
    return type(name[1].rpartition(".")[2], (base,), plain)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a class whose text needs what was not JSON
        return type(error).__name__


def _json(value: Any) -> Any:
    try:
        return PlainJson().deserialize(PlainJson().serialize(value))
    except (TypeError, ValueError):
        return None
