"""Unpacks the schemas that lie beside this module, once each."""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from readiness.facts.releases import Release

_HERE = files(__package__ or "readiness.sources.schemas")
_END = ".json.xz"


@dataclass(frozen=True, eq=False)
class Book:
    """The schemas of one release: which definition describes a kind of an apiVersion, and the definitions by name."""

    kinds: dict[str, dict[str, str]]
    definitions: dict[str, Any]


@cache
def versions() -> tuple[str, ...]:
    """The releases whose schemas are here, oldest first."""
    names = (entry.name.removesuffix(_END) for entry in _HERE.iterdir() if entry.name.endswith(_END))
    return tuple(sorted((n for n in names if n[:1].isdigit()), key=_number))


@cache
def nearest(version: str) -> str:
    """The release here that is nearest to `version`: itself, the newest older one, or the oldest.

    The newest where `version` names no release.
    """
    known, wanted = versions(), Release.parse(version)
    if wanted is None:
        return known[-1]
    older = [v for v in known if _number(v) <= wanted]
    return older[-1] if older else known[0]


@cache
def book(version: str) -> Book:
    """The schemas of one of `versions`."""
    read = _unpack(version)
    return Book(read["kinds"], read["definitions"])


@cache
def served() -> dict[str, dict[str, tuple[str, str]]]:
    """For each apiVersion and kind, the first and the last release that serves it."""
    return {api: {kind: (a, b) for kind, (a, b) in kinds.items()} for api, kinds in _unpack("served").items()}


def _unpack(name: str) -> Any:
    return json.loads(lzma.decompress((_HERE / f"{name}{_END}").read_bytes()))


def _number(version: str) -> Release:
    return Release.parse(version) or Release(0, 0)
