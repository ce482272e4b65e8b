"""Files that name files: `.dockerignore` and `.gitignore`, matched in time that no pattern can blow up.

A pattern is compared component by component, and both `*` and `**` are matched greedily with one point to go back to,
so that the cost is at most length of the path times length of the pattern. Regular expressions made from patterns are
exponential: `a*a*a*a*a*a*b` against a name of a hundred `a` takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from readiness.facts.repository import Repository
from readiness.model import Place

P = TypeVar("P")
_ANY, _STAR = "?", "*"
Token = str | tuple[bool, tuple[tuple[str, str], ...]]
"""`?`, `*`, `=x` for the character x itself, or a class: whether it is negated, and its ranges."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file. A part is None for `**`. `line` counts from 1."""

    text: str
    parts: tuple[tuple[Token, ...] | None, ...]
    negated: bool = False
    folders_only: bool = False
    line: int = 0

    def matches(self, path: Sequence[str]) -> bool:
        """Whether the whole of `path`, given as its components, is what the pattern says."""
        return _match(self.parts, path, lambda part: part is None, _component)


@dataclass(frozen=True, slots=True)
class DockerIgnore:
    """The patterns of one `.dockerignore`, in the order written."""

    path: str
    patterns: tuple[Pattern, ...]

    def excludes(self, path: str) -> bool:
        """Whether the builder never gets to see `path`: the last pattern that matches it or a folder above it
        decides.
        """
        steps = path.split("/")
        heads = [steps[: n + 1] for n in range(len(steps))]
        verdict = False
        for pattern in self.patterns:
            if pattern.negated is verdict and any(pattern.matches(head) for head in heads):
                verdict = not pattern.negated
        return verdict


class DockerIgnores:
    """Every `.dockerignore` (and `NAME.dockerignore`) of the repository, by path."""

    kinds = frozenset({"Dockerfile"})

    def __init__(self, repository: Repository) -> None:
        files = repository.named(".dockerignore", "*.dockerignore")
        self.files = {file.path: DockerIgnore(file.path, dockerignore(file.text)) for file in files if file.own}
        self._repository = repository

    def of(self, dockerfile: str, context: str = "") -> DockerIgnore | None:
        """The one that counts when `dockerfile` is built in `context`: its own first, then that of the context."""
        own = self.files.get(f"{dockerfile}.dockerignore")
        return own or self.files.get(f"{context}/.dockerignore" if context else ".dockerignore")

    def at(self) -> Place:
        return self._repository.at(".dockerignore")


def dockerignore(text: str) -> tuple[Pattern, ...]:
    """The patterns of a `.dockerignore`: always seen from the context, `!` takes back, `#` in the first column
    comments.
    """
    made = []
    for number, written in enumerate(text.splitlines(), 1):
        line = written.strip()
        if not line or written.startswith("#"):
            continue
        negated = line.startswith("!")
        steps = [s for s in line.removeprefix("!").strip().split("/") if s not in {"", "."}]
        if steps:
            made.append(Pattern(line, _parts(_clean(steps)), negated, line=number))
    return tuple(made)


def gitignore(text: str) -> tuple[Pattern, ...]:
    """The patterns of a `.gitignore`, for paths seen from its folder."""
    made = []
    for number, written in enumerate(text.splitlines(), 1):
        line = _without_trailing_blanks(written)
        if not line or line.startswith("#"):
            continue
        negated = line.startswith("!")
        body = line.removeprefix("!") if negated else line
        if "//" in body:
            continue  # an empty name, which no path has
        folders_only = body.endswith("/")
        body = body.rstrip("/")
        steps = [s for s in body.split("/") if s]
        if not steps:
            continue
        if "/" not in body:
            steps.insert(0, "**")
        elif steps[-1] == "**":
            steps.append("*")  # `a/**` is what lies in a, not a itself
        made.append(Pattern(line, _parts(steps), negated, folders_only, number))
    return tuple(made)


def decides(patterns: Iterable[Pattern], path: str, *, folder: bool) -> bool | None:
    """What the last matching pattern of a `.gitignore` says of `path`: ignored, taken back, or nothing."""
    steps = path.split("/")
    verdict = None
    for pattern in patterns:
        if (folder or not pattern.folders_only) and pattern.matches(steps):
            verdict = not pattern.negated
    return verdict


def _clean(steps: Iterable[str]) -> list[str]:
    cleaned: list[str] = []
    for step in steps:
        if step == ".." and cleaned:
            cleaned.pop()
        elif step != "..":
            cleaned.append(step)
    return cleaned


def _without_trailing_blanks(line: str) -> str:
    stripped = line.rstrip(" \t\r\n")
    escaped = (len(stripped) - len(stripped.rstrip("\\"))) % 2
    return line[: len(stripped) + 1] if escaped and len(stripped) < len(line) else stripped


def _parts(steps: Iterable[str]) -> tuple[tuple[Token, ...] | None, ...]:
    return tuple(None if step == "**" else _tokens(step) for step in steps)


def _tokens(step: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    while at < len(step):
        char = step[at]
        if char == "*":
            if not tokens or tokens[-1] != _STAR:
                tokens.append(_STAR)
        elif char == "?":
            tokens.append(_ANY)
        elif char == "[":
            token, at = _class(step, at + 1)
            tokens.append(token)
            continue
        else:
            if char == "\\" and at + 1 < len(step):
                at += 1
            tokens.append("=" + step[at])
        at += 1
    return tuple(tokens)


def _class(step: str, at: int) -> tuple[Token, int]:
    """A bracket expression from `at` on and where it ends. One that no bracket closes fits nothing, as in git."""
    negated = at < len(step) and step[at] in "!^"
    at += negated
    ranges: list[tuple[str, str]] = []
    first = at
    while at < len(step):
        if step[at] == "]" and at > first:
            return (negated, tuple(ranges)), at + 1
        at += step[at] == "\\" and at + 1 < len(step)
        low = high = step[at]
        if at + 2 < len(step) and step[at + 1] == "-" and step[at + 2] != "]":
            high = step[at + 2]
            at += 2
        ranges += ((low, low), (low, high))  # git takes the first even of a range that is the wrong way round
        at += 1
    return (False, ()), len(step)


def _component(tokens: tuple[Token, ...] | None, name: str) -> bool:
    return tokens is not None and _match(tokens, name, lambda token: token == _STAR, _character)


def _character(token: Token, char: str) -> bool:
    if isinstance(token, str):
        return token == _ANY or token[1:] == char
    negated, ranges = token
    return any(low <= char <= high for low, high in ranges) is not negated


def _match(
    pattern: Sequence[P], items: Sequence[str], is_star: Callable[[P], bool], fits: Callable[[P, str], bool]
) -> bool:
    """Greedy match with one point to go back to: the last star that was seen may take one item more."""
    at = item = 0
    star = mark = -1
    while item < len(items):
        if at < len(pattern) and is_star(pattern[at]):
            star, mark = at, item
            at += 1
        elif at < len(pattern) and fits(pattern[at], items[item]):
            at, item = at + 1, item + 1
        elif star >= 0:
            mark += 1
            at, item = star + 1, mark
        else:
            return False
    return all(is_star(p) for p in pattern[at:])
