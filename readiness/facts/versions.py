"""Version numbers and the specifiers that ask for them: `>=1.28,<2`, `~=1.4`, `==3.*`, and those of npm and Cargo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

_VERSION = re.compile(
    r"\s*[vV=]?\s*(?:\d+!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev)[-_.]?(\d*))?"
)
_CLAUSE = re.compile(r"(===|==|!=|~=|>=|<=|>|<)?\s*([vV]?[^\s,;<>=!~]+)")
_EARLY = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}


@dataclass(frozen=True, slots=True, order=False)
class Version:
    """A version by its numbers and whether it comes before its release (`1.2rc1`). Trailing zeros do not matter."""

    numbers: tuple[int, ...]
    early: tuple[int, int] = (9, 0)

    @classmethod
    def read(cls, text: str) -> Version | None:
        """The version that `text` begins with, or None. `v3.14.2+g1` is 3.14.2."""
        match = _VERSION.match(text)
        if match is None or len(match[1]) > 60:
            return None
        numbers = tuple(int(n) for n in match[1].split("."))
        early = (_EARLY[match[2]], int(match[3] or 0)) if match[2] else (9, 0)
        return cls(numbers, early)

    def compare(self, other: Version) -> int:
        """Below, at or above zero, as this one is older, equal or newer."""
        for mine, theirs in zip_longest(self.numbers, other.numbers, fillvalue=0):
            if mine != theirs:
                return mine - theirs
        return (self.early > other.early) - (self.early < other.early)

    def within(self, other: Version) -> bool:
        """Whether its numbers begin with those of `other`: 3.11.4 is within 3.11."""
        padded = (*self.numbers, *([0] * len(other.numbers)))
        return padded[: len(other.numbers)] == other.numbers


def satisfies(version: str, wanted: str) -> bool | None:
    """Whether `version` meets every clause of `wanted` (`>=1.28,<2`); None where one of the two cannot be read.

    The operators mean what the Python packaging specification says of version specifiers; a bare version means it or
    any release within it (`3.11` is met by 3.11.4).
    """
    have = Version.read(version)
    clauses = [c.strip() for c in wanted.split(",") if c.strip()]
    if have is None or not clauses:
        return None
    answers = [_meets(have, clause) for clause in clauses]
    return None if None in answers else all(answers)


def _meets(have: Version, clause: str) -> bool | None:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return None
    operator, text = match[1] or "", match[2]
    starred = text.endswith(".*")
    want = Version.read(text.removesuffix(".*"))
    if want is None or (starred and operator not in {"==", "!="}):
        return None
    order = have.compare(want)
    if operator == "~=":
        return order >= 0 and have.within(Version(want.numbers[:-1])) if len(want.numbers) > 1 else None
    same = have.within(want) if starred or not operator else order == 0
    answers = {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "!=": not same}
    return answers.get(operator, same)
