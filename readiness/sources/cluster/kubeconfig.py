"""The entry of a kubeconfig that a context names, vetted field by field before anybody uses it.

The file is read with positions, so that what is wrong has a line. Where KUBECONFIG names several files, the first one
that has an entry of a name brings it, as with kubectl. Nothing of a value that may be secret is ever repeated.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from readiness.facts.document import Document
from readiness.model import Gap, Span
from readiness.sources.manifests.reader import DEFAULT_LIMITS, read_bytes

_LISTS = ("clusters", "contexts", "users")
_SHOWN = 10


class Refused(Exception):
    """The cluster cannot be asked: why, where that is written, and what to do."""

    def __init__(self, cause: str, span: Span | None = None, advice: str = "") -> None:
        super().__init__(cause)
        self.gap = Gap("cluster", cause, span, advice=advice)


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping of the kubeconfig with its place. `title` is how kubectl's documentation would name it."""

    body: Mapping[str, Any]
    document: Document
    route: tuple[str | int, ...]
    title: str

    @property
    def folder(self) -> Path:
        """Relative paths in a kubeconfig mean its own folder."""
        return Path(self.document.path).absolute().parent

    def span(self, *steps: str | int) -> Span:
        return Span(self.document.path, *self.document.nearest((*self.route, *steps)))

    def refuse(self, field: str, said: str, advice: str = "") -> Refused:
        return Refused(f"{self.title}.{field}: {said}", self.span(*field.split(".")), advice)

    def text(self, field: str) -> str:
        """A text, empty where nothing is written. Raises Refused for anything else."""
        value = self.body.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.refuse(field, f"wanted a text, found {type(value).__name__}")
        return value

    def flag(self, field: str) -> bool:
        value = self.body.get(field)
        if value is not None and not isinstance(value, bool):
            raise self.refuse(field, f"wanted true or false, found {type(value).__name__}")
        return bool(value)

    def part(self, field: str) -> Part | None:
        value = self.body.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refuse(field, f"wanted a mapping, found {type(value).__name__}")
        return Part(value, self.document, (*self.route, field), f"{self.title}.{field}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A context with its cluster and its user; `user` is None where the context names none."""

    context: str
    cluster: Part
    user: Part | None
    notes: tuple[str, ...] = ()


def find(context: str, kubeconfig: str, root: Path | None = None) -> Entry:
    """The entry of `context`. Raises Refused.

    `kubeconfig` is what the settings name; empty means KUBECONFIG or `~/.kube/config`. Settings belong to the tree that
    is checked, and a kubeconfig can name programs to run and files to send away: so one that the settings name must not
    lie in `root`. Whoever wants that one says so by KUBECONFIG.
    """
    paths = _paths(kubeconfig, root)
    documents = [d for path in paths for d in [_document(path)] if d is not None]
    if not documents:
        raise Refused(f"the kubeconfig {paths[0]} is empty", Span(str(paths[0]), 1), _BRING)
    chosen = _named(documents, "contexts", context, "cluster.context")
    inner = _inner(chosen, "context")
    cluster = _inner(_named(documents, "clusters", _reference(inner, "cluster"), f"{inner.title}.cluster"), "cluster")
    user = inner.text("user")
    owner = _inner(_named(documents, "users", user, f"{inner.title}.user"), "user") if user else None
    notes = tuple(_open_to_others(Path(path)) for path in dict.fromkeys(d.document.path for d in (cluster, owner) if d))
    return Entry(context, cluster, owner, tuple(n for n in notes if n))


_BRING = "name a kubeconfig in `cluster.kubeconfig` of the settings, or by the variable KUBECONFIG"


def _paths(kubeconfig: str, root: Path | None) -> list[Path]:
    """The files to read, which are all there."""
    if kubeconfig:
        path = (root or Path()) / Path(kubeconfig).expanduser()
        if root is not None and path.resolve().is_relative_to(root.resolve()):
            cause = f"the settings name the kubeconfig {kubeconfig}, which lies in the tree that is checked"
            raise Refused(cause, None, f"set KUBECONFIG={kubeconfig} to say yourself that you trust it")
        named = [path]
    else:
        written = os.environ.get("KUBECONFIG", "")
        named = [Path(p).expanduser() for p in written.split(os.pathsep) if p] or [Path("~/.kube/config").expanduser()]
    there = [path for path in named if path.exists()]
    if not there:
        raise Refused(f"there is no kubeconfig: {named[0]} does not exist", None, _BRING)
    return there


def _document(path: Path) -> Document | None:
    """What one file says; None for an empty one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused(f"the kubeconfig {path} is no file", None, _BRING)
        with path.open("rb") as file:
            data = file.read(DEFAULT_LIMITS.file_bytes + 1)
    except OSError as fault:
        raise Refused(f"the kubeconfig {path} cannot be read: {fault.strerror}", None, _BRING) from None
    reading = read_bytes(data, str(path))
    for problem in reading.problems:
        if problem.fatal:
            raise Refused(f"the kubeconfig is broken: {problem.message}", Span(str(path), problem.line, problem.column))
    return reading.documents[0] if reading.documents else None


def _named(documents: Sequence[Document], field: str, name: str, asked: str) -> Part:
    """The item of that name in a list of the kubeconfig. `asked` says who asks for it."""
    for document in documents:
        found = [item for item in _items(document, field) if item.body.get("name") == name]
        if len(found) > 1:
            lines = " and ".join(str(item.span().line) for item in found)
            raise Refused(f"the kubeconfig has {len(found)} {field} named {name}: lines {lines}", found[1].span())
        if found:
            return found[0]
    known = [
        str(item.body["name"]) for document in documents for item in _items(document, field) if "name" in item.body
    ]
    near = get_close_matches(name, known, 1)
    there = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    advice = f"did you mean {near[0]}?" if near else f"there are: {there or 'none'}"
    raise Refused(f"{asked} names {name}, which the kubeconfig does not have", Span(documents[0].path, 1), advice)


def _items(document: Document, field: str) -> Iterator[Part]:
    written = document.value.get(field)
    if written is None:
        return
    whole = Part(document.value, document, (), "kubeconfig")
    if not isinstance(written, list):
        raise whole.refuse(field, f"wanted a list, found {type(written).__name__}")
    for index, item in enumerate(written):
        if not isinstance(item, dict):
            raise Refused(f"kubeconfig.{field}: an item is no mapping", whole.span(field, index))
        yield Part(item, document, (field, index), f"{field}[name={item.get('name', '')}]")


def _inner(item: Part, field: str) -> Part:
    found = item.part(field)
    if found is None:
        raise item.refuse(field, "is missing")
    return found


def _reference(part: Part, field: str) -> str:
    name = part.text(field)
    if not name:
        raise part.refuse(field, "is missing")
    return name


def _open_to_others(path: Path) -> str:
    """A warning where others on this machine may read the credentials in the file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return ""
    return f"the kubeconfig {path} can be read by others on this machine (mode {mode:04o}): chmod 600 {path}"
