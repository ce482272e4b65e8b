"""Which objects a patch is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from readiness.sources.kustomize.layers import Patch
from readiness.sources.kustomize.origins import Source, identity, is_name


def hits(patch: Patch, source: Source, body: Mapping[str, Any]) -> bool:
    """Whether the patch is for this object, as far as kind, group, name and namespace say.

    A selector of labels is not evaluated: what the patch says must be found in the object anyway.
    """
    if patch.target:
        return _selected(patch.target, source, body)
    value = patch.document.value
    if not isinstance(value, dict) or value.get("kind") != body.get("kind"):
        return False
    if _group(value.get("apiVersion")) != _group(body.get("apiVersion")):
        return False
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return isinstance(name, str) and name in _names(source, body)


def _selected(target: Mapping[str, Any], source: Source, body: Mapping[str, Any]) -> bool:
    group, _, version = str(body.get("apiVersion") or "").rpartition("/")
    fields = (("group", (group,)), ("version", (version,)), ("kind", (str(body.get("kind")),)))
    for key, values in (*fields, ("name", _names(source, body))):
        wanted = target.get(key)
        if isinstance(wanted, str) and wanted and not any(_matches(wanted, v) for v in values):
            return False
    return True


def _names(source: Source, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that an object has on its way: as written, and as built."""
    *_, built = identity(body)
    written = _written_name(source)
    return (built, written) if written and is_name(source, written, built) else (built,)


def _written_name(source: Source) -> str:
    if source.written is not None:
        return identity(source.written.body)[3]
    key, index = source.generator or ("", 0)
    return str(source.layer.get(key)[index].get("name")) if key else ""


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return pattern == text


def _group(version: Any) -> str:
    return str(version or "").rpartition("/")[0]
