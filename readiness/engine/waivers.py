"""Waivers: who may excuse which finding, for how long, and what became of each.

One stands in the settings, in a file of waivers, or in a comment on the line that it is about (or alone above it):

    replicas: 1  # readiness: ignore availability/replicas reason="one licence" owner=team-pay until=2026-12-31
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from readiness.facts.waivers import WaiverRecord, Waivers, WaiverState
from readiness.facts.writings import Note, Writings
from readiness.model import Finding, Span, Waiver

_IGNORE = re.compile(r"readiness:\s*ignore\b\s*(.*)\Z")
_FIELDS = ("reason", "owner", "until")
_SHORTEST_REASON = 10


@dataclass(slots=True)
class Entry:
    """One waiver while a run goes on. `line` binds an inline one to the line that it is about."""

    waiver: Waiver
    written: Span
    line: Span | None = None
    fault: str = ""
    used: int = 0

    def fits(self, check_id: str, finding: Finding) -> bool:
        if check_id != self.waiver.check:
            return False
        if self.line is None:
            return fnmatch.fnmatchcase(finding.place.subject, _literal(self.waiver.subject))
        span = finding.place.span
        return span is not None and (span.path, span.line) == (self.line.path, self.line.line)


@dataclass(slots=True)
class Book:
    """All waivers of one environment. `allowed` are the owners who may waive; empty means anybody."""

    entries: list[Entry]
    today: date
    allowed: Sequence[str] = ()
    _by_check: dict[str, list[Entry]] = field(default_factory=dict)

    def waive(self, check_id: str, finding: Finding) -> Waiver | None:
        """The waiver that covers this finding, or None. A covered one is counted as used."""
        if check_id not in self._by_check:
            named = (e for e in self.entries if e.waiver.check == check_id)
            self._by_check[check_id] = [e for e in named if not e.fault and self._in_force(e)]
        for entry in self._by_check[check_id]:
            if entry.fits(check_id, finding):
                entry.used += 1
                return entry.waiver
        return None

    def records(self, answered: Callable[[str], bool]) -> Waivers:
        """What became of each waiver; `answered` says whether a check came to an answer at all."""
        return Waivers(tuple(self._record(e, answered) for e in self.entries))

    def _in_force(self, entry: Entry) -> bool:
        return entry.waiver.expires >= self.today and self._permitted(entry)

    def _permitted(self, entry: Entry) -> bool:
        return not self.allowed or entry.waiver.owner in self.allowed

    def _record(self, entry: Entry, answered: Callable[[str], bool]) -> WaiverRecord:
        w = entry.waiver
        state = WaiverState.USED
        if entry.fault:
            state = WaiverState.MALFORMED
        elif not self._permitted(entry):
            state = WaiverState.FORBIDDEN
        elif w.expires < self.today:
            state = WaiverState.EXPIRED
        elif not entry.used:
            state = WaiverState.UNUSED if answered(w.check) else WaiverState.IDLE
        return WaiverRecord(w.check, w.subject, w.owner, w.expires, state, entry.written, entry.fault)


def inline(writings: Iterable[Writings]) -> list[Entry]:
    """The waivers in comments. One that is not complete is kept, with what it lacks."""
    entries: dict[tuple[str, int], Entry] = {}
    for writing in writings:
        for file in writing:
            for note in file.notes:
                match = _IGNORE.search(note.text)
                if match:
                    entries.setdefault((note.path, note.line), _read(note, match[1]))
    return list(entries.values())


def _read(note: Note, said: str) -> Entry:
    written = Span(note.path, note.line)
    about = Span(note.path, note.line + 1 if note.alone else note.line)
    try:
        words, fault = shlex.split(said), ""
    except ValueError as error:
        words, fault = [], f"cannot be read: {error}"
    check_id = words[0] if words and "=" not in words[0] else ""
    given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    fault = fault or _lacking(check_id, given)
    try:
        expires = date.fromisoformat(given.get("until", ""))
    except ValueError:
        expires = date.min
        fault = fault or f"`until` is no day: {given.get('until')}"
    waiver = Waiver(check_id, str(about), given.get("reason", ""), given.get("owner", ""), expires, str(written))
    return Entry(waiver, written, about, fault)


def _lacking(check_id: str, given: dict[str, str]) -> str:
    wanted = 'wanted: ignore CHECK reason="…" owner=… until=YYYY-MM-DD'
    if not check_id or check_id in {"ALL", "all"}:
        return f"names no check; {wanted}"
    if "*" in check_id:
        return f"is for every check that fits {check_id}, where one is wanted; write one for each check"
    missing = [name for name in _FIELDS if not given.get(name)]
    if missing:
        return f"lacks {', '.join(missing)}; {wanted}"
    unknown = sorted(given.keys() - set(_FIELDS))
    if unknown:
        return f"has unknown words {', '.join(unknown)}; {wanted}"
    if len(given["reason"]) < _SHORTEST_REASON:
        return f"has a reason shorter than {_SHORTEST_REASON} letters"
    return ""


def _literal(pattern: str) -> str:
    """Only `*` is special in a subject: names hold brackets and question marks of their own."""
    return re.sub(r"([\[?])", r"[\1]", pattern)
