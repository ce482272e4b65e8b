"""Service level objectives, as OpenSLO, Sloth and Pyrra write them, in objects and in files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.monitoring import duration
from readiness.facts.objects import Node, Objects
from readiness.facts.paths import is_test
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root

OBJECTIVE_KINDS = frozenset({"SLO", "PrometheusServiceLevel", "ServiceLevelObjective"})


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective. `percent` is what is promised, `seconds` over how long; None where that is not written.

    `generates` says that a tool makes the burn-rate alerts from it.
    """

    node: Node
    name: str
    percent: float | None
    seconds: float | None
    generates: bool


class ObjectObjectives:
    """The objectives among the objects of one origin."""

    kinds = OBJECTIVE_KINDS

    def __init__(self, objects: Objects) -> None:
        self.items = tuple(o for r in objects.of(*OBJECTIVE_KINDS) for o in _read(r.node))


class FileObjectives:
    """The objectives in files of the repository."""

    kinds = frozenset({FileKind.MONITORING})

    def __init__(self, repository: Repository) -> None:
        documents = (d for path, some in repository.parsed.items() if not is_test(path) for d in some)
        self.items = tuple(o for document in documents for o in _read(root(document)))


def objectives(objects: ObjectObjectives | None, files: FileObjectives | None) -> Iterator[Objective]:
    """Every objective of both."""
    yield from objects.items if objects else ()
    yield from files.items if files else ()


def _read(node: Node) -> Iterator[Objective]:
    version, kind = node.text("apiVersion") or "", node.text("kind") or ""
    if version.startswith("openslo/") and kind == "SLO":
        yield from _openslo(node)
    elif version.startswith("sloth.slok.dev/") and kind == "PrometheusServiceLevel":
        yield from _sloth(node.get("spec"))
    elif version.startswith("pyrra.dev/") and kind == "ServiceLevelObjective":
        percent = _number(node.scalar("spec", "target"))
        yield Objective(node.get("spec", "target"), _name(node), percent, duration(node.text("spec", "window")), True)
    elif node.text("version") == "prometheus/v1" and node.sequence("slos"):
        yield from _sloth(node)


def _openslo(node: Node) -> Iterator[Objective]:
    windows = [*node.each("spec", "timeWindow"), *node.each("spec", "timeWindows")]
    length = duration(windows[0].text("duration")) if windows else None
    for objective in node.each("spec", "objectives"):
        field = "targetPercent" if objective.get("targetPercent").exists else "target"
        written = _number(objective.scalar(field))
        percent = written if written is None or field == "targetPercent" else round(written * 100, 9)
        yield Objective(objective.get(field), _name(node), percent, length, False)


def _sloth(node: Node) -> Iterator[Objective]:
    for level in node.each("slos"):
        percent = _number(level.scalar("objective"))
        # Sloth's window is 30 days unless its own configuration says otherwise.
        yield Objective(level.get("objective"), level.text("name") or "", percent, 30 * 86400.0, True)


def _name(node: Node) -> str:
    return node.text("metadata", "name") or ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if -1e9 < number < 1e9 else None
