"""Assessments as text, in the format that a reader or a machine wants. A format loads when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness.engine.assess import Assessment

FORMATS = ("terminal", "json", "sarif", "junit", "markdown", "html", "github")
_MODULES = {name: f"readiness.report.{name}" for name in FORMATS} | {"json": "readiness.report.json_report"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is drawn where the reader is a person."""

    width: int = 100
    colour: bool = False
    verbose: bool = False


def render(name: str, assessments: Sequence[Assessment], style: Style | None = None) -> str:
    """The report in that format, ending in a line end."""
    module = importlib.import_module(_MODULES[name])
    text: str = module.render(assessments, style or Style())
    return text
