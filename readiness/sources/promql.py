"""Reads PromQL with the grammar of Prometheus. The library loads when the first expression is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from readiness.facts.ports import Expression, Selector

# The parser recurses in native code, where a stack that overflows ends the process: what nests deeper is not given
# to it.
_MOST = 500
_QUOTED = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`""", re.DOTALL)
_NESTING = re.compile(r"[-+*/%^(<>]|[=!]=|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_LONGEST = 20_000
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


@lru_cache(maxsize=10_000)
def parse(expression: str) -> Expression | str:
    """The parts of `expression`, or the parser's complaint. Longer or deeper than any person writes: not read."""
    import promql_parser

    if len(expression) > _LONGEST:
        return f"is longer than {_LONGEST:,} characters: too long to read"
    nesting = sum(1 for _ in _NESTING.finditer(_QUOTED.sub('""', expression)))
    if nesting > _MOST:
        return f"has {nesting} operators and brackets, more than {_MOST}: too deep to read"
    try:
        tree = promql_parser.parse(expression)
    except (ValueError, TypeError) as error:
        return " ".join(str(error).split()) or "is not PromQL"
    selectors: list[Selector] = []
    functions: set[str] = set()
    for node, around in _walk(tree):
        kind = type(node).__name__
        if kind == "Call":
            functions.add(node.func.name)
        elif kind in {"AggregateExpr", "BinaryExpr"}:
            functions.add(str(node.op))
        elif kind == "VectorSelector":
            selectors += _selectors(node, around, 0.0)
        elif kind == "MatrixSelector":
            selectors += _selectors(node.vector_selector, around, node.range.total_seconds())
    return Expression(tuple(selectors), frozenset(functions))


def _walk(tree: Any) -> Iterator[tuple[Any, str]]:
    """Each node with the innermost function around it; without recursion, since expressions may be deep."""
    todo: list[tuple[Any, str]] = [(tree, "")]
    while todo:
        node, around = todo.pop()
        yield node, around
        inner = node.func.name if type(node).__name__ == "Call" else around
        children = [getattr(node, part, None) for part in ("expr", "lhs", "rhs", "param")]
        children += getattr(node, "args", None) or []
        todo += [(child, inner) for child in reversed(children) if type(child).__module__.startswith("promql")]


def _selectors(node: Any, around: str, seconds: float) -> Iterator[Selector]:
    groups = [node.matchers.matchers, *node.matchers.or_matchers]
    for matchers in groups if node.matchers.or_matchers else groups[:1]:
        parts = [(m.name, _OPERATORS.get(str(m.op).rpartition(".")[2], "="), m.value) for m in matchers]
        if not parts and not node.name:
            continue
        named = next((value for name, operator, value in parts if name == "__name__" and operator == "="), "")
        yield Selector(node.name or named, tuple(p for p in parts if p[0] != "__name__"), around, seconds)
