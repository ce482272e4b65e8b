"""Packages that a project declares, and the lock files that say which versions of them are installed."""

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
    package
    carries a checksum; None where the format has no say in it. `fault` is why it could not be read.
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
    that a lock
    file may have.
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


class Packages:
    """All manifests of the project itself that require something: none of tests, none of vendored code."""

    kinds = frozenset({FileKind.PACKAGE.value})

    def __init__(self, repository: Repository) -> None:
        from readiness.facts.python_packages import python_projects

        self._repository = repository
        self._dockerfiles = {f.folder for f in repository.named(*DOCKERFILES, "Procfile") if is_own(f.path)}
        found = (*python_projects(self), *self._node(), *self._go(), *self._rust(), *self._php(), *self._ruby())
        self._items = tuple(p for p in found if p.requirements or p.lock)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Project]:
        return iter(self._items)

    def manifests(self, *names: str) -> Iterator[File]:
        """The project's own files of these names."""
        return (f for f in self._repository.named(*names) if is_own(f.path))

    def parsed(self, *names: str) -> Iterator[tuple[File, Node]]:
        """Those that were read as data, with a cursor at their top."""
        for file in self.manifests(*names):
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

    def _node(self) -> Iterator[Project]:
        from readiness.facts.locks import node_lock

        accepted = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
        for file, node in self.parsed("package.json"):
            optional = node.mapping("optionalDependencies")
            wanted = tuple(
                Requirement(name, written.value, written.at(), name in optional)
                for group in ("dependencies", "devDependencies")
                for name, written in node.entries(group)
                if isinstance(written.value, str)
            )
            found = self.above(file, accepted)
            yield Project(
                "npm", file, wanted, node_lock(found, file) if found else None, accepted, self.deployed(file), str
            )

    def _go(self) -> Iterator[Project]:
        from readiness.facts.locks import go_requirements, go_sum

        for file in self.manifests("go.mod"):
            found = self.beside(file, ("go.sum",))
            wanted = tuple(go_requirements(file))
            yield Project(
                "gomod", file, wanted, go_sum(found) if found else None, ("go.sum",), deployed=True, normal=str
            )

    def _rust(self) -> Iterator[Project]:
        from readiness.facts.locks import cargo_lock

        for file, node in self.parsed("Cargo.toml"):
            wanted = tuple(
                Requirement(written.text("package") or name, _cargo_version(written), written.at(), _optional(written))
                for name, written in node.entries("dependencies")
                if not written.get("path").exists
            )
            main = self.beside(file, ("src/main.rs",)) is not None or bool(node.sequence("bin"))
            found = self.above(file, ("Cargo.lock",))
            yield Project("cargo", file, wanted, cargo_lock(found) if found else None, ("Cargo.lock",), main, str)

    def _php(self) -> Iterator[Project]:
        from readiness.facts.locks import composer_lock

        for file, node in self.parsed("composer.json"):
            wanted = tuple(
                Requirement(name, written.value, written.at())
                for name, written in node.entries("require")
                if "/" in name and isinstance(written.value, str)  # without a slash it is PHP itself or an extension
            )
            found = self.beside(file, ("composer.lock",))
            deployed = node.text("type") == "project" or self.deployed(file)
            lock = composer_lock(found) if found else None
            yield Project("composer", file, wanted, lock, ("composer.lock",), deployed)

    def _ruby(self) -> Iterator[Project]:
        for file in self.manifests("Gemfile"):
            wanted = tuple(
                Requirement(line.split()[1].strip("\"',"), "", file.at("gem", number))
                for number, line in enumerate(file.lines, 1)
                if line.strip().startswith("gem ") and len(line.split()) > 1
            )
            found = self.beside(file, ("Gemfile.lock",))
            library = any(f.folder == file.folder for f in self.manifests("*.gemspec"))
            yield Project("bundler", file, wanted, Lock(found) if found else None, ("Gemfile.lock",), not library)


def _cargo_version(written: Node) -> str:
    return written.value if isinstance(written.value, str) else written.text("version") or ""


def _optional(written: Node) -> bool:
    return bool(written.boolean("optional"))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _upwards(folder: str) -> tuple[str, ...]:
    parts = folder.split("/") if folder else []
    return tuple("/".join(parts[:end]) for end in range(len(parts), -1, -1))
