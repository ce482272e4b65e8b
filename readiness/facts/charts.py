"""Helm charts and Kustomize overlays as they lie in the repository, before they are rendered."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs

from readiness.facts.objects import Node
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.texts import root

_SEMVER = re.compile(
    r"v?(?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?\Z"
)
_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BRANCHES = frozenset({"", "head", "main", "master", "develop", "latest", "trunk"})
_REMOTE = re.compile(
    r"[a-z][a-z0-9+.-]{0,20}://|git@|git::|github\.com[/:]|gitlab\.com[/:]|bitbucket\.org[/:]", re.IGNORECASE
)


def is_semantic_version(text: str) -> bool:
    """Whether `text` is a semantic version; a leading `v` is allowed, as Helm allows it."""
    return bool(_SEMVER.match(text))


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its Chart.yaml, and what lies beside it. `lock` is None where there is no Chart.lock."""

    node: Node
    file: File
    lock: Node | None
    schema: File | None
    values: tuple[Node, ...]

    @property
    def library(self) -> bool:
        return self.node.text("type") == "library"


class Charts:
    """All charts of the repository that are its own."""

    kinds = frozenset({FileKind.CHART})

    def __init__(self, repository: Repository) -> None:
        self._items = tuple(_charts(repository))

    def __iter__(self) -> Iterator[Chart]:
        return iter(self._items)


def _charts(repository: Repository) -> Iterator[Chart]:
    for file in repository.named("Chart.yaml"):
        for document in repository.parsed.get(file.path, ())[:1]:
            beside = f"{file.folder}/" if file.folder else ""
            locks = repository.parsed.get(f"{beside}Chart.lock", ())
            values = repository.parsed.get(f"{beside}values.yaml", ())
            yield Chart(
                root(document),
                file,
                root(locks[0]) if locks else None,
                repository.get(f"{beside}values.schema.json"),
                tuple(root(v) for v in values),
            )


@dataclass(frozen=True, slots=True)
class Reference:
    """One path or address that a kustomization names. `field` is the list it stands in."""

    node: Node
    field: str
    text: str

    @property
    def remote(self) -> bool:
        return bool(_REMOTE.match(self.text)) or "?ref=" in self.text

    @property
    def pinned(self) -> bool:
        """Whether a remote one names a tag or commit, so that it means the same tomorrow."""
        query = parse_qs(self.text.partition("#")[0].partition("?")[2])
        ref = (query.get("ref") or query.get("version") or [""])[0]
        if ref.lower() in _BRANCHES:
            # A file of a release names its version in the path.
            return "/releases/download/" in self.text or bool(re.search(r"/v?\d+\.\d+\.\d+[/-]", self.text))
        return True


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One kustomization file."""

    node: Node
    file: File

    def references(self) -> Iterator[Reference]:
        """Everything it takes from other files, but what only the one who renders may have, such as secrets."""
        for field in ("resources", "bases", "components", "crds", "configurations", "transformers", "generators"):
            yield from _texts(self.node, field)
        for reference in _texts(self.node, "patchesStrategicMerge"):
            if "\n" not in reference.text:
                yield reference
        for field in ("patches", "patchesJson6902", "replacements"):
            for item in self.node.each(field):
                if item.text("path"):
                    yield Reference(item.get("path"), field, item.text("path") or "")
        for item in self.node.each("configMapGenerator"):
            for reference in (*_texts(item, "files"), *_texts(item, "envs")):
                yield Reference(reference.node, "configMapGenerator", reference.text.rpartition("=")[2])

    def resolve(self, reference: Reference) -> str | None:
        """The path from the repository's top; None where it leads out of it."""
        path = posixpath.normpath(posixpath.join(self.file.folder, reference.text))
        return None if path.startswith(("..", "/")) else "" if path == "." else path


class Kustomizations:
    """All kustomizations of the repository that are its own."""

    kinds = frozenset({FileKind.KUSTOMIZATION})

    def __init__(self, repository: Repository) -> None:
        self._files = repository.files
        self._folders = {f.folder for f in repository.named(*_NAMES)}
        self._items = tuple(
            Kustomization(root(document), file)
            for file in repository.named(*_NAMES)
            for document in repository.parsed.get(file.path, ())
        )

    def __iter__(self) -> Iterator[Kustomization]:
        return iter(self._items)

    def holds(self, path: str) -> bool:
        """Whether `path` is a file of the repository, or a folder with a kustomization."""
        return path in self._files or path in self._folders


def _texts(node: Node, field: str) -> Iterator[Reference]:
    for item in node.each(field):
        if isinstance(item.value, str):
            yield Reference(item, field, item.value)
