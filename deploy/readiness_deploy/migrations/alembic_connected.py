"""Words of a revision that ask for a connection: in its own file, and in what it imports from its release."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

_CONNECTED = frozenset({"get_bind", "is_offline_mode", "as_sql", "is_offline", "run_async"})
_AMBIGUOUS = frozenset({"connection", "bind"})  # words of many others: only as an attribute, in a revision itself


def connected(root: Path, versions: str, shown: str, text: str) -> str:
    """Where a revision's `upgrade`, or anything it may call, asks for a connection; empty where nothing does.

    A sentence that begins with file:line. `text` is Python that can be read.
    """
    tree = ast.parse(text)
    tree.body = [n for n in tree.body if not (isinstance(n, ast.FunctionDef) and n.name == "downgrade")]
    line = _asking(tree, _CONNECTED | _AMBIGUOUS)
    if line:
        return f"{shown}:{line}: it asks for a connection"
    folder = root / versions
    # Where Python looks is known to the command that renders alone: beside the revisions, above them, or in a folder
    # of the release.
    folders = [folder, *folder.parents, *sorted(p for p in root.iterdir() if p.is_dir())]
    for path, imported in _imported(root, root / shown, tree, folders):
        line = _asking(imported, _CONNECTED)
        if line:
            return f"{shown}:1: {path.relative_to(root)}:{line} asks for a connection"
    return ""


def _asking(tree: ast.Module, attributes: Collection[str]) -> int:
    """The line of the first word that asks for a connection: used, imported, or given to `getattr`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=word) if word in attributes:
                return node.lineno
            case ast.Name(id=word) | ast.Constant(value=str(word)) if word in _CONNECTED:
                return node.lineno
            case ast.ImportFrom(names=names) if any(name.name in _CONNECTED for name in names):
                return node.lineno
    return 0


def _imported(root: Path, path: Path, tree: ast.Module, folders: Sequence[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """The modules below the root that a module imports, and those that they do."""
    seen, waiting = {path}, [(path, tree)]
    while waiting:
        for found in _named(*waiting.pop(), folders):
            if found in seen or not found.is_relative_to(root) or not found.is_file():
                continue
            seen.add(found)
            try:
                there = ast.parse(found.read_bytes())
            except (OSError, SyntaxError, ValueError, RecursionError):
                continue  # whoever renders will say so
            yield found, there
            waiting.append((found, there))


def _named(path: Path, tree: ast.Module, folders: Sequence[Path]) -> Iterator[Path]:
    """Files that the imports of a module may mean."""
    for node in ast.walk(tree):
        names: list[str] = []
        places: Sequence[Path] = folders
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = f"{node.module}." if node.module else ""
            names = [package.removesuffix("."), *(package + name.name for name in node.names)]
            if node.level:
                places = [*path.parents][node.level - 1 : node.level]
        for name in filter(None, names):
            for place in places:
                yield place.joinpath(*name.split(".")).with_suffix(".py")
                yield place.joinpath(*name.split("."), "__init__.py")
