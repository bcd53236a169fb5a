"""What a tool or a model raised, kept as JSON and raised again as what it was."""

from __future__ import annotations

import sys
from typing import Any

from durable_strands.serdes import PlainJson


def keep(error: BaseException | None) -> dict[str, Any] | None:
    """The JSON form of `error`: class, text, arguments and attributes as far as they are JSON."""
    if error is None:
        return None
    kind = type(error)
    kept = {"module": kind.__module__, "name": kind.__qualname__, "text": _text(error)}
    return {**kept, "args": _json(list(error.args)), "attributes": {k: _json(v) for k, v in vars(error).items()}}


def raise_again(kept: dict[str, Any] | None) -> Exception | None:
    """An exception of the same class, text and attributes; of a stand-in class of that name if its own is not known."""
    if kept is None:
        return None
    kind = _class(kept["module"], kept["name"])
    # Without its own constructor, which may want what is not kept; `OSError` reads its number in `__new__`.
    error = kind.__new__(kind, *(kept["args"] if kept["args"] is not None else (kept["text"],)))
    error.__dict__.update({k: v for k, v in kept["attributes"].items() if v is not None})
    return error if _text(error) == kept["text"] else _stand_in(kept["name"])(kept["text"])


def _class(module: str, name: str) -> type[Exception]:
    # Only what is imported already: a checkpoint must not be able to import code.
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else _stand_in(name)


def _stand_in(name: str) -> type[Exception]:
    return type(name.rpartition(".")[2], (Exception,), {})


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
