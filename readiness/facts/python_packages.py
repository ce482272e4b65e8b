"""Python's manifests and locks: requirements files, pyproject.toml, Pipfile, and what uv, Poetry and PDM write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from readiness.facts.locks import as_json, as_toml, mapping, sequence
from readiness.facts.objects import Node
from readiness.facts.repository import File
from readiness.facts.requirements import Lock, Manifests, Project, Requirement
from readiness.model import Place

_NAMED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*")
_RUNS = re.compile(r"[-_.]+")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement of a requirements file with its options, continuation lines joined. Lines count from 1."""

    number: int
    text: str

    @property
    def named(self) -> tuple[str, str] | None:
        """Its package and what follows the name, up to options and markers; None for options and paths."""
        return split(self.text)

    @property
    def pinned(self) -> bool:
        """Whether exactly one version fits: `==` without a star, or an archive by its checksum."""
        wanted = (self.named or ("", ""))[1]
        exact = wanted.startswith("==") and "*" not in wanted and "," not in wanted
        return exact or ("@" in wanted and ("#sha256=" in self.text or _full_commit(wanted)))

    @property
    def hashed(self) -> bool:
        return "--hash=" in self.text or "#sha256=" in self.text


def normal(name: str) -> str:
    """A package's name as the index compares it: lower case, one dash for each run of dashes, dots and underscores."""
    return _RUNS.sub("-", name).lower()


def split(text: str) -> tuple[str, str] | None:
    """Name and specifier of a requirement (PEP 508), without extras and marker; None where there is no name."""
    match = _NAMED.match(text)
    if match is None or "/" in text.partition("@")[0].partition(";")[0].partition("--hash")[0]:
        return None
    rest = text[match.end() :]
    wanted = rest if rest.startswith("@") else rest.partition(";")[0]
    return normal(match[1]), wanted.partition(" --")[0].strip().strip("()").strip()


def requirement_lines(file: File) -> Iterator[Line]:
    """The requirements of a file in pip's format; comments, options and paths are left out."""
    for number, text in _joined(file):
        if text and not text.startswith("-") and split(text):
            yield Line(number, text)


def option_lines(file: File) -> Iterator[Line]:
    """The lines of a requirements file that are options: `-r other.txt`, `--index-url …`."""
    return (Line(number, text) for number, text in _joined(file) if text.startswith("-"))


def _joined(file: File) -> Iterator[tuple[int, str]]:
    held, start = "", 0
    for number, line in enumerate(file.lines, 1):
        start = start if held else number
        plain = "" if line.lstrip().startswith("#") else line.partition(" #")[0].rstrip()
        if plain.endswith("\\"):
            held += plain[:-1].strip() + " "
            continue
        yield start, (held + plain.strip()).strip()
        held = ""
    if held:
        yield start, held.strip()


def python_projects(manifests: Manifests) -> Iterator[Project]:
    """Every Python manifest. A requirements file whose lines are all pinned is its own lock."""
    folders = set()
    for file, node in manifests.parsed("pyproject.toml"):
        wanted = tuple(_declared(node))
        if wanted or node.get("project").exists or node.get("tool", "poetry").exists:
            folders.add(file.folder)
            yield _project(manifests, file, wanted)
    for file, node in manifests.parsed("Pipfile"):
        folders.add(file.folder)
        yield _project(manifests, file, tuple(_table(node, "packages")))
    for file in manifests.named("requirements*.in"):
        folders.add(file.folder)
        yield _project(manifests, file, tuple(_listed(file)), file.name.removesuffix(".in"))
    for file in manifests.named("requirements*.txt"):
        if file.folder not in folders:
            wanted, lock = tuple(_listed(file)), pinned_lock(file)
            deployed = manifests.deployed(file) and not _for_development(file)
            yield Project("pip", file, wanted, lock, (file.name,), deployed, normal)


def _for_development(file: File) -> bool:
    return any(word in file.name for word in ("dev", "test", "doc", "lint"))


