"""Loads the author's modules so that unknown values stay unknown in calls that would need to know them."""

import ast
import sys
import types
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flow_recording.places import note
from flow_recording.unknown import Unknown, decided, is_filled

_HOLDERS = (list, dict, set, frozenset, tuple, deque)
_MEASURES = {len, int, float, round, range, ord, abs}
_MAY_RAISE = {"loads", "load", "int", "float", "Decimal", "fromisoformat", "strptime"}
_ORDERED = (list, tuple, enumerate, zip, map, filter)
_AS_IT_IS = {"super", "locals", "globals", "vars", "dir", "eval", "exec"}


def load(file: Path, shown: str, module: types.ModuleType) -> None:
    """Run a file as `module`, instrumented.

    Raises:
        SyntaxError: it is no Python.
        Exception: whatever the file raises.
    """
    tree = ast.parse(file.read_bytes(), str(file))
    note(str(file), shown, tree)
    changed = ast.fix_missing_locations(_Instrumented().visit(tree))
    module.__dict__.update(
        _flow_call=call, _flow_in=within, _flow_text=joined, _flow_unpack=unpacked, _flow_each=ordered
    )
    exec(compile(changed, str(file), "exec"), module.__dict__)  # noqa: S102 - the author's own code, as Lambda would


class Sets:
    """In which order sets give what they hold: None as they do, else sorted or backwards."""

    backwards: bool | None = None


def ordered(value: Any) -> Any:
    """A set as a list in the order that was chosen; anything else as it is."""
    if Sets.backwards is None or not isinstance(value, set | frozenset):
        return value
    return sorted(value, key=repr, reverse=Sets.backwards)


class _Instrumented(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _AS_IT_IS:
            return node
        return ast.copy_location(ast.Call(_name("_flow_call"), [node.func, *node.args], node.keywords), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) > 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
            return node
        asked: ast.expr = ast.Call(_name("_flow_in"), [node.left, node.comparators[0]], [])
        asked = asked if isinstance(node.ops[0], ast.In) else ast.UnaryOp(ast.Not(), asked)
        return ast.copy_location(asked, node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Call(_name("_flow_text"), [_part(value) for value in node.values], []), node)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = ast.Call(_name("_flow_each"), [node.iter], [])
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = ast.Call(_name("_flow_each"), [node.iter], [])
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = ast.Call(_name("_flow_each"), [node.value], [])
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(target, ast.Tuple | ast.List) and not any(isinstance(e, ast.Starred) for e in target.elts):
            node.value = ast.Call(_name("_flow_unpack"), [node.value, ast.Constant(len(target.elts))], [])
        return node


def _part(value: ast.expr) -> ast.expr:
    if not isinstance(value, ast.FormattedValue):
        return value
    given = [value.value, ast.Constant(value.conversion), value.format_spec or ast.Constant("")]
    return ast.Tuple(given, ast.Load())


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def call(act: Any, /, *given: Any, **named: Any) -> Any:
    """`act(*given, **named)`, or something unknown where `act` is no code of the author's and would have to know."""
    if Sets.backwards is not None:
        given = _in_order(act, given)
        if isinstance(getattr(act, "__self__", None), set) and act.__name__ == "pop" and act.__self__:
            first = ordered(act.__self__)[0]
            act.__self__.remove(first)
            return first
    values = (*given, *named.values())
    if act is isinstance and isinstance(given[0], Unknown):
        kinds = given[1] if isinstance(given[1], tuple) else (given[1],)
        return str in kinds if given[0].kind == "text" else decided("kind")
    if _is_join(act) and isinstance(given[0], Unknown):
        return Unknown()
    if _is_join(act):
        given = values = (list(given[0]),)
    if not any(map(_has_unknown, values)) or not _must_know(act, given):
        return act(*given, **named)
    if getattr(act, "__name__", "") in _MAY_RAISE and not decided("readable"):
        raise ValueError("an answer that cannot be read so")
    filled = act is str and is_filled(given[0])
    if _is_join(act):
        filled = any(map(is_filled, given[0])) or (len(given[0]) > 1 and is_filled(act.__self__))
    return Unknown(kind="text" if act is str or _of_text(act) else "item", filled=filled)


def _in_order(act: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is given to a call that would take the order of a set."""
    name = getattr(act, "__name__", "")
    takes = act in (*_ORDERED, iter, min, max, sorted) if isinstance(act, type | types.BuiltinFunctionType) else False
    return tuple(map(ordered, given)) if takes or _is_join(act) or name in ("fromkeys", "extend") else given


def _must_know(act: Any, given: tuple[Any, ...]) -> bool:
    owner = getattr(act, "__self__", None)
    if isinstance(act, types.BuiltinMethodType) and owner is not None and not isinstance(owner, types.ModuleType):
        return not isinstance(owner, (*_HOLDERS, type, Unknown))
    if isinstance(act, types.BuiltinFunctionType | type) and getattr(act, "__module__", "") == "builtins":
        return (act in _MEASURES or act is str) and any(isinstance(value, Unknown) for value in given)
    module = str(getattr(act, "__module__", None) or "").partition(".")[0]
    return module in sys.stdlib_module_names and module not in {"builtins", "collections", "itertools", "functools"}


def _is_join(act: Any) -> bool:
    return isinstance(act, types.BuiltinMethodType) and act.__name__ == "join" and isinstance(act.__self__, str)


def _of_text(act: Any) -> bool:
    return isinstance(getattr(act, "__self__", None), str)


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(isinstance(each, Unknown) for each in value.values())
    return isinstance(value, Unknown) or (
        isinstance(value, list | tuple | set) and any(isinstance(each, Unknown) for each in value)
    )


def within(part: Any, whole: Any) -> bool:
    """`part in whole`, tried both ways if either is unknown."""
    if isinstance(part, Unknown) and isinstance(whole, set | frozenset | dict | str):
        return any(part is each for each in whole) if isinstance(whole, set) and part in whole else decided("in")
    return part in whole


def joined(*parts: Any) -> Any:
    """An f-string, unknown if a part of it is."""
    text = "".join(part if isinstance(part, str) else _formatted(*part) for part in parts)
    filled = any(is_filled(part[0] if isinstance(part, tuple) else part) for part in parts)
    return (
        Unknown(text, filled=filled)
        if any(_has_unknown(part[0]) for part in parts if isinstance(part, tuple))
        else text
    )


def _formatted(value: Any, conversion: int, spec: str) -> str:
    changes: dict[int, Callable[[Any], str]] = {ord("r"): repr, ord("s"): str, ord("a"): ascii}
    return format(changes[conversion](value) if conversion in changes else value, str(spec))


def unpacked(value: Any, number: int) -> Any:
    """What `a, b = value` takes apart."""
    if isinstance(value, Unknown):
        return tuple(Unknown(kind=value.kind) for _ in range(number))
    return value
