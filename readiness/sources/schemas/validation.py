"""Says where an object does not fit the schema of its kind. The library loads when the first object is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from readiness.facts.objects import Resource
from readiness.facts.ports import SchemaFault
from readiness.facts.texts import nearest
from readiness.model import Route
from readiness.sources.schemas import loading
from readiness.sources.schemas.loading import Book, book

_REF = "#/$defs/"
_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_MOST = 50
"""Faults of one object that are told one by one: more say nothing new."""


def validate(resource: Resource, version: str) -> tuple[SchemaFault, ...] | None:
    """Where `resource` does not fit its schema in the release nearest to `version`; None without a schema for it."""
    chosen = book(loading.nearest(version))
    name = chosen.kinds.get(resource.api_version, {}).get(resource.kind)
    if name is None:
        return None
    judge = _judge(loading.nearest(version), name)
    sealed = _sealed(resource.body)
    try:
        if judge.is_valid(resource.body):
            return ()
        errors = [e for e in judge.iter_errors(resource.body) if not (sealed and _is_cipher(e.instance))]
        faults = sorted({fault for error in errors for fault in _faults(chosen, name, error)}, key=str)
    except (UnicodeError, ValueError, OverflowError):
        faults, sealed = [], False
    if sealed:
        return tuple(f for f in faults if f.route != ("sops",))[:_MOST]
    return tuple(faults[:_MOST]) or (SchemaFault((), "holds a value that JSON cannot carry"),)


def _is_cipher(value: object) -> bool:
    return isinstance(value, str) and value.startswith("ENC[")


def _sealed(body: Mapping[str, Any]) -> bool:
    """Whether SOPS encrypted the values: its own key and the ciphers are taken away before anybody applies this."""
    seal = body.get("sops")
    return isinstance(seal, dict) and _is_cipher(seal.get("mac"))


@cache
def _judge(version: str, name: str) -> Any:
    import jsonschema_rs

    definitions = book(version).definitions
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": _REF + name,
        "$defs": {n: definitions[n] for n in _closure(definitions, name)},
    }
    return jsonschema_rs.validator_for(schema)


def _closure(definitions: dict[str, Any], name: str) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += _references(definitions[one])
    return seen


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_REF)
            else:
                yield from _references(value)


def _faults(chosen: Book, name: str, error: Any) -> Iterator[SchemaFault]:
    route: Route = tuple(error.instance_path)
    keyword = error.schema_path[-1] if error.schema_path else ""
    if keyword == "additionalProperties":
        known = sorted(_schema_at(chosen, name, route).get("properties", {}))
        for field in error.kind.unexpected:
            yield SchemaFault((*route, field), _unknown(field, known))
    elif keyword == "required":
        field = error.kind.property
        yield SchemaFault((*route, field), f"lacks `{field}`, which is required")
    else:
        said = _SAYINGS.get(keyword, _unfit)(error.kind, error.instance)
        field = next((step for step in reversed(route) if isinstance(step, str)), "")
        yield SchemaFault(route, f"`{_short(field)}` {said}" if field else said)


def _unknown(field: str, known: list[str]) -> str:
    near = nearest(field, known)
    return f"`{_short(field)}` is no field here" + (f"; the nearest is `{near}`" if near else "")


def _schema_at(chosen: Book, name: str, route: Route) -> dict[str, Any]:
    """The definition that governs the value at `route`."""
    schema: dict[str, Any] = chosen.definitions[name]
    for step in route:
        inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        inner = schema.get("additionalProperties") if inner is None else inner
        if not isinstance(inner, dict):
            return {}
        schema = chosen.definitions[inner["$ref"].removeprefix(_REF)] if "$ref" in inner else inner
    return schema


def _type(kind: Any, instance: Any) -> str:
    wanted = [_NAMES[t] for t in kind.types if t != "null"]
    return f"is {_named(instance)}, wants {' or '.join(sorted(wanted))}"


def _enum(kind: Any, instance: Any) -> str:
    options = [str(o) for o in kind.options if o]
    return f"is `{_short(instance)}`, wants {_listed(options)}"


def _pattern(kind: Any, instance: Any) -> str:
    # Only base64 patterns meet secrets: their text is never shown.
    if "A-Za-z" in kind.pattern:
        return "is not base64"
    return f"is `{_short(instance)}`, wants a quantity such as 500m or 256Mi"


def _unfit(kind: Any, instance: Any) -> str:  # noqa: ARG001 (one of several sayings)
    return "does not fit its schema"


_SAYINGS: dict[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": lambda kind, instance: f"is {_short(instance)}, wants {kind.limit} or more",
    "maximum": lambda kind, instance: f"is {_short(instance)}, wants {kind.limit} or less",
    "not": lambda _kind, _instance: "is null, which stands for absent, and is required",
}


def _named(value: Any) -> str:
    """What a value is, without showing it: it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "…"
