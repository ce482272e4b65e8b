"""Settings that stand together in one place of one file, with the line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.config.reading import Text
from readiness.model import Route, Span


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings of one environment that stand together in one place of one file."""

    text: Text
    route: Route

    @property
    def value(self) -> Mapping[str, Any]:
        value: Any = self.text.value
        for step in self.route:
            value = value[step]
        return value if isinstance(value, dict) else {}

    def span(self, route: Route) -> Span | None:
        """Where `route` is written in this layer; None where it is not."""
        line = self.text.document.span((*self.route, *route))
        return Span(self.text.name, *line) if line else None
