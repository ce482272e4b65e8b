"""TOML with positions: the standard library reads the values, a scan of the lines finds where tables and keys stand."""

from __future__ import annotations

import re
import tomllib
from array import array
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from readiness.facts.document import Document, Route, pack
from readiness.sources.manifests.reading import Problem, Reading

_MOST_NODES = 200_000
_ERROR_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
# What a TOML text is made of, where it matters for finding keys: comments, strings, brackets and line ends.
_TOKEN = re.compile(
    r'#[^\n]*+|"""(?:[^"\\]|\\.|"(?!""))*+"*+|\'\'\'(?:[^\']|\'(?!\'\'))*+\'*+|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|[\
    [\]{}\n]',
    re.S,
)
_HEADER = re.compile(r"[ \t]*(\[\[?)([^\n]*)")
_KEY = re.compile(r"[ \t]*((?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[ \t]*\.[ \t]*)+)[ \t]*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")


def read_toml(data: bytes, path: str) -> Reading:
    """The one document of a TOML text, or the problem that hides it. Dates and times become text."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        value = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return Reading(
            problems=(Problem(path, line, 1, "encoding", f"byte {error.start} is not UTF-8 text", fatal=True),)
        )
    except tomllib.TOMLDecodeError as error:
        at = _ERROR_AT.search(str(error))
        line, column = (int(at[1]), int(at[2])) if at else (text.count("\n") + 1, 1)
        told = "TOML: " + _ERROR_AT.sub("", str(error)).strip()
        return Reading(problems=(Problem(path, line, column, "syntax", told, fatal=True),))
    except RecursionError:
        return Reading(problems=(Problem(path, 1, 1, "limit", "TOML: nested too deeply to be read", fatal=True),))
    positions: array[int] = array("Q")
    plain = _plain(value, (), dict(_places(text)), pack(1, 1), positions)
    if len(positions) > _MOST_NODES:
        told = f"more than {_MOST_NODES:,} values in one document"
        return Reading(problems=(Problem(path, 1, 1, "limit", told, fatal=True),))
    return Reading((Document(plain, path, 1, positions),))


def _plain(value: Any, route: Route, places: dict[Route, int], above: int, positions: array[int]) -> Any:
    """The value without dates and times; appends one position for each node, that of its table where it has none."""
    here = places.get(route, above)
    start = len(positions)
    positions.append(here)
    made: Any = value
    if isinstance(value, dict):
        made = {key: _plain(item, (*route, key), places, here, positions) for key, item in value.items()}
    elif isinstance(value, list):
        made = [_plain(item, (*route, index), places, here, positions) for index, item in enumerate(value)]
    elif isinstance(value, date | datetime | time):
        made = value.isoformat()
    positions[start] = here | (len(positions) - start)
    return made


def _places(text: str) -> Iterator[tuple[Route, int]]:
    """The route of every table and of every key that begins a line, and where it stands."""
    table: Route = ()
    counts: dict[Route, int] = {}
    for number, line in _statements(text):
        header, key = _HEADER.match(line), _KEY.match(line)
        column = len(line) - len(line.lstrip()) + 1
        if header:
            table = _resolve(_names(header[2].partition("#")[0]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield table, pack(number, column)
        elif key:
            names = _names(key[1])
            for end in range(1, len(names) + 1):
                yield (*table, *names[:end]), pack(number, column)


def _resolve(names: tuple[str, ...], counts: dict[Route, int]) -> Route:
    """The route of a table: below an array of tables it means the newest item."""
    route: Route = ()
    for name in names[:-1]:
        route = (*route, name)
        if route in counts:
            route = (*route, counts[route])
    return (*route, *names[-1:])


def _names(written: str) -> tuple[str, ...]:
    return tuple(part[0].strip("\"'") for part in _PART.finditer(written))


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each line, with its number, that does not lie within a text or brackets begun before it."""
    depth = begin = 0
    number, started = 1, 1
    for token in _TOKEN.finditer(text):
        found = token[0]
        if found == "\n":
            if depth <= 0:
                yield started, text[begin : token.start()]
                depth, begin, started = 0, token.end(), number + 1
            number += 1
        elif found in "[{":
            depth += 1
        elif found in "]}":
            depth -= 1
        else:
            number += found.count("\n")
    yield started, text[begin:]
