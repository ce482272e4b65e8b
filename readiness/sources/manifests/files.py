"""Which files a list of paths, folders and globs means. Nothing is opened here but folders."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readiness.model import Gap, Input, Reading, Span
from readiness.sources.manifests.reading import Limits

ENDINGS = (".yaml", ".yml", ".json")
MOST_FILES = 50_000
MOST_BYTES = 256 << 20
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_OTHERS = {".jsonnet": "Jsonnet", ".libsonnet": "Jsonnet", ".cue": "CUE", ".ytt": "ytt"}


@dataclass(slots=True)
class Listing:
    """The files to read, by the name the user knows them by, and what was left out with its reason."""

    root: Path
    limits: Limits
    files: dict[str, Path] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # asked for by name, not met in a folder
    gaps: list[Gap] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)
    _bytes: int = 0

    def gap(self, name: str, cause: str, advice: str = "") -> None:
        self.gaps.append(Gap("manifests", cause, Span(name, 1), advice=advice))
        self.inputs.append(Input(name, Reading.NOT_EXAMINED, cause))

    def ignore(self, name: str, reason: str) -> None:
        self.inputs.append(Input(name, Reading.IGNORED, reason))


def listing(paths: Sequence[str], root: Path, limits: Limits) -> Listing:
    """All files that `paths` mean, relative to `root`: files, folders (searched for YAML and JSON) and globs."""
    found = Listing(root, limits)
    barren = []
    for pattern in paths:
        before = len(found.files) + len(found.gaps) + len(found.inputs)
        for name in _expand(pattern, found):
            path = root / name
            if path.is_dir():
                _folder(name, path, found)
            else:
                found.named.add(name)
                _file(name, path, found)
        if len(found.files) + len(found.gaps) + len(found.inputs) == before:
            barren.append(pattern)
    # Where nothing was found at all, that is one gap for the whole; beside other files it has to be named here.
    for pattern in barren if found.files else ():
        found.gap(pattern, "no YAML or JSON file lies there")
    return found


def _expand(pattern: str, found: Listing) -> Iterator[str]:
    if not glob.has_magic(pattern) or (found.root / pattern).exists():
        if not os.path.lexists(found.root / pattern):
            found.gap(pattern, "there is no such file or folder", f"looked in {found.root}")
            return
        yield pattern
        return
    names = sorted(glob.glob(pattern, root_dir=found.root, recursive=True))  # noqa: PTH207 (Path.glob refuses `..`)
    if not names:
        found.gap(pattern, "the pattern matches no file", f"looked in {found.root}")
    yield from names


def _folder(name: str, path: Path, found: Listing) -> None:
    """Walk a folder in order. Links are followed inside the root only, and no folder is entered twice."""
    entered = {os.path.realpath(path)}
    waiting = [(name, path)]
    while waiting:
        here_name, here = waiting.pop(0)
        try:
            # Links come last, so that a file is known by its own name where it has one here.
            entries = sorted(os.scandir(here), key=lambda e: (e.is_symlink(), e.name))
        except OSError as fault:
            found.gap(here_name, f"the folder cannot be read: {fault.strerror}")
            continue
        if any(e.name == "Chart.yaml" for e in entries):
            _chart(here_name, here, found)
            continue
        folders = []
        for entry in entries:
            entry_name = entry.name if here_name == "." else f"{here_name.rstrip('/')}/{entry.name}"
            if _is_folder(entry):
                target = os.path.realpath(entry.path)
                if entry.name == ".git" or target in entered:
                    continue
                if entry.is_symlink() and not _inside(target, found.root):
                    found.gap(entry_name, "a link out of the folder that is checked is not followed")
                    continue
                entered.add(target)
                folders.append((entry_name, Path(entry.path)))
            elif entry.name.lower().endswith(ENDINGS):
                _file(entry_name, Path(entry.path), found)
            elif Path(entry.name).suffix in _OTHERS:
                kind = _OTHERS[Path(entry.name).suffix]
                found.gap(entry_name, f"{kind} is not rendered here", "render it, and check what comes out")
        waiting = folders + waiting


def _chart(name: str, path: Path, found: Listing) -> None:
    """A chart is one gap, at its `Chart.yaml`; what lies in it is listed, and no link in it is followed."""
    top = "" if name == "." else f"{name.rstrip('/')}/"
    found.gap(f"{top}Chart.yaml", "this is a chart: its templates are no manifests", "declare it as `helm`")
    for folder, folders, files in os.walk(path):
        folders.sort()
        inner = "" if folder == str(path) else f"{os.path.relpath(folder, path)}/"
        for file in sorted(files):
            if file.lower().endswith(ENDINGS) and inner + file != "Chart.yaml":
                reason = f"a part of the chart {top}Chart.yaml, which is not rendered here"
                found.inputs.append(Input(top + inner + file, Reading.NOT_EXAMINED, reason))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one. A link that leads in a circle is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _file(name: str, path: Path, found: Listing) -> None:
    if path.name in KUSTOMIZATIONS and name not in found.named:
        found.ignore(name, "a kustomization says how to build, it is no manifest; declare it as `kustomize`")
        return
    try:
        status = path.stat()
    except OSError as fault:
        found.gap(name, f"the file cannot be read: {fault.strerror}")
        return
    target = os.path.realpath(path)
    if not stat.S_ISREG(status.st_mode):
        found.gap(name, "this is no regular file, and is not opened")
    elif path.is_symlink() and not _inside(target, found.root):
        found.gap(name, "a link out of the folder that is checked is not followed")
    elif target in found._seen:
        if found._seen[target] != name:
            found.ignore(name, f"the same file as {found._seen[target]}")
    elif status.st_size > found.limits.file_bytes:
        found.gap(name, f"the file has {status.st_size:,} bytes, more than {found.limits.file_bytes:,}", "split it")
    elif len(found.files) >= MOST_FILES or found._bytes + status.st_size > MOST_BYTES:
        found.gap(name, f"more than {MOST_FILES:,} files or {MOST_BYTES >> 20} MiB", "check it in parts")
    else:
        found._seen[target] = name
        found._bytes += status.st_size
        found.files[name] = path


def _inside(target: str, root: Path) -> bool:
    top = os.path.realpath(root)
    return target == top or target.startswith(top.rstrip("/") + "/")
