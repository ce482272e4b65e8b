"""One page that needs nothing else: no script, no font, no request, and every text from outside escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from readiness.engine.assess import Assessment
from readiness.model import Outcome, Reading, Score, Severity, Status, Verdict
from readiness.report import selection
from readiness.report.encoding import safe
from readiness.report.selection import Open
from readiness.report.text import brief, counted, sentence, whole

if TYPE_CHECKING:
    from readiness.report import Style

_MOST_FINDINGS = 2_000  # on the page
_MOST_IN_CHECK = 200
_MOST_LINES = 1_000
_MOST_EVIDENCE = 12
_OPEN_CHECKS = 3
_TONES = {
    Verdict.READY: "good",
    Verdict.READY_WITH_WAIVERS: "good",
    Verdict.NOT_READY: "bad",
    Verdict.INCOMPLETE: "warn",
}
_ICONS = {"good": "#1a7f4b", "bad": "#c62233", "warn": "#b57a00"}
_MARKS = {"good": "M9 16.5l5 5 9.500-10.500", "bad": "M10.500 10.500l11 11m0-11l-11 11", "warn": "M16 8v10m0 5v.5"}


class Lines(NamedTuple):
    """Lines of a list, how many there would be, and how many of them are left out."""

    lines: Sequence[str]
    total: int

    @property
    def left_out(self) -> int:
        return self.total - len(self.lines)


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (a page has its own style)
    """The page. Its policy allows its own style sheet by hash and nothing else."""
    worst = selection.worst_run(assessments)
    tone = _TONES[worst.answer.verdict]
    css = _dense(_file("page.css"))
    most = max(20, _MOST_FINDINGS // len(assessments))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=_final)
    environment.filters["prose"] = _prose
    page = environment.from_string(_file("page.html.jinja")).render(
        title=f"{worst.answer.verdict.value}: {brief(worst.service, 80)} {brief(worst.environment, 80)}",
        css=Markup(css),  # noqa: S704 (our own file)
        style_hash=Markup("sha256-" + base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()),  # noqa: S704
        icon=_icon(tone),
        version=selection.version(assessments),
        time=next((str(a.about["time"]).replace("T", " ") for a in assessments if "time" in a.about), ""),
        runs=[_run(a, most) for a in assessments],
    )
    return _dense(page)


def _run(assessment: Assessment, most: int) -> dict[str, Any]:
    return {**_head(assessment), **_found(assessment, most), **_asides(assessment)}


def _head(assessment: Assessment) -> dict[str, Any]:
    answer, statuses = assessment.answer, selection.tally(assessment.outcomes)
    score = answer.score
    asked = statuses[Status.PASSED] + statuses[Status.FAILED] + statuses[Status.UNKNOWN]
    shown = "–" if score.value is None else whole(score.value)
    stats = [
        ("Covered", f"{whole(score.covered)} %", f"bar {answer.bar.covered:g}"),
        ("Checks passed", f"{statuses[Status.PASSED]:,}", f"of {asked:,}"),
        ("Waived", f"{sum(j.waiver is not None for o in assessment.outcomes for j in o.judged):,}", ""),
    ]
    if assessment.new_only:
        stats.append(("Judged", "new findings", f"{selection.known(assessment):,} known left out"))
    if score.capped_by and score.uncapped is not None:
        stats.append(("Without the cap", whole(score.uncapped), f"capped by a {score.capped_by.value} finding"))
    return {
        "service": assessment.service,
        "environment": assessment.environment,
        "verdict": answer.verdict.value,
        "tone": _TONES[answer.verdict],
        "score": shown,
        "bar": f"{answer.bar.score:g}",
        "arc": f"{score.value:.2f}" if score.value else "",
        "mark": f"{answer.bar.score * 3.6:.1f}",
        "ring_says": f"score {shown} of 100, bar {answer.bar.score:g}",
        "reasons": answer.reasons[:50],
        "stats": stats,
        "areas": _areas(assessment),
        "looked": asked > 0,
    }


def _areas(assessment: Assessment) -> list[dict[str, str]]:
    """Worst first."""
    scores = assessment.areas()
    made = []
    for name, outcomes in selection.by_area(assessment):
        statuses = selection.tally(outcomes)
        shown = [(s, statuses[s]) for s in (Status.FAILED, Status.UNKNOWN, Status.PASSED) if statuses[s]]
        if shown:
            value = scores[name].value
            area = {
                "name": name,
                "score": "–" if value is None else whole(value),
                "width": f"{value:.2f}" if value else "",
                "tone": _area_tone(scores[name], statuses[Status.UNKNOWN]),
                "said": ", ".join(f"{count} {status.value}" for status, count in shown),
            }
            made.append((101.0 if value is None else value, name, area))
    return [area for _, _, area in sorted(made, key=lambda row: row[:2])]


def _area_tone(score: Score, unknown: int) -> str:
    if score.value is None or (unknown and score.value >= 80):
        return "warn"
    return "good" if score.value >= 80 else "warn" if score.value >= 50 else "bad"


def _found(assessment: Assessment, most: int) -> dict[str, Any]:
    severities = selection.open_by_severity(assessment)
    groups: dict[tuple[Severity, str], list[Open]] = {}
    found = selection.findings(assessment, most)
    for item in found:
        groups.setdefault((item.judged.severity, item.outcome.check.id), []).append(item)
    totals = {
        (severity, o.check.id): sum(j.severity is severity for j in o.bad)
        for severity in Severity
        for o in assessment.outcomes
        if (severity, o.check.id) in groups
    }
    total = sum(severities.values())
    return {
        "found": total,
        "left_out": total - sum(totals.values()),
        "severities": [(s.value, severities[s]) for s in Severity if severities[s]],
        "checks": [_check(s, items, totals[s, i], n) for n, ((s, i), items) in enumerate(groups.items())],
    }


def _check(severity: Severity, items: Sequence[Open], total: int, position: int) -> dict[str, Any]:
    outcome = items[0].outcome
    page = outcome.check.page
    shown = items[:_MOST_IN_CHECK]
    return {
        "severity": severity.value,
        "id": outcome.check.id,
        "title": page.title or outcome.check.id,
        "why": sentence(page.why),
        "fix": sentence(page.fix),
        "example": f"{items[0].judged.finding.place.subject} {items[0].judged.finding.message}",
        "share": counted(total, "finding"),
        "open": position < _OPEN_CHECKS and severity in (Severity.CRITICAL, Severity.HIGH),
        "findings": [_finding(item) for item in shown],
        "left_out": total - len(shown),
    }


def _finding(item: Open) -> dict[str, Any]:
    finding = item.judged.finding
    where = "" if item.where in ("-", finding.place.subject) else item.where
    evidence = [(name, _value(value)) for name, value in list(finding.evidence.items())[:_MOST_EVIDENCE]]
    tags = ["known"] if item.judged.known else []
    return {
        "subject": finding.place.subject,
        "message": finding.message,
        "where": where,
        "path": finding.place.path if where else "",
        "evidence": evidence,
        "tags": tags,
    }


def _asides(assessment: Assessment) -> dict[str, Any]:
    def ids(status: Status) -> Lines:
        return _lines(o.check.id for o in selection.of_status(assessment, status))

    def told(found: Sequence[Open], total: int) -> Lines:
        return Lines([_told(item) for item in found], total)

    every = [(o, j) for o in assessment.outcomes for j in o.judged]
    about = {k: v for k, v in assessment.about.items() if v not in (None, "", [], {})}
    return {
        "unanswered": _reasons(selection.of_status(assessment, Status.UNKNOWN)),
        "unknown": len(selection.of_status(assessment, Status.UNKNOWN)),
        "gaps": _lines(str(g) for g in assessment.gaps),
        "unread": _lines(f"{i.name}: {i.reason}" for i in selection.not_examined(assessment)),
        "vanished": _lines(assessment.vanished),
        "waived": told(selection.waived(assessment, _MOST_LINES), sum(j.waiver is not None for _, j in every)),
        "known": told(
            selection.excused(assessment, _MOST_LINES), sum(j.excused and j.waiver is None for _, j in every)
        ),
        "fresh": told(
            selection.not_adopted(assessment, _MOST_LINES), sum(j.counts and not o.adopted for o, j in every)
        ),
        "notes": _lines(assessment.notes),
        "skipped": _reasons(selection.of_status(assessment, Status.SKIPPED)),
        "unasked": len(selection.of_status(assessment, Status.SKIPPED)),
        "passed": ids(Status.PASSED),
        "idle": ids(Status.NOT_APPLICABLE),
        "inputs": _lines(_input(i.name, i.reading, i.reason, i.objects) for i in assessment.inputs),
        "kinds": _lines(f"{kind}: {count}" for kind, count in assessment.not_understood.items()),
        "about": [(name, _value(value)) for name, value in list(about.items())[:50]],
    }


def _told(item: Open) -> str:
    waiver = item.judged.waiver
    said = (
        f"`{item.outcome.check.id}` {item.judged.finding.place.subject}: {item.judged.finding.message} ({item.where})"
    )
    return said + (f"; {waiver.owner} until {waiver.expires}: {waiver.reason}" if waiver else "")


def _reasons(outcomes: Iterable[Outcome]) -> list[tuple[str, list[str]]]:
    """Reasons with the checks that share them, the most shared ones first."""
    groups = selection.by_reason(outcomes)
    made = [(sentence(reason), [o.check.id for o in same]) for reason, same in groups.items()]
    return sorted(made, key=lambda group: -len(group[1]))


def _input(name: str, reading: Reading, reason: str, objects: int) -> str:
    said = [reading.value.replace("_", " "), reason, counted(objects, "object") if objects else ""]
    return f"`{name}` {', '.join(part for part in said if part)}"


def _lines(lines: Iterable[str]) -> Lines:
    listed = list(lines)
    return Lines(listed[:_MOST_LINES], len(listed))


def _value(value: object) -> str:
    made = safe(value)
    return made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)


def _final(value: object) -> object:
    """What the page prints of any text: bounded, without control characters. Escaping comes after."""
    return value if isinstance(value, Markup) else brief(value)


def _prose(value: str) -> Markup:
    """Words between backticks as code; everything escaped."""
    parts = brief(value).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _icon(tone: str) -> str:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="9" fill="{_ICONS[tone]}"/>'
        f'<path d="{_MARKS[tone]}" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/></svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"


def _dense(text: str) -> str:
    """Without empty lines. The style sheet goes through here before it is hashed."""
    return "\n".join(line for line in text.split("\n") if line.strip()) + "\n"


def _file(name: str) -> str:
    return resources.files("readiness.report").joinpath("page", name).read_text(encoding="utf-8").strip()
