"""GitHub Actions workflows: triggers, jobs, steps, permissions and what is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.facts.commandlines import CommandLine, command_lines
from readiness.facts.document import Document
from readiness.facts.expressions import ExpressionError, Reference, embedded
from readiness.facts.objects import Node
from readiness.facts.repository import Repository
from readiness.facts.texts import root
from readiness.model import Place

FOLDER = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Action:
    """What a step or a job uses: `owner/name/path@ref`, `./folder` or `docker://image`."""

    text: str
    node: Node

    @property
    def local(self) -> bool:
        """Whether it is of this very repository, at this very commit."""
        return self.text.startswith("./")

    @property
    def image(self) -> str:
        """The image of `docker://image`, else empty."""
        return self.text.removeprefix("docker://") if self.text.startswith("docker://") else ""

    @property
    def name(self) -> str:
        """`owner/name/path` in lower case, since GitHub ignores case there."""
        return self.text.partition("@")[0].lower()

    @property
    def ref(self) -> str:
        return self.text.partition("@")[2]

    @property
    def pinned(self) -> bool:
        """Whether the reference is a full commit, or the image a digest: nobody can move it."""
        if self.image:
            return "@sha256:" in self.image
        return len(self.ref) in {40, 64} and not set(self.ref) - set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job."""

    node: Node

    @property
    def name(self) -> str:
        return self.node.text("name") or self.node.text("id") or ""

    @property
    def run(self) -> str:
        """The shell text it runs; empty where it uses an action."""
        return self.node.text("run") or ""

    @property
    def action(self) -> Action | None:
        text = self.node.text("uses")
        return Action(text.strip(), self.node.get("uses")) if text else None

    @property
    def action_name(self) -> str:
        """`owner/name/path` of what it uses, empty where it runs commands."""
        return self.action.name if self.action else ""

    def option(self, name: str) -> str:
        """An option given by `with`, as text; empty where it is not."""
        value = self.node.scalar("with", name)
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    def commands(self) -> tuple[CommandLine, ...]:
        return command_lines(self.run)


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a workflow."""

    id: str
    node: Node

    @property
    def name(self) -> str:
        return self.node.text("name") or self.id

    @property
    def action(self) -> Action | None:
        """The workflow that it calls instead of having steps of its own."""
        text = self.node.text("uses")
        return Action(text.strip(), self.node.get("uses")) if text else None

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(Step(n) for n in self.node.each("steps") if n.mapping())

    @property
    def needs(self) -> tuple[str, ...]:
        one = self.node.text("needs")
        return (one,) if one else tuple(n for n in self.node.sequence("needs") if isinstance(n, str))

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)


@dataclass(frozen=True)
class Workflow:
    """One workflow file."""

    node: Node
    path: str

    @cached_property
    def triggers(self) -> dict[str, Node]:
        """The events that start it, with their filters. YAML 1.1 reads the key `on` as true."""
        on = self.node.get("on") if "on" in self.node.mapping() else self.node.get("true")
        if isinstance(on.value, str):
            return {on.value: on}
        if isinstance(on.value, list):
            return {n.value: n for n in on.each() if isinstance(n.value, str)}
        return dict(on.entries())

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(Job(name, node) for name, node in self.node.entries("jobs") if node.mapping())

    @property
    def on_changes(self) -> bool:
        """Whether it runs before a change is merged: for pull requests, a merge queue, or every pushed branch."""
        if {"pull_request", "pull_request_target", "merge_group"} & self.triggers.keys():
            return True
        push = self.triggers.get("push")
        return push is not None and not {"branches", "branches-ignore", "tags", "tags-ignore"} & push.mapping().keys()

    def following(self, job: Job) -> tuple[Job, ...]:
        """The jobs that wait for `job`, directly or not."""
        found: dict[str, Job] = {}
        waiting = [job.id]
        while waiting:
            now = waiting.pop()
            for other in self.jobs:
                if now in other.needs and other.id not in found:
                    found[other.id] = other
                    waiting.append(other.id)
        return tuple(found.values())

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)


class Workflows:
    """All workflows of a repository, and the composite actions that it brings itself."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._items = tuple(
            Workflow(root(document), document.path)
            for document in _documents(repository, f"{FOLDER}*.yml", f"{FOLDER}*.yaml")
            if isinstance(document.value, dict)
        )

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Workflow]:
        return iter(self._items)

    @cached_property
    def composites(self) -> dict[str, tuple[Step, ...]]:
        """The steps of each composite action in this repository, by its folder (empty for the top)."""
        found: dict[str, tuple[Step, ...]] = {}
        for document in _documents(self.repository, "**/action.yml", "**/action.yaml"):
            steps = tuple(Step(n) for n in root(document).each("runs", "steps") if n.mapping())
            if steps:
                found[document.path.rpartition("/")[0]] = steps
        return found

    def called(self, action: Action) -> Workflow | None:
        """The workflow of this repository that a job calls."""
        path = action.text.removeprefix("./")
        return next((w for w in self._items if action.local and w.path == path), None)

    def steps(self, job: Job, *, depth: int = 3) -> Iterator[Step]:
        """The steps that `job` runs, those of this repository's own actions and called workflows too."""
        if job.action is not None and depth:
            workflow = self.called(job.action)
            for inner in workflow.jobs if workflow else ():
                yield from self.steps(inner, depth=depth - 1)
        yield from self._within(job.steps, depth)

    def _within(self, steps: Sequence[Step], depth: int) -> Iterator[Step]:
        for step in steps:
            yield step
            if step.action is not None and step.action.local and depth:
                folder = step.action.text.removeprefix("./").strip("/")
                yield from self._within(self.composites.get(folder, ()), depth - 1)

    def every_step(self) -> Iterator[Step]:
        """Each step that is written in this repository, once."""
        for workflow in self._items:
            for job in workflow.jobs:
                yield from job.steps
        for steps in self.composites.values():
            yield from steps


def references(node: Node) -> Iterator[tuple[Node, Reference]]:
    """The contexts that flow into the texts below `node`; what is no expression is left to the check of validity."""
    for below in texts(node):
        for one in embedded(below.value):
            try:
                yield from ((below, reference) for reference in one.flows())
            except ExpressionError:
                continue


def texts(node: Node) -> Iterator[Node]:
    """Every string at or below `node`, without recursion."""
    waiting = [node]
    while waiting:
        now = waiting.pop()
        if isinstance(now.value, str):
            yield now
        elif isinstance(now.value, dict):
            waiting.extend(reversed([inner for _, inner in now.entries()]))
        elif isinstance(now.value, list):
            waiting.extend(reversed(list(now.each())))


def _documents(repository: Repository, *patterns: str) -> Iterator[Document]:
    return repository.documents(repository.glob(*patterns))
