"""Entries of a software catalogue (Backstage's `catalog-info.yaml`): what the service is, and whose."""

from __future__ import annotations

from readiness.facts.objects import Node
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root


class Catalog:
    """The components that the repository's own catalogue files describe."""

    kinds = frozenset({FileKind.CATALOG.value})

    def __init__(self, repository: Repository) -> None:
        files = (f for f in repository.named("catalog-info.yaml", "catalog-info.yml") if f.own)
        nodes = [root(document) for document in repository.documents(files)]
        self.components = tuple(n for n in nodes if n.text("kind") in {"Component", "System", "API", "Resource"})

    def owners(self) -> list[tuple[str, Node]]:
        """Each owner that is named, and where."""
        found = ((n.text("spec", "owner"), n.get("spec", "owner")) for n in self.components)
        return [
            (name, node) for name, node in found if name and name.lower() not in {"unknown", "user:guest", "guests"}
        ]
