"""Packages that a project declares, and the lock files that say which versions of them are installed."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.locks import cargo_lock, composer_lock, go_requirements, go_sum, node_lock
from readiness.facts.objects import Node
from readiness.facts.python_packages import python_projects
from readiness.facts.repository import FileKind, Repository
from readiness.facts.requirements import Lock, Manifests, Project, Requirement


class Packages:
    """All manifests of the project itself that require something: none of tests, none of vendored code."""

    kinds = frozenset({FileKind.PACKAGE.value})

    def __init__(self, repository: Repository) -> None:
        self._found = Manifests(repository)
        found = (*python_projects(self._found), *self._node(), *self._go(), *self._rust(), *self._php(), *self._ruby())
        self._items = tuple(p for p in found if p.requirements or p.lock)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Project]:
        return iter(self._items)

    def _node(self) -> Iterator[Project]:
        accepted = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
        for file, node in self._found.parsed("package.json"):
            optional = node.mapping("optionalDependencies")
            wanted = tuple(
                Requirement(name, written.value, written.at(), name in optional)
                for group in ("dependencies", "devDependencies")
                for name, written in node.entries(group)
                if isinstance(written.value, str)
            )
            found = self._found.above(file, accepted)
            yield Project(
                "npm",
                file,
                wanted,
                node_lock(found, file) if found else None,
                accepted,
                self._found.deployed(file),
                str,
            )

    def _go(self) -> Iterator[Project]:
        for file in self._found.named("go.mod"):
            found = self._found.beside(file, ("go.sum",))
            wanted = tuple(go_requirements(file))
            yield Project(
                "gomod", file, wanted, go_sum(found) if found else None, ("go.sum",), deployed=True, normal=str
            )

    def _rust(self) -> Iterator[Project]:
        for file, node in self._found.parsed("Cargo.toml"):
            wanted = tuple(
                Requirement(written.text("package") or name, _cargo_version(written), written.at(), _optional(written))
                for name, written in node.entries("dependencies")
                if not written.get("path").exists
            )
            main = self._found.beside(file, ("src/main.rs",)) is not None or bool(node.sequence("bin"))
            found = self._found.above(file, ("Cargo.lock",))
            yield Project("cargo", file, wanted, cargo_lock(found) if found else None, ("Cargo.lock",), main, str)

    def _php(self) -> Iterator[Project]:
        for file, node in self._found.parsed("composer.json"):
            wanted = tuple(
                Requirement(name, written.value, written.at())
                for name, written in node.entries("require")
                if "/" in name and isinstance(written.value, str)  # without a slash it is PHP itself or an extension
            )
            found = self._found.beside(file, ("composer.lock",))
            deployed = node.text("type") == "project" or self._found.deployed(file)
            lock = composer_lock(found) if found else None
            yield Project("composer", file, wanted, lock, ("composer.lock",), deployed)

    def _ruby(self) -> Iterator[Project]:
        for file in self._found.named("Gemfile"):
            wanted = tuple(
                Requirement(line.split()[1].strip("\"',"), "", file.at("gem", number))
                for number, line in enumerate(file.lines, 1)
                if line.strip().startswith("gem ") and len(line.split()) > 1
            )
            found = self._found.beside(file, ("Gemfile.lock",))
            library = any(f.folder == file.folder for f in self._found.named("*.gemspec"))
            yield Project("bundler", file, wanted, Lock(found) if found else None, ("Gemfile.lock",), not library)


def _cargo_version(written: Node) -> str:
    return written.value if isinstance(written.value, str) else written.text("version") or ""


def _optional(written: Node) -> bool:
    return bool(written.boolean("optional"))
