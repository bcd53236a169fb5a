"""Metric math, as far as alarms and dashboards of this repository use it: an expression of one period's values.

A metric without a value in the period is missing, and so is what is computed of it, unless `FILL` gives it one.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = float | None

_OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda above, below: above / below if below else None,
    ast.USub: operator.neg,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda *given: all(given),
    ast.Or: lambda *given: any(given),
}


def value_of(expression: str, values: Mapping[str, Value]) -> Value:
    """The expression's value.

    Args:
        expression: in CloudWatch's spelling.
        values: id of a metric or of another expression -> its value in the period.

    Raises:
        ValueError: it has something that is not emulated.
    """
    spelled = re.sub(r"\b(AND|OR)\b", lambda word: word[0].lower(), expression)
    spelled = spelled.replace("&&", " and ").replace("||", " or ")
    return _value(ast.parse(spelled.strip(), mode="eval").body, values)


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _called(function, arguments, values)
    operation, operands = _operation(node)
    if operation not in _OPERATIONS:
        raise ValueError(f"metric math must use what is emulated here, got {ast.unparse(node)!r}")
    return _on(operands, values, _OPERATIONS[operation])


def _operation(node: ast.expr) -> tuple[type[ast.AST], list[ast.expr]]:
    match node:
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return type(op), [left, right]
        case ast.UnaryOp(op=op, operand=operand):
            return type(op), [operand]
        case ast.BoolOp(op=op, values=parts):
            return type(op), parts
    return type(node), []


def _called(function: str, arguments: list[ast.expr], values: Mapping[str, Value]) -> Value:
    match function, arguments:
        case "FILL", [metric, filler]:
            found = _value(metric, values)
            return _value(filler, values) if found is None else found
        case "IF", [test, yes, no]:
            answer = _value(test, values)
            return None if answer is None else _value(yes if answer else no, values)
        case (("MAX" | "MIN"), [_, *_]):
            return _on(arguments, values, max if function == "MAX" else min)
    raise ValueError(f"metric math must use FILL, IF, MAX or MIN here, got {function} of {len(arguments)}")


def _on(nodes: list[ast.expr], values: Mapping[str, Value], act: Callable[..., Any]) -> Value:
    """The act on all their values; missing where one is."""
    given = [_value(node, values) for node in nodes]
    if any(value is None for value in given):
        return None
    made = act(*given)
    return None if made is None else float(made)
