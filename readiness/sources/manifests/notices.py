"""What is said about a document that was read, whatever the notation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readiness.facts.document import Document
from readiness.sources.manifests.reading import Problem


def encrypted(document: Document) -> Iterator[Problem]:
    """A note when the values of a document are encrypted by SOPS, and therefore not what they seem."""
    seal = document.value.get("sops") if isinstance(document.value, dict) else None
    if isinstance(seal, dict) and str(seal.get("mac", "")).startswith("ENC["):
        line, column = document.nearest(("sops",))
        told = "the values of this document are encrypted with SOPS; what they hold is not examined"
        yield Problem(document.path, line, column, "encrypted", told, fatal=False)


def named(value: Any) -> str:
    """A word for a value that is no mapping."""
    return "a list" if isinstance(value, list) else "a text" if isinstance(value, str) else "a single value"
