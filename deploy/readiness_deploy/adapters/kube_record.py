"""The record as the text of an annotation: what equals its default is left out, since every byte is compared."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import msgspec

from readiness_deploy.ports import Illegal, Lost
from readiness_deploy.record import FORMAT, Record, Unreadable, decode

LARGEST = 8 << 10


def written(record: Record) -> str:
    """The annotation. Raises Illegal for a record that is too large for one."""
    text = msgspec.json.encode({"format": FORMAT, **_slim(record)}, order="sorted").decode()
    if len(text.encode()) > LARGEST:
        intent = record.intent
        gates = len(msgspec.json.encode([intent.before, intent.after])) if intent else 0
        raise Illegal(
            f"the record of the rollout takes {len(text.encode()):,} bytes, and its annotation has {LARGEST:,}: have "
            f"fewer or shorter gates, which take {gates:,} of them"
        )
    return text


def read(text: str | None) -> Record:
    """The record in an annotation; that of a service that nothing was deployed to where there is none. Raises Lost."""
    if text is None:
        return Record()
    try:
        return decode(text.encode())
    except Unreadable as fault:
        raise Lost(f"the annotation that holds the rollout's record cannot be read: {fault}") from None


def _slim(value: Any) -> Any:
    if is_dataclass(value):
        found = ((f, getattr(value, f.name)) for f in fields(value))
        return {f.name: _slim(v) for f, v in found if v != _default(f)}
    if isinstance(value, dict):
        return {k: _slim(v) for k, v in value.items()}
    return [_slim(v) for v in value] if isinstance(value, tuple | list) else value


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else MISSING