def _project(manifests: Manifests, file: File, wanted: tuple[Requirement, ...], stem: str = "requirements") -> Project:
    accepted = (*_LOCKS, f"{stem}.lock", f"{stem}.txt", "requirements.lock", "requirements.txt")
    lock = _lock_of(manifests, file, accepted)
    return Project("pip", file, wanted, lock, accepted[:7], manifests.deployed(file), normal)


def _lock_of(manifests: Manifests, file: File, accepted: tuple[str, ...]) -> Lock | None:
    for name in accepted:
        found = manifests.beside(file, (name,))
        lock = read_lock(found) if found is not None else None
        if lock is not None:
            return lock
    workspace = manifests.above(file, ("uv.lock",))
    return read_lock(workspace) if workspace is not None else None


def read_lock(file: File) -> Lock | None:
    """The lock that a file is; None for a requirements file that leaves a version open."""
    if file.name in {"uv.lock", "poetry.lock", "pdm.lock"} or file.name.startswith("pylock."):
        value, fault = as_toml(file)
        key = "packages" if file.name.startswith("pylock.") else "package"
        return Lock(file, fault=fault) if fault else _of_tables(file, sequence(value.get(key)))
    if file.name == "Pipfile.lock":
        return _pipfile_lock(file)
    return pinned_lock(file)


def pinned_lock(file: File) -> Lock | None:
    lines = list(requirement_lines(file))
    if not lines or not all(line.pinned for line in lines):
        return None
    versions: dict[str, set[str]] = {}
    for line in lines:
        name, wanted = line.named or ("", "")
        versions.setdefault(name, set()).add(wanted.lstrip("= "))
    return Lock(file, {n: frozenset(v) for n, v in versions.items()}, hashed=all(line.hashed for line in lines))


def _of_tables(file: File, tables: list[Any]) -> Lock:
    versions: dict[str, set[str]] = {}
    hashed = True
    for table in map(mapping, tables):
        versions.setdefault(normal(str(table.get("name", ""))), set()).add(str(table.get("version", "")))
        archives = [
            table.get("sdist"),
            table.get("archive"),
            *sequence(table.get("wheels")),
            *sequence(table.get("files")),
        ]
        hashed &= all(mapping(a).get("hash") or mapping(a).get("hashes") for a in archives if a)
    return Lock(file, {n: frozenset(v) for n, v in versions.items()}, hashed=hashed)


def _pipfile_lock(file: File) -> Lock:
    value, fault = as_json(file)
    if fault:
        return Lock(file, fault=fault)
    entries = [
        (normal(n), mapping(e)) for group in ("default", "develop") for n, e in mapping(value.get(group)).items()
    ]
    versions = {name: frozenset({str(entry.get("version", "")).lstrip("=")}) for name, entry in entries}
    return Lock(file, versions, hashed=all(e.get("hashes") or e.get("path") or e.get("git") for _, e in entries))


def _declared(node: Node) -> Iterator[Requirement]:
    for one in node.each("project", "dependencies"):
        yield from _written(one.value, one.at())
    yield from _table(node, "tool", "poetry", "dependencies")


def _written(text: object, place: Place) -> Iterator[Requirement]:
    found = split(text) if isinstance(text, str) else None
    if found is not None:
        yield Requirement(found[0], found[1], place, ";" in str(text))


def _table(node: Node, *steps: str) -> Iterator[Requirement]:
    """Packages as keys of a table, as Poetry and Pipenv write them; Python itself is none."""
    for name, written in node.entries(*steps):
        if name.lower() == "python":
            continue
        wanted = written.value if isinstance(written.value, str) else written.text("version") or ""
        marked = written.get("markers").exists or bool(written.boolean("optional"))
        if not written.get("path").exists:
            yield Requirement(normal(name), wanted, written.at(), marked)


def _listed(file: File) -> Iterator[Requirement]:
    for line in requirement_lines(file):
        name, wanted = line.named or ("", "")
        yield Requirement(name, wanted, file.at(name, line.number), ";" in line.text)


def _full_commit(wanted: str) -> bool:
    """Whether `pkg @ git+https://…@<40 hexadecimal digits>` names one commit."""
    ref = wanted.rpartition("@")[2].partition("#")[0]
    return len(ref) == 40 and not set(ref) - set("0123456789abcdef")
