"""The names that a tools.py defines, found without running it: its imports are the Lambda's, not synth's."""

import ast
from collections import Counter
from pathlib import Path


def defined_names(file: Path) -> frozenset[str] | None:
    """Names bound at the top of a module.

    Returns:
        The names, or None when only running it would show them (a star import).

    Raises:
        ValueError: when there is no such file, or it is not Python.
    """
    names = {name for statement in _statements(file) for name in _bound(statement)}
    return None if "*" in names else frozenset(names)


def undecorated(file: Path) -> frozenset[str]:
    """Functions and classes that nothing makes a tool of: bound once, without a decorator.

    Raises:
        ValueError: as `defined_names`.
    """
    statements = _statements(file)
    bound = Counter(name for statement in statements for name in _bound(statement))
    definitions = (s for s in statements if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
    return frozenset(s.name for s in definitions if not s.decorator_list and bound[s.name] == 1)


def _statements(file: Path) -> list[ast.stmt]:
    if not file.is_file():
        raise ValueError(f"agents with tools must have a tools.py beside agents.toml, got none in {str(file.parent)!r}")
    return parsed(file).body


def parsed(file: Path) -> ast.Module:
    """A module of an agents folder, read and not run.

    Raises:
        ValueError: when it cannot be read, or is not Python.
    """
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file.name} must be Python, got: {error}") from None


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    # A tool may be bound inside `if` or `try`, such as an import with a fallback.
    inner = [name for block in _blocks(statement) for name in _bound(block)]
    stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return inner + [node.id for node in stored]


def _blocks(statement: ast.stmt) -> list[ast.stmt]:
    children = [statement, *(child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt))]
    return [block for node in children for block in ast.iter_child_nodes(node) if isinstance(block, ast.stmt)]
