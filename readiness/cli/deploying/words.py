"""What happens in a rollout, as one line for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from readiness.report.text import brief, plain, whole

_Details = Mapping[str, Any]
_BAD = ("failed", "timeout", "inconclusive", "interrupted", "superseded")
# Good to have in a record, and too much for a person who watches.
_QUIET = frozenset(
    "colour adopted, colour started, colour drained, colour stopped, colour retired, guard started, retirement set, "
    "release found, guard done, orphan ended, reserve used, not retired, guard ended, begun, ended, asked now".split(
        ", "
    )
)
_UNHEARD = 10.0
"""Seconds after which it is said that whoever holds the lock asks nothing of the keeper. At work they ask many times in
each of them; a migration may take longer."""
_GOOD = {"provisioning": "ready", "verifying": "gates passed"}


def line(what: str, details: _Details) -> tuple[str, str] | None:
    """A word and the rest of the line; None where an event says nothing that another one does not say better."""
    if what in _QUIET:
        return None
    if what.startswith("colour "):
        return what, f"{plain(details.get('colour', ''))} ({_release(details)}) {_why(details)}".rstrip()
    if what == "deed":
        return _deed(details)
    known = _WORDS.get(what)
    if known is None:
        return plain(what), _rest(details)
    word, rest = known
    return word, rest(details)


def silence(found: _Details) -> str:
    """Who holds the lock and was not heard for how long, by what the keeper answers to `observe`; empty where whoever
    holds it is heard, and where nobody does."""
    lock = found.get("lock") or {}
    silent = lock.get("silent", 0.0)
    if silent < _UNHEARD:
        return ""
    return f"{plain(lock['by'])} (process {lock['pid']} on {plain(lock['host'])}), not heard for {silent:.0f} s"


def _deed(details: _Details) -> tuple[str, str] | None:
    state, event, why = str(details.get("state")), str(details.get("event")), str(details.get("why") or "")
    if event in _BAD and state != "retiring":
        return event, f"{plain(state)}: {brief(why)}" if why else plain(state)
    return (_GOOD[state], brief(why)) if state in _GOOD and event == "ok" else None


def _rest(details: _Details) -> str:
    return "  ".join(f"{plain(k)} {brief(v, 200)}" for k, v in details.items() if v not in ("", None, [], {}))


def _release(details: _Details) -> str:
    return brief(details.get("release", ""), 200)


def _moved(details: _Details) -> str:
    colour, before = plain(details.get("colour", "")), plain(details.get("from") or "")
    return f"{before} → {colour} ({_release(details)})" if before else f"→ {colour} ({_release(details)})"


def _why(details: _Details) -> str:
    return brief(details.get("why") or "")


def measured(details: _Details) -> str:
    """One look of one gate."""
    value = details.get("value")
    said = f"{value:.4g}" if isinstance(value, float) else str(value)
    number = "" if details.get("n") is None else f", n={details['n']}"
    measured = (
        f"{plain(said)} ({plain(details.get('threshold') or 'no threshold')}{number})" if value is not None else ""
    )
    return "  ".join(
        p for p in (plain(details.get("gate", "")), plain(details.get("verdict", "")), measured, _why(details)) if p
    )


def _checked(details: _Details) -> str:
    score = details.get("score")
    number = "" if score is None else f", score {whole(score)}"
    over = f"; overridden: {brief(details['override'])}" if details.get("override") else ""
    return f"{plain(details.get('verdict', ''))}{number}{over}"


_WORDS: Mapping[str, tuple[str, Callable[[_Details], str]]] = {
    "checking": ("checking", lambda d: brief(d.get("version", ""), 200)),
    "checked": ("checked", _checked),
    "release made": ("made", lambda d: f"from {brief(d.get('source', ''), 200)}"),
    "preparing": ("preparing", lambda d: brief(d.get("command", ""), 200)),
    "planned": ("planned", lambda d: f"plan {str((d.get('plan') or {}).get('hash', ''))[:12]}"),
    "releasing": ("releasing", lambda d: brief(d.get("version", ""))),
    "released": ("released", _release),
    "keeper": ("keeper", lambda d: brief(d.get("said", ""))),
    "locked": ("locked", lambda d: f"epoch {plain(d.get('epoch', ''))}"),
    "announced": ("announced", lambda d: f"{_release(d)} → {plain(d.get('colour', ''))}"),
    "migrating": ("migrating", lambda d: plain(d.get("migration", ""))),
    "adopted": ("adopted", lambda d: ", ".join(map(plain, d.get("migrations", ())))),
    "migrated": ("migrated", lambda d: plain(d.get("migration", ""))),
    "proven": ("proven", lambda d: f"{_release(d)} is ready on the new schema"),
    "awaiting": ("awaiting", lambda d: brief(d.get("doubt") or "an approval")),
    "approved": ("approved", lambda d: f"by {plain(d.get('by', ''))} {brief(d.get('reason') or '')}".rstrip()),
    "switched": ("switched", _moved),
    "baking": ("baking", lambda d: f"{d['seconds']:g} s" if isinstance(d.get("seconds"), int | float) else ""),
    "committed": ("committed", _release),
    "returned": ("returned", lambda d: f"{_moved(d)}: {_why(d)}" if d.get("why") else _moved(d)),
    "rolled back": ("rolled back", _why),
    "measured": ("measured", measured),
    "settled": ("settled", lambda d: f"{plain(d.get('run') or '')} {plain(d.get('state', ''))} {_why(d)}".strip()),
    "uncommitted": ("uncommitted", lambda d: brief(d.get("text", ""))),
    "not in force": ("not in force", lambda d: brief(d.get("said", ""))),
    "not heard": ("not heard", lambda d: brief(d.get("said", ""))),
    "watching": ("watching", lambda d: brief(d.get("said", ""))),
    "asked": ("asked", lambda d: f"for {plain(d.get('kind', ''))} {brief(d.get('reason') or '')}".rstrip()),
    "asked again": ("asked again", _why),
    "held": ("held", _why),
    "aborted": ("aborted", _why),
    "refused": ("refused", _why),
    "superseded": ("superseded", _why),
}
