"""PromQL with `{release}`, `{version}` and `{colour}` in it: how they are filled in, and whom a query measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.sources.promql import parse
from readiness_deploy.ports import Refusal, Subject

NAMES = ("release", "version", "colour")
_PLACE = re.compile(r"\{(" + "|".join(NAMES) + r")\}")
_PIECES = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<matches>[=!]~)|(?P<other>.)""",
    re.DOTALL,
)
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_BARE = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*\s*(\{.*\})?|\{.*\}", re.DOTALL)


class Unfilled(Refusal):
    """A value that cannot stand where the query wants it."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    quote: str  # the quotation mark around it; empty outside of texts
    expression: bool  # whether it is a regular expression


def filled(query: str, subject: Subject) -> str:
    """The query about this subject. A value stands for itself wherever it is put: nothing in it ends the text that it
    stands in, or means anything in a regular expression. Raises Unfilled."""
    values = {"release": subject.release.id, "version": subject.release.version, "colour": subject.colour}
    return _fill(query, values)


def problems(query: str, *, everyone: bool) -> list[str]:
    """What is wrong with a query before anything is measured by it.

    Each series that it takes must be limited by a placeholder in a label that has to be equal or to match, or else the
    other colour would be measured along with the new one.
    """
    stray = [p.text for p in _pieces(query) if not p.quote and _PLACE.search(p.text)]
    if stray:
        return [
            'a placeholder stands outside of a text: write it as the value of a label, such as {release="{release}"}'
        ]
    try:
        one, another = (_fill(query, {name: f"{mark}{name}" for name in NAMES}) for mark in ("one", "another"))
    except Unfilled as refusal:
        return [str(refusal)]
    read, other = parse(one), parse(another)
    if isinstance(read, str) or isinstance(other, str):
        return [f"is no PromQL: {read if isinstance(read, str) else other}"]
    if not read.selectors:
        return ["reads no series"]
    if everyone:
        return []
    pairs = zip(read.selectors, other.selectors, strict=True)
    unbound = [a.name or "a selector" for a, b in pairs if not _bound(a.matchers, b.matchers)]
    if not unbound:
        return []
    names = ", ".join(dict.fromkeys(unbound))
    return [
        f"measures every colour: nothing limits {names} to the release; put {{release}}, {{version}} or {{colour}} "
        "into a label of it, or say `everyone: true`"
    ]


def window(query: str) -> float:
    """The longest range that a query looks back over, in seconds; 0 where it has none or cannot be read."""
    read = parse(query)
    return 0.0 if isinstance(read, str) else max((s.seconds for s in read.selectors), default=0.0)


def bare(query: str) -> bool:
    """Whether the query is one selector and nothing else, so that the time of its sample can be asked for."""
    read = parse(query)
    return not isinstance(read, str) and len(read.selectors) == 1 and bool(_BARE.fullmatch(query.strip()))


Matchers = tuple[tuple[str, str, str], ...]


def _bound(one: Matchers, another: Matchers) -> bool:
    """Whether a matcher that must hold changes with the subject."""
    return any(a != b and a[1] in ("=", "=~") for a, b in zip(one, another, strict=True))


def _fill(query: str, values: Mapping[str, str]) -> str:
    def put(piece: _Piece) -> str:
        return _PLACE.sub(lambda found: _written(values[found[1]], piece), piece.text)

    return "".join(put(piece) for piece in _pieces(query))


def _written(value: str, place: _Piece) -> str:
    if not value:
        raise Unfilled("a placeholder has no value: the release has no version")
    if not place.quote:
        raise Unfilled("a placeholder stands outside of a text")
    if place.expression:
        value = _SPECIAL.sub(lambda found: "\\" + found[0], value)
    if place.quote == "`":
        if "`" in value:
            raise Unfilled("a value with ` cannot stand between two of them: use other quotation marks")
        return value
    return value.replace("\\", "\\\\").replace(place.quote, "\\" + place.quote).replace("\n", "\\n")


def _pieces(query: str) -> Iterator[_Piece]:
    """The query in pieces, each of which is a text in quotation marks or a character outside; comments are left out."""
    expression = False
    outside = ""
    for found in _PIECES.finditer(query):
        piece = found[0]
        if found["text"]:
            if outside:
                yield _Piece(outside, "", False)
            outside = ""
            yield _Piece(piece, piece[0], expression)
            expression = False
        elif found["comment"]:
            outside += " "
        else:
            outside += piece
            expression = bool(found["matches"]) or (expression and piece.isspace())
    if outside:
        yield _Piece(outside, "", False)
