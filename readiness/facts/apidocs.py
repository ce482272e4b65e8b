"""OpenAPI descriptions in a repository."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.objects import Node
from readiness.facts.paths import is_own
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root


class ApiDescriptions:
    """A cursor at the top of each OpenAPI file of the project's own."""

    kinds = frozenset({FileKind.API.value})

    def __init__(self, repository: Repository) -> None:
        nodes = [root(d) for path, documents in repository.parsed.items() if is_own(path) for d in documents]
        self._items = tuple(n for n in nodes if n.get("openapi").exists or n.get("swagger").exists)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._items)
