"""A private copy of a chart, so that Helm sees nothing but regular files that were looked at before.

Links out of the checked tree, devices, oversized files and archives that would unpack to more than their bounds are
refused here. Archives in `charts/` are unpacked into the copy: Helm never opens one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readiness.model import Span
from readiness.sources.helm import archives
from readiness.sources.helm.chart import ChartError

FILE_BYTES = 5 << 20
CHART_BYTES = 100 << 20
ENTRIES = 50_000
_DEEPEST = 32


@dataclass(slots=True)
class Budget:
    """What one chart with everything in it may still use."""

    bytes: int = CHART_BYTES
    entries: int = ENTRIES

    def take(self, size: int, shown: str) -> None:
        """Raises ChartError where a file, or all files together, are too large."""
        if size > FILE_BYTES:
            raise ChartError(f"the file has {size:,} bytes, more than {FILE_BYTES:,}", Span(shown, 1))
        self.bytes -= size
        self.entries -= 1
        if self.bytes < 0 or self.entries < 0:
            raise ChartError(
                f"the chart has more than {CHART_BYTES >> 20} MiB or {ENTRIES:,} files", Span(shown, 1), "split it"
            )


@dataclass(slots=True)
class Copying:
    """One copy in the making. `boundary` is the folder that links may not lead out of."""

    boundary: str
    budget: Budget = field(default_factory=Budget)
    shown: dict[str, str] = field(default_factory=dict)  # folders in the copy that have another name outside of it

    def folder(self, source: Path, target: Path, shown: str, above: tuple[str, ...] = ()) -> None:
        """Copy a folder. Raises ChartError for what Helm may not see."""
        here = os.path.realpath(source)
        if here in above or len(above) >= _DEEPEST:
            raise ChartError("folders contain each other, or are too deep", Span(shown, 1))
        target.mkdir(mode=0o700)
        for entry in _entries(source, shown):
            inner = f"{shown.rstrip('/')}/{entry.name}".removeprefix("./")
            if entry.name == ".git":
                continue
            if entry.is_symlink():
                self._check_link(entry, inner)
            if entry.is_dir():
                self.folder(Path(entry.path), target / entry.name, inner, (*above, here))
            elif source.name == "charts" and entry.name.endswith((".tgz", ".tar.gz")):
                self._archive(Path(entry.path), target, entry.name, inner)
            else:
                self._file(entry.path, target / entry.name, inner)

    def _check_link(self, entry: os.DirEntry[str], shown: str) -> None:
        if entry.name == "Chart.lock":
            raise ChartError("Chart.lock is a link; Helm would write through it", Span(shown, 1), "make it a file")
        target = os.path.realpath(entry.path)
        if target != self.boundary and not target.startswith(self.boundary.rstrip("/") + "/"):
            raise ChartError("a link out of the folder that is checked is not followed", Span(shown, 1))

    def _file(self, path: str, target: Path, shown: str) -> None:
        data = read(path, shown)
        self.budget.take(len(data), shown)
        target.write_bytes(data)

    def _archive(self, path: Path, target: Path, name: str, shown: str) -> None:
        data = read(str(path), shown, CHART_BYTES)
        folder = target / f"{name.removesuffix('.tgz').removesuffix('.tar.gz')}-unpacked"
        self.shown[str(folder)] = shown
        archives.unpack(data, folder, shown, self.budget.take)
        for inner in sorted((folder / "charts").glob("*.tgz")):
            inner_shown = f"{shown}/charts/{inner.name}"
            if len(self.shown) > _DEEPEST:
                raise ChartError("archives within archives are too many", Span(inner_shown, 1))
            self._archive(inner, inner.parent, inner.name, inner_shown)
            inner.unlink()


def read(path: str, shown: str, most: int = FILE_BYTES) -> bytes:
    """The bytes of a regular file. Raises ChartError; nothing that could block is opened for reading."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 (a descriptor opened without waiting)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ChartError("this is no regular file, and is not opened", Span(shown, 1))
            if status.st_size > most:
                raise ChartError(f"the file has {status.st_size:,} bytes, more than {most:,}", Span(shown, 1))
            return stream.read(most + 1)
    except OSError as fault:
        raise ChartError(f"the file cannot be read: {fault.strerror}", Span(shown, 1)) from None


def _entries(folder: Path, shown: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from sorted(found, key=lambda e: e.name)
    except OSError as fault:
        raise ChartError(f"the folder cannot be read: {fault.strerror}", Span(shown, 1)) from None
