"""The report for programs: one JSON object, whose schema is published and only ever grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from readiness.engine.assess import Assessment, area
from readiness.facts.waivers import WaiverRecord
from readiness.model import Finding, Gap, Input, Judged, Outcome, Score, Severity, Span, Status
from readiness.report import selection
from readiness.report.encoding import Allowance, encode, number, safe, string
from readiness.report.text import sentence

if TYPE_CHECKING:
    from readiness.report import Style

SCHEMA = "readiness/report/1"
Pieces = Mapping[int, list[msgspec.Raw]]


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (a program has no taste)
    """The same text for the same assessments. Scores have two digits, cut, so that 79.999 does not become 80.

    Where everything does not fit, the least severe findings are left out first, and `truncated` counts them.
    """
    worst = selection.worst_run(assessments)
    room, rest = Allowance(), Allowance()
    pieces = _pieces(assessments, room)
    runs = [_run(a, p, rest) for a, p in zip(assessments, pieces, strict=True)]
    return encode(
        {
            "schema": SCHEMA,
            "tool": {"name": "readiness", "version": selection.version(assessments)},
            "verdict": worst.answer.verdict.value,
            "exit_code": worst.answer.verdict.exit_code,
            "score": number(worst.answer.score.value),
            "runs": runs,
            "truncated": {"findings": room.refused, "entries": rest.refused},
        }
    )


def schema() -> str:
    """The JSON Schema (2020-12) of this report."""
    return resources.files("readiness.report").joinpath("schemas/report-1.json").read_text(encoding="utf-8")


def _pieces(assessments: Sequence[Assessment], room: Allowance) -> list[Pieces]:
    """For each assessment the findings of each outcome, by its number; the worst of all get their room first."""
    taken: list[dict[int, list[msgspec.Raw]]] = [{} for _ in assessments]
    for severity in Severity:
        for assessment, pieces in zip(assessments, taken, strict=True):
            for position, outcome in enumerate(assessment.outcomes):
                for judged in outcome.judged:
                    if judged.severity is severity and (piece := room.piece(_judged, judged)) is not None:
                        pieces.setdefault(position, []).append(piece)
    return list(taken)


def _run(assessment: Assessment, pieces: Pieces, rest: Allowance) -> dict[str, Any]:
    answer = assessment.answer
    return {
        "service": string(assessment.service),
        "environment": string(assessment.environment),
        "verdict": answer.verdict.value,
        "exit_code": answer.verdict.exit_code,
        "reasons": [string(r) for r in answer.reasons],
        "score": {
            "value": number(answer.score.value),
            "uncapped": number(answer.score.uncapped),
            "capped_by": answer.score.capped_by.value if answer.score.capped_by else None,
            "covered": number(answer.score.covered),
            "bar": {"score": number(answer.bar.score), "covered": number(answer.bar.covered)},
        },
        "counts": _counts(assessment),
        "areas": [_area(n, s, assessment) for n, s in assessment.areas().items()],
        "outcomes": [_outcome(o, pieces.get(n, []), rest) for n, o in enumerate(assessment.outcomes)],
        "gaps": rest.listed(_gap, assessment.gaps),
        "inputs": rest.listed(_input, assessment.inputs),
        "notes": rest.listed(string, assessment.notes),
        "sources": [string(s) for s in assessment.sources],
        "waivers": rest.listed(_waiver, assessment.waivers),
        "not_understood": {string(k): v for k, v in assessment.not_understood.items()},
        "vanished": [string(v) for v in assessment.vanished],
        "new_only": assessment.new_only,
        "about": safe(dict(assessment.about)),
    }


def _counts(assessment: Assessment) -> dict[str, Any]:
    severities = selection.open_by_severity(assessment)
    statuses = selection.tally(assessment.outcomes)
    every = [j for o in assessment.outcomes for j in o.judged]
    return {
        "findings": {s.value: severities[s] for s in Severity},
        "checks": {s.value: statuses[s] for s in Status},
        "waived": sum(j.waiver is not None for j in every),
        "known": sum(j.known for j in every),
        "not_adopted": sum(len(o.bad) for o in assessment.outcomes if not o.adopted),
    }


def _area(name: str, score: Score, assessment: Assessment) -> dict[str, Any]:
    statuses = selection.tally(o for o in assessment.outcomes if area(o.check) == name)
    return {
        "name": string(name),
        "value": number(score.value),
        "covered": number(score.covered),
        "checks": {s.value: statuses[s] for s in Status},
    }


def _outcome(outcome: Outcome, found: list[msgspec.Raw], rest: Allowance) -> dict[str, Any]:
    page = outcome.check.page
    return {
        "id": string(outcome.check.id),
        "area": string(area(outcome.check)),
        "title": string(page.title),
        "why": string(sentence(page.why)),
        "fix": string(sentence(page.fix)),
        "status": outcome.status.value,
        "severity": outcome.severity.value,
        "looked_at": outcome.looked_at,
        "well": outcome.well,
        "reason": string(outcome.reason),
        "adopted": outcome.adopted,
        "origins": list(outcome.origins),
        "settings": safe(outcome.settings),
        "findings_total": len(outcome.judged),
        "findings": found,
        "unproven": rest.listed(lambda f: _finding(f, f.severity or outcome.severity), outcome.unproven),
    }


def _judged(judged: Judged) -> dict[str, Any]:
    waiver = judged.waiver
    return {
        "fingerprint": judged.fingerprint,
        **_finding(judged.finding, judged.severity),
        "open": judged.counts,
        "known": judged.known,
        "waiver": waiver
        and {
            "reason": string(waiver.reason),
            "owner": string(waiver.owner),
            "expires": waiver.expires.isoformat(),
            "written": string(waiver.written),
        },
    }


def _finding(finding: Finding, severity: Severity) -> dict[str, Any]:
    place = finding.place
    return {
        "severity": severity.value,
        "subject": string(place.subject),
        "origin": place.anchor.origin or None,
        "message": string(finding.message),
        **_span(place.span),
        "path": string(place.path),
        "evidence": safe(dict(finding.evidence)),
    }


def _span(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "rendered": False}
    return {"file": string(span.path), "line": span.line, "column": span.column, "rendered": span.rendered}


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "source": string(gap.source),
        "cause": string(gap.cause),
        "advice": string(gap.advice),
        "kinds": sorted(string(k) for k in gap.kinds),
        **_span(gap.span),
    }


def _input(one: Input) -> dict[str, Any]:
    return {
        "name": string(one.name),
        "reading": one.reading.value,
        "reason": string(one.reason),
        "objects": one.objects,
    }


def _waiver(record: WaiverRecord) -> dict[str, Any]:
    return {
        "check": string(record.check),
        "subject": string(record.about),
        "owner": string(record.owner),
        "expires": record.expires.isoformat() if record.expires else None,
        "state": record.state.value,
        "fault": string(record.fault),
        **_span(record.written),
    }
