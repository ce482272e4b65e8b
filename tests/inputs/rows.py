"""The form of a row: one bad input, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One input in the folder `bad`. Paths are relative to it; everything named here has to be in the answer.

    `finds` are checks and the place where each has to point; `gaps` are places and words of what could not be read;
    `inputs` says what became of a file. `clean` are checks that must not complain about these files, `never` are words
    that no output may hold. `code` is the exit code that it causes, `company` the one beside twenty good files.
    `seconds` and `mib` bound what the input may cost more than a small manifest does.
    """

    name: str
    files: Mapping[str, str | bytes]
    code: int
    finds: tuple[tuple[str, Place], ...] = ()
    gaps: tuple[tuple[Place, str], ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    clean: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    company: int | None = None
    make: Callable[[Path], None] | None = None
    needs: tuple[str, ...] = ()
    seconds: float | None = None
    mib: float | None = None

    @property
    def alone(self) -> int:
        """The exit code for this input by itself: one that is well and runs nothing is INCOMPLETE, no answer."""
        return self.code or 3

    def write(self, folder: Path) -> None:
        """Write the files into `folder`, byte for byte."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if self.make is not None:
            self.make(folder)
