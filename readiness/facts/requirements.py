"""What a manifest requires and what its lock says: the shapes, and where manifests are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from readiness.facts.objects import Node
from readiness.facts.paths import is_own
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.texts import root
from readiness.model import Place

DOCKERFILES = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that a manifest asks for. `wanted` is the version it asks for as it is written, empty for any.

    `conditional` says that it is not asked for everywhere: optional, or behind an environment marker.
    """

    name: str
    wanted: str
    place: Place
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file. `versions` are the locked ones by package, None where this format is not read here.

    `asked` is what the manifest asked for when the lock was made, where the lock tells. `hashed` says whether each
    package carries a checksum; None where the format has no say in it. `fault` is why it could not be read.
    """

    file: File
    versions: Mapping[str, frozenset[str]] | None = None
    asked: Mapping[str, str] | None = None
    hashed: bool | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """One manifest with what it requires and the lock that belongs to it.

    `deployed` says whether it is shipped as it is: only then must its versions be locked. `accepted` are the names
    that a lock file may have.
    """

    ecosystem: str
    manifest: File
    requirements: tuple[Requirement, ...]
    lock: Lock | None
    accepted: tuple[str, ...]
    deployed: bool
    normal: Callable[[str], str] = field(default=str.lower)

    def at(self, *route: str | int) -> Place:
        return self.manifest.at(*route)


class Manifests:
    """The project's own manifests, and what lies around each: none of tests, none of vendored code."""

    kinds = frozenset({FileKind.PACKAGE.value})

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._dockerfiles = {f.folder for f in repository.named(*DOCKERFILES, "Procfile") if is_own(f.path)}

    def named(self, *names: str) -> Iterator[File]:
        """The files of these names."""
        return (f for f in self._repository.named(*names) if is_own(f.path))

    def parsed(self, *names: str) -> Iterator[tuple[File, Node]]:
        """Those that were read as data, with a cursor at their top."""
        for file in self.named(*names):
            for document in self._repository.documents([file]):
                yield file, root(document)

    def beside(self, file: File, names: Sequence[str]) -> File | None:
        """The first of `names` in the folder of `file`."""
        return next((f for n in names if (f := self._repository.get(_join(file.folder, n))) is not None), None)

    def above(self, file: File, names: Sequence[str]) -> File | None:
        """The first of `names` in the nearest folder at or above `file`."""
        for folder in _upwards(file.folder):
            for name in names:
                found = self._repository.get(_join(folder, name))
                if found is not None:
                    return found
        return None

    def deployed(self, file: File) -> bool:
        """Whether an image is built, or a process declared, in its folder or one above."""
        return not self._dockerfiles.isdisjoint(_upwards(file.folder))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _upwards(folder: str) -> tuple[str, ...]:
    parts = folder.split("/") if folder else []
    return tuple("/".join(parts[:end]) for end in range(len(parts), -1, -1))
