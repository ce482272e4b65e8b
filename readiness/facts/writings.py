"""How things are written: what a reader had to say of a file beside its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from readiness.facts.texts import TextAnchor
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the text that its values no longer show, such as a key that is written twice."""

    path: str
    line: int
    column: int
    kind: str
    message: str

    @property
    def at(self) -> Place:
        return TextAnchor(self.path).at(self.kind, self.line)


@dataclass(frozen=True, slots=True)
class Note:
    """A comment that speaks to this program. `alone` says that its line holds nothing else."""

    path: str
    line: int
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """One file that was read, with the number of objects in it."""

    path: str
    objects: int
    remarks: tuple[Remark, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def at(self) -> Place:
        return TextAnchor(self.path).at(1)


@dataclass(frozen=True, slots=True)
class Writings:
    """All files of one origin."""

    root: ClassVar[bool] = True

    files: tuple[Writing, ...]

    @classmethod
    def join(cls, parts: Iterable[Writings]) -> Writings:
        return cls(tuple(f for part in parts for f in part.files))

    def __iter__(self) -> Iterator[Writing]:
        return iter(self.files)
