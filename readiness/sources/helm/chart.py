"""What a user says of a chart, and where its parts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.model import Span


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as it is installed. Paths are relative to the folder of the settings.

    `values` are files, later ones win; `set` are single values by their dotted names, which win over files;
    `api_versions` are API versions that the cluster serves beside the built-in ones.
    """

    path: str
    release: str = ""
    values: tuple[str, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)
    api_versions: tuple[str, ...] = ()


class ChartError(Exception):
    """Why a chart cannot be rendered, where that is written, and what to do."""

    def __init__(self, cause: str, span: Span | None = None, advice: str = "") -> None:
        super().__init__(cause)
        self.cause, self.span, self.advice = cause, span, advice


@dataclass(frozen=True, slots=True)
class Part:
    """A chart, or one that it depends on, in our copy: its folder there and the path that a user knows it by."""

    name: str
    folder: Path
    shown: str
    children: Mapping[str, Part] = field(default_factory=dict)

    def file(self, source: str) -> tuple[Path, str] | None:
        """The file that Helm calls `source` (`web/charts/db/templates/x.yaml`) and the path that a user knows it by."""
        name, _, rest = source.partition("/")
        if name != self.name or not rest:
            return None
        if rest.startswith("charts/"):
            inner = rest.removeprefix("charts/")
            child = self.children.get(inner.partition("/")[0])
            return child.file(f"{child.name}/{inner.partition('/')[2]}") if child else None
        return self.folder / rest, f"{self.shown.rstrip('/')}/{rest}".removeprefix("./")

    def each(self) -> list[tuple[str, Part]]:
        """This part and those below it, each with the name that Helm gives to it."""
        found = [(self.name, self)]
        for alias, child in self.children.items():
            below = [(name.partition("/")[2], part) for name, part in child.each()]
            found += [(f"{self.name}/charts/{alias}" + (f"/{rest}" if rest else ""), part) for rest, part in below]
        return found
