"""Environment variables that a project cannot do without, by its own code and its example of an environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.paths import is_own
from readiness.facts.pythoncode import python_tree
from readiness.facts.repository import File, FileKind, Repository
from readiness.model import Place

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env")
_MOST_BYTES = 1 << 20  # a generated file of constants asks for no variables


@dataclass(frozen=True, slots=True)
class RequiredVariable:
    """A variable and the place that asks for it."""

    name: str
    place: Place


class RequiredVariables:
    """Each variable once: those that `.env.example` sets, and those that Python code takes by `os.environ["NAME"]`.

    A variable that is commented out in the example, or that code reads with a default, can be left out.
    """

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, repository: Repository) -> None:
        found: dict[str, RequiredVariable] = {}
        for file in repository.named(*_EXAMPLES):
            if is_own(file.path):
                for name, line in assignments(file):
                    found.setdefault(name, RequiredVariable(name, file.at(name, line)))
        for file in repository.named("*.py"):
            if is_own(file.path) and file.size <= _MOST_BYTES and "environ[" in file.text:
                for name, line in _subscripts(file):
                    found.setdefault(name, RequiredVariable(name, file.at(name, line)))
        self._items = tuple(found.values())

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[RequiredVariable]:
        return iter(self._items)


def assignments(file: File) -> Iterator[tuple[str, int]]:
    """The variables that a dotenv file sets, with their lines."""
    for number, line in enumerate(file.lines, 1):
        name, equals, _ = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier() and not line.lstrip().startswith("#"):
            yield name.strip(), number


def _subscripts(file: File) -> Iterator[tuple[str, int]]:
    """`os.environ["NAME"]` where it is read: it raises without the variable."""
    tree = python_tree(file)
    guarded = _guarded(tree) if tree else set()
    for node in ast.walk(tree) if tree else ():
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load) or id(node) in guarded:
            continue
        environ, key = node.value, node.slice
        named = (isinstance(environ, ast.Attribute) and environ.attr == "environ") or (
            isinstance(environ, ast.Name) and environ.id == "environ"
        )
        if named and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, node.lineno


def _guarded(tree: ast.Module) -> set[int]:
    """Nodes under a `try` with a handler, or under an `if`: the code may do without what they read."""
    found: set[int] = set()
    for node in ast.walk(tree):
        bodies: list[ast.stmt] = []
        if isinstance(node, ast.Try) and node.handlers:
            bodies = node.body
        elif isinstance(node, ast.If):
            bodies = [*node.body, *node.orelse]
        found.update(id(inner) for statement in bodies for inner in ast.walk(statement))
        if isinstance(node, ast.IfExp):
            found.update(id(inner) for part in (node.body, node.orelse) for inner in ast.walk(part))
    return found
