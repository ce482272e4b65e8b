"""Cron schedules, as the parser that Kubernetes uses (robfig/cron, standard form) reads them."""

from __future__ import annotations

import re

_MONTHS = {n: i for i, n in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAYS = {n: i for i, n in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_EVERY = re.compile(r"@every (?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|ms|s|m|h)){1,6}\Z")
_WORDS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})


def schedule_fault(text: str) -> str:
    """What keeps `text` from being a schedule; empty where nothing does."""
    if "TZ" in text:
        return "names a time zone, wants it in spec.timeZone"
    if text.startswith("@"):
        known = text in _WORDS or _EVERY.match(text)
        return "" if known else f"wants one of {', '.join(sorted(_WORDS))} or `@every 5m`"
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"has {len(parts)} fields, wants 5: minute, hour, day of month, month, day of week"
    for part, (name, low, high, words) in zip(parts, _FIELDS, strict=True):
        if not all(_item(item, low, high, words) for item in part.split(",") if item):
            return f"has `{part[:20]}` as {name}, wants {low} to {high}"
    return ""


def _item(item: str, low: int, high: int, words: dict[str, int]) -> bool:
    """Whether one item of a field is right: `*`, `5`, `1-5`, `*/15`, `mon`."""
    span, slash, step = item.partition("/")
    if slash and not (step.isdecimal() and len(step) < 5 and int(step) > 0):
        return False
    if span in {"*", "?"}:
        return True
    ends = [_number(end, words) for end in span.split("-")]
    if len(ends) > 2 or any(end is None or not low <= end <= high for end in ends):
        return False
    return ends[0] is not None and ends[-1] is not None and ends[0] <= ends[-1]


def _number(text: str, words: dict[str, int]) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 5 else words.get(text.lower())
