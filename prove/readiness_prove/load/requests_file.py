"""Reads a mix of requests from a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from readiness_prove.load.kinds import BadPlan
from readiness_prove.load.request import Request

_BLANK = " \t\r\n"
_WANTED = 'wanted a list such as [{"method": "POST", "path": "/payments", "json": {"id": "${id}"}, "weight": 1}]'
_KEYS: Mapping[str, Any] = {
    "name": str,
    "method": str,
    "path": str,
    "headers": dict,
    "body": str,
    "json": object,
    "weight": (int, float),
}


def read_requests(path: Path) -> tuple[Request, ...]:
    """The requests of a file: a list of objects with `method`, `path`, `headers`, `body` or `json`, `weight`, `name`.

    All of them may be left out. Raises BadPlan with file and line for anything else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadPlan(f"{path} cannot be read: {getattr(fault, 'strerror', None) or 'it is not UTF-8'}") from None
    return tuple(_request(value, f"{path}:{line}") for line, value in _items(text, path))


def _items(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """The items of the list that `text` is, each with the line on which it begins."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as fault:
        raise BadPlan(f"{path}:{fault.lineno}: this is not JSON: {fault.msg}; {_WANTED}") from None
    except RecursionError:
        raise BadPlan(f"{path}: it is nested too deeply; {_WANTED}") from None
    if not isinstance(whole, list) or not whole:
        raise BadPlan(f"{path}:1: found {_kind(whole)}; {_WANTED}")
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    for _ in whole:
        while text[at] in _BLANK + ",":
            at += 1
        value, end = decoder.raw_decode(text, at)
        yield text.count("\n", 0, at) + 1, value
        at = end


def _request(value: Any, where: str) -> Request:
    if not isinstance(value, dict):
        raise BadPlan(f"{where}: found {_kind(value)}; {_WANTED}")
    for key, found in value.items():
        if key not in _KEYS:
            raise BadPlan(f"{where}: {key!r} is not known; known are {', '.join(_KEYS)}")
        if not isinstance(found, _KEYS[key]) or (key == "weight" and isinstance(found, bool)):
            raise BadPlan(f"{where}: {key}: found {_kind(found)}")
    headers: dict[str, str] = dict(value.get("headers", {}))
    if any(not isinstance(text, str) for text in headers.values()):
        raise BadPlan(f"{where}: headers: wanted texts as values")
    if "body" in value and "json" in value:
        raise BadPlan(f"{where}: body and json exclude each other")
    body = _bytes(json.dumps(value["json"], ensure_ascii=False) if "json" in value else value.get("body", ""), where)
    if "json" in value and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    plain = {key: value[key] for key in ("method", "path", "weight", "name") if key in value}
    request = Request(headers=headers, body=body, **plain)
    if fault := request.fault(id_header=""):
        raise BadPlan(f"{where}: {fault}")
    return request


def _bytes(text: str, where: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadPlan(f"{where}: body: it holds half of a character, which UTF-8 cannot write") from None


def _kind(value: Any) -> str:
    if value == []:
        return "an empty list"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
