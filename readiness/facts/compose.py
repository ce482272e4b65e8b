"""Compose files: their services, with what they take over from others.

Source of the rules: Compose file reference, https://docs.docker.com/reference/compose-file/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from readiness.facts.objects import Node
from readiness.facts.paths import is_own
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.texts import root
from readiness.facts.variables import expand
from readiness.model import Place

BASE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
NAMES = (
    *BASE_NAMES, "compose.*.yaml", "compose.*.yml",
    "docker-compose.*.yaml", "docker-compose.*.yml", "docker-compose-*.yaml", "docker-compose-*.yml",
)  # fmt: skip
_ELSEWHERE = re.compile(
    r"(?:\A|[._-])(?:ci|debug|dev|devel|development|e2e|example|integration|local|override|test|tests)(?:[._-])"
)
_MOST_STEPS = 20


@dataclass(frozen=True)
class Service:
    """One service. `layers` are the texts it is made of, its own first, then what it extends or overrides."""

    file: ComposeFile
    name: str
    layers: tuple[Node, ...]
    cycle: str = ""
    """The service that `extends` comes back to, where it goes in a circle."""
    whole: bool = True
    """Whether everything that it extends is known: what is not written may stand elsewhere otherwise."""

    @property
    def node(self) -> Node:
        return self.layers[0]

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)

    def get(self, *steps: str | int) -> Node:
        """The node at `steps` in the first layer that has it; a node without a value where none does."""
        return next((found for layer in self.layers if (found := layer.get(*steps)).exists), self.node.get(*steps))

    @property
    def image(self) -> str | None:
        """Its own image with defaults of variables filled in: empty where none is written, None where a variable
        decides."""
        written = self.node.get("image").value
        return expand(written, {}, escape="$") if isinstance(written, str) else ""

    @property
    def is_built(self) -> bool:
        return self.get("build").exists

    @property
    def runs_once(self) -> bool:
        """Whether it is a job: another service waits for it to end, or it is started by a profile and not again."""
        by_hand = self.get("profiles").exists and self.get("restart").value in (None, False, "no")
        return by_hand or self.name in self.file.awaited

    def environment(self) -> Iterator[tuple[str, Node, str]]:
        """The variables it sets itself with a text: name, place and value as written. Both forms, list and mapping."""
        for name, node in self.node.entries("environment"):
            if isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
                yield name, node, str(node.value)
        for node in self.node.each("environment"):
            name, equals, value = node.value.partition("=") if isinstance(node.value, str) else ("", "", "")
            if equals:
                yield name, node, value


@dataclass(frozen=True)
class ComposeFile:
    """One Compose file. `top` is the cursor at its top."""

    file: File
    top: Node
    services: tuple[Service, ...] = ()

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def is_partial(self) -> bool:
        """Whether it is meant to be read over another file."""
        return self.file.name not in BASE_NAMES

    @property
    def is_for_development(self) -> bool:
        """Whether its name or folder says that it is not what production runs."""
        return bool(_ELSEWHERE.search(self.path.lower().replace("/", ".")))

    @cached_property
    def awaited(self) -> frozenset[str]:
        """The services that others wait for to end."""
        return frozenset(
            name
            for _, service in self.top.entries("services")
            for name, node in service.entries("depends_on")
            if node.text("condition") == "service_completed_successfully"
        )

    def named(self, section: str) -> frozenset[str]:
        """The names that a top-level section defines: `volumes`, `networks`, `secrets`, `configs`, `services`."""
        return frozenset(self.top.mapping(section))


class ComposeFiles:
    """The Compose files of the repository."""

    kinds = frozenset({FileKind.COMPOSE.value})

    def __init__(self, repository: Repository) -> None:
        files = [f for f in repository.named(*NAMES) if f.own and is_own(f.path)]
        self._tops: Mapping[str, tuple[File, Node]] = {
            file.path: (file, root(document)) for file in files for document in repository.parsed.get(file.path, ())[:1]
        }
        self._items = tuple(self._file(path) for path in self._tops)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ComposeFile]:
        return iter(self._items)

    def services(self) -> Iterator[Service]:
        """The services that may run in production: not those of files for development or tests."""
        return (s for file in self._items if not file.is_for_development for s in file.services)

    def _file(self, path: str) -> ComposeFile:
        file, top = self._tops[path]
        made = ComposeFile(file, top)
        services = tuple(self._service(made, name, node) for name, node in top.entries("services"))
        object.__setattr__(made, "services", services)
        return made

    def _service(self, file: ComposeFile, name: str, node: Node) -> Service:
        layers, cycle, whole = self._extended(file.path, name, node)
        if file.is_partial:
            layers.extend(self._below(file, name))
        return Service(file, name, tuple(layers), cycle, whole)

    def _extended(self, path: str, name: str, node: Node) -> tuple[list[Node], str, bool]:
        """The service and what it extends, nearest first; the service that the chain comes back to; and whether all of
        the chain is known."""
        layers, seen = [node], [(path, name)]
        while len(seen) < _MOST_STEPS:
            extends = layers[-1].get("extends")
            target = extends.text("service") or (extends.value if isinstance(extends.value, str) else "")
            if not target:
                return layers, "", True
            other = extends.text("file")
            path = _beside(path, other) if other else path
            if (path, target) in seen:
                return layers, target, False
            found = self._tops[path][1].get("services", target) if path in self._tops else None
            if found is None or not found.exists:
                break
            layers.append(found)
            seen.append((path, target))
        return layers, "", False

    def _below(self, file: ComposeFile, name: str) -> Iterator[Node]:
        """The service of that name in the file that this one is read over."""
        folder = f"{file.file.folder}/" if file.file.folder else ""
        for base in BASE_NAMES:
            if folder + base in self._tops:
                node = self._tops[folder + base][1].get("services", name)
                if node.exists:
                    yield from self._extended(folder + base, name, node)[0]


def _beside(path: str, other: str) -> str:
    """The path of a file that is named from `path`; empty where it leads out of the repository."""
    steps: list[str] = path.split("/")[:-1]
    for step in other.split("/"):
        if step == ".." and not steps:
            return ""
        if step == "..":
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)
