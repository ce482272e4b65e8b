"""The track record: bugs of this project that its own proof found, from `tests/deploy/found.yaml`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import yaml

PLACE = Path("tests") / "deploy" / "found.yaml"
_KEYS = {"what", "by", "test"}


class Unfit(Exception):
    """An entry that is none, or that names a test that there is not; the text says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """One bug: what was wrong, what found it, and the test that holds it (`path::function`)."""

    what: str
    by: str
    test: str


def read(root: Path) -> tuple[Found, ...]:
    """All of them. Raises Unfit."""
    try:
        entries = yaml.safe_load((root / PLACE).read_text(encoding="utf-8")) or []
    except (OSError, yaml.YAMLError) as fault:
        raise Unfit(f"{PLACE} cannot be read: {fault}") from None
    if not isinstance(entries, list):
        raise Unfit(f"{PLACE}: wanted a list of bugs, found {entries!r:.80}")
    return tuple(_found(root, number, entry) for number, entry in enumerate(entries, 1))


def _found(root: Path, number: int, entry: object) -> Found:
    if not isinstance(entry, dict) or set(entry) != _KEYS or not all(isinstance(v, str) and v for v in entry.values()):
        raise Unfit(f"{PLACE}: entry {number}: wanted texts for {', '.join(sorted(_KEYS))}, found {entry!r:.80}")
    found = Found(**entry)
    path, _, function = found.test.partition("::")
    if function not in _functions(root / path):
        raise Unfit(f"{PLACE}: entry {number}: there is no test {found.test}")
    return found


def _functions(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }
