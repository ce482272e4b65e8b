"""Routes from a built object into what wrote it: list items by what names them, not by their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readiness.model import Route

MISSING = object()
_NAMES = ("name", "containerPort", "mountPath", "devicePath", "key", "topologyKey", "port", "ip", "uid", "type")


def value_at(value: Any, route: Route) -> Any:
    """The value at `route`, or MISSING."""
    for step in route:
        if isinstance(step, int):
            if not isinstance(value, list) or not 0 <= step < len(value):
                return MISSING
        elif not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def translate(written: Any, built: Any, route: Route) -> Route | None:
    """`route` of the built object as a route of the written one, or None where that is not certain."""
    found: list[str | int] = []
    for step in route:
        if isinstance(step, int):
            if not isinstance(built, list) or not isinstance(written, list) or not 0 <= step < len(built):
                return None
            number = _item(written, built, step)
            if number is None:
                return None
            found.append(number)
            written, built = written[number], built[step]
        else:
            if not isinstance(built, dict) or not isinstance(written, dict) or step not in written or step not in built:
                return None
            found.append(step)
            written, built = written[step], built[step]
    return tuple(found)


def _item(written: Sequence[Any], built: Sequence[Any], index: int) -> int | None:
    """The number of the written item that became the built one."""
    item = built[index]
    if not isinstance(item, dict):
        same = [n for n, other in enumerate(written) if type(other) is type(item) and other == item]
        return same[0] if len(same) == 1 else index if index in same and len(written) == len(built) else None
    for name in _NAMES:
        if name in item:
            same = [n for n, other in enumerate(written) if isinstance(other, dict) and other.get(name) == item[name]]
            if len(same) == 1:
                return same[0]
            if not same:
                return None
    return index if len(written) == len(built) else None


def operation(operations: Sequence[Any], body: Any, route: Route) -> Route | None:
    """Where a list of JSON Patch operations wrote what the built object has at `route`: the last one that did."""
    for number in range(len(operations) - 1, -1, -1):
        item = operations[number]
        if not isinstance(item, dict) or item.get("op") not in ("add", "replace") or "value" not in item:
            continue
        pointer = _pointer(item.get("path"))
        if pointer is None or len(pointer) > len(route) or not _leads(pointer, route, body, item["value"]):
            continue
        rest = route[len(pointer) :]
        if value_at(item["value"], rest) == value_at(body, route):
            return (number, "value", *rest)
    return None


def _pointer(path: Any) -> tuple[str, ...] | None:
    if not isinstance(path, str) or not path.startswith("/"):
        return None
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))


def _leads(pointer: tuple[str, ...], route: Route, body: Any, value: Any) -> bool:
    """Whether the pointer is the beginning of the route; `-` stands for the item that has the operation's value."""
    for depth, (part, step) in enumerate(zip(pointer, route, strict=False)):
        if part == "-" and isinstance(step, int):
            if value_at(body, route[: depth + 1]) != value:
                return False
        elif part != str(step):
            return False
    return True
