"""Which fields of the event a flow.py looks at, read from its text, so that one it ignores costs nobody a call."""

import ast
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from agent_workflow.errors import InvalidRequest
from agent_workflow.request import Request

_HANDS_ON = frozenset({"vars", "getattr", "model_dump", "__dict__"})
"""What a flow may look at any field by."""
_KNOWN = frozenset({*sys.stdlib_module_names, "agent_workflow", "durable_strands", "boto3", "botocore", "pydantic"})
"""Modules that take no field of the event by themselves; of others nobody knows."""
_TEXTS = ("analysis", "report")
_PARSING = threading.Lock()
"""Python 3.11 cannot build two syntax trees at once (python/cpython#106905): executions side by side in one process."""


def refuse_what_the_flow_leaves_out(folder: Path, request: Request) -> None:
    """Refuse, before any call, what this flow.py certainly does nothing with.

    Raises:
        InvalidRequest: topics that it never looks at, or a review that it never holds.
    """
    words, reviewed = _read(folder / "flow.py")
    if request.topics is not None and words is not None and "topics" not in words:
        raise InvalidRequest("topics must be left out: the flow.py of these agents does not look at them")
    if request.review and words is not None and request.review.after not in reviewed:
        raise InvalidRequest(
            f"review must be left out or come after another text: the flow.py of these agents holds no review after "
            f"the {request.review.after}"
        )


@cache
def _read(file: Path) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Names that the file looks at, None if it may look at any, and the texts that it has reviewed."""
    try:
        text = file.read_text(encoding="utf-8")
        with _PARSING:
            nodes = list(ast.walk(ast.parse(text)))
    except (OSError, SyntaxError, ValueError):
        return None, frozenset()  # why not, its import says
    words = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    words |= {node.id for node in nodes if isinstance(node, ast.Name)}
    if words & _HANDS_ON or any(root not in _KNOWN for node in nodes for root in _imports(node)):
        return None, frozenset()
    return frozenset(words), frozenset(_reviewed(nodes))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]


def _reviewed(nodes: Sequence[ast.AST]) -> Iterator[str]:
    called = set()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "review":
            called.add(node.func)
            of = next((word.value for word in node.keywords if word.arg in ("of", None)), ast.Constant("report"))
            yield from (str(of.value),) if isinstance(of, ast.Constant) else _TEXTS
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "review" and node not in called and not _of_request(node):
            yield from _TEXTS  # it is called by another name


def _of_request(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "request"
