"""What Python code says, by its syntax tree: calls by their full names, whatever they were imported as."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.code import Code
from readiness.facts.repository import File, FileKind

_MOST_BYTES = 1 << 20  # such a file was made by a program


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `requests.get(url, timeout=3)` has the name `requests.get` and the option `timeout`.

    `spread` says that options come from a mapping (`**options`), so that any may be given.
    """

    file: File
    line: int
    name: str
    options: dict[str, object]
    positional: int
    spread: bool


class PythonCode:
    """The shipped Python code of a project, parsed."""

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, code: Code) -> None:
        self._files = [f for f in code.files.get("Python", ()) if f.size <= _MOST_BYTES]

    def calls(self, *names: str) -> Iterator[Call]:
        """The calls of these functions. A file is parsed only where the ends of a name occur in it."""
        parts = {(name.partition(".")[0], name.rpartition(".")[2]) for name in names}
        for file in self._files:
            if not any(first in file.text and last in file.text for first, last in parts):
                continue
            tree = python_tree(file)
            if tree is not None:
                yield from (c for c in _calls(file, tree) if c.name in names)


def python_tree(file: File) -> ast.Module | None:
    """The syntax tree of a Python file; None where this Python cannot parse it."""
    try:
        return ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _calls(file: File, tree: ast.Module) -> Iterator[Call]:
    known = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func)
            first, dot, rest = name.partition(".")
            options = {k.arg: _constant(k.value) for k in node.keywords if k.arg}
            spread = any(k.arg is None for k in node.keywords)
            yield Call(file, node.lineno, known.get(first, first) + dot + rest, options, len(node.args), spread)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that imports bind, with what they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.asname, a.name) for a in node.names if a.asname)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(parts)])


def _constant(node: ast.expr) -> object:
    """The value of a literal; something that is not None where only the program knows."""
    return node.value if isinstance(node, ast.Constant) else ...
