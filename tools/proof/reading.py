"""What the tiers wrote, as rows of a table. Every number comes from a file of figures or from counted tests."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof.running import Ran

_NAMES = ("figure", "name", "what")
_ASIDE = ("command", "n", *_NAMES)
_WORST = ("errors", "lost", "saturated")
"""Of these, the worst round counts: a median hides the one in which it went wrong."""
_DIGITS = 4


class Unreadable(Exception):
    """A file of figures that holds something else; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is about, its values by name, how many trials are behind it."""

    figure: str
    values: Mapping[str, Any]
    n: int | None = None
    command: str = ""


def rows(ran: Ran) -> list[Row]:
    """The figures of one tier, counted tests first. Raises Unreadable."""
    found = []
    for figure, function in ran.tier.counted.items():
        passed, failed = ran.count("passed", function), ran.count("failed", function)
        if passed + failed:
            found.append(Row(figure, {"right": f"{passed} of {passed + failed}"}, passed + failed))
    for path in ran.wrote:
        found += _read(path)
    return found


def _read(path: Path) -> Iterator[Row]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise Unreadable(f"{path.name}: wanted JSON, found something else: {fault}") from None
    if not isinstance(value, (dict, list)):
        raise Unreadable(f"{path.name}: wanted an object or a list of objects, found {value!r:.60}")
    stem = path.stem.removeprefix("simulator-").replace("-", " ")
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(item, dict):
            raise Unreadable(f"{path.name}: item {number}: wanted an object, found {item!r:.60}")
        yield from _row(item, stem)


def _row(item: Mapping[str, Any], stem: str) -> Iterator[Row]:
    """One object; objects inside of it are rows of their own, lists of objects too."""
    name = next((str(item[key]) for key in _NAMES if isinstance(item.get(key), str)), "")
    about = stem if _plainly(name) in _plainly(stem) else name if name.startswith(stem) else f"{stem}: {name}"
    values = {key: value for key, value in item.items() if key not in _ASIDE and _is_plain(value)}
    n = item.get("n")
    if values or n is not None:
        yield Row(about, values, n if isinstance(n, int) else None, str(item.get("command", "")))
    for key, value in item.items():
        if isinstance(value, list) and (rounds := _rounds(value)):
            yield Row(f"{about}, {key}, medians", rounds, len(value))
            continue
        inside = value if isinstance(value, list) else [value]
        for number, one in enumerate(inside, 1):
            if isinstance(one, dict):
                yield from _row(one, f"{about}, {key}{f' {number}' if isinstance(value, list) else ''}")


def _plainly(text: str) -> str:
    """As in the name of a file: its words alone."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _rounds(value: list[Any]) -> dict[str, float]:
    """Where the same was measured several times, the median of each number, and the largest of those that tell what
    went wrong; nothing where it is something else."""
    if len(value) < 2 or not all(isinstance(one, dict) and one.keys() == value[0].keys() for one in value):
        return {}
    numbers = {key: [one[key] for one in value] for key in value[0]}
    if not all(v is None or isinstance(v, (int, float)) for column in numbers.values() for v in column):
        return {}
    return {
        key: max(column) if key in _WORST else statistics.median(column)
        for key, column in numbers.items()
        if None not in column
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def said(value: Any) -> str:
    """One value for a person: thousands apart, no more digits than mean something."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10**_DIGITS else f"{value:.{_DIGITS}g}"
    return str(value)
