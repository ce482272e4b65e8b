"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

Each environment is a run with a category of its own. Open, waived and known findings are results. What could not be
known (gaps, checks without an answer) is no result, because viewers show every result as an alert: it is a notification
of the invocation, which then counts as not successful.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from readiness.engine.assess import Assessment, area
from readiness.model import Check, Gap, Outcome, Severity, Span, Status
from readiness.report import selection
from readiness.report.encoding import Allowance, encode, safe
from readiness.report.location import in_repository, line, uri
from readiness.report.selection import Open
from readiness.report.text import brief, counted, cut, sentence

if TYPE_CHECKING:
    from readiness.report import Style

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 20_000  # GitHub refuses a file with more than 25,000 in one run
_ROOT = "SRCROOT"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub's bands: above 9 critical, above 7 high, above 4 medium. Only where the harm is one of security.
_SECURITY_AREAS = frozenset({"secrets", "security", "tls", "tenancy"})
_SECURITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.1",
}
_LINK = re.compile(r"([\[\]])")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
# Findings about what stands in no file (a live object, a tool) are placed here: viewers refuse a result without a file.
_NO_FILE = "readiness.yaml"


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (a program has no taste)
    """Valid against the OASIS schema of SARIF 2.1.0 with Errata 01. The same text for the same assessments."""
    room = Allowance()
    return encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(a, room) for a in assessments]})


def _run(assessment: Assessment, room: Allowance) -> dict[str, Any]:
    everything = selection.picked(assessment.outcomes, lambda _o, _j: True, MOST_RESULTS)
    total = sum(len(o.judged) for o in assessment.outcomes)
    unanswered = selection.of_status(assessment, Status.UNKNOWN)
    spoken_of = {item.outcome.check.id for item in everything} | {o.check.id for o in unanswered}
    checks = {o.check.id: o for o in assessment.outcomes if o.check.id in spoken_of}
    numbers = {check_id: number for number, check_id in enumerate(checks)}
    compared = _compared(assessment)
    results = room.listed(lambda item: _result(assessment, item, numbers, compared=compared), everything)
    return {
        "tool": {
            "driver": {
                "name": "readiness",
                "version": selection.version([assessment]),
                "rules": [_rule(o) for o in checks.values()],
            }
        },
        "automationDetails": {"id": _category(assessment)},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(assessment, unanswered, numbers, total - len(results))],
        "results": results,
        "properties": {
            "service": brief(assessment.service),
            "environment": brief(assessment.environment),
            "verdict": assessment.answer.verdict.value,
        },
    }


def _category(assessment: Assessment) -> str:
    """Tells runs apart: code scanning refuses two of the same category in one file."""
    parts = (assessment.service, assessment.environment)
    return "/".join(("readiness", *(uri(cut(part, 100)).replace("/", "%2F") for part in parts), ""))


def _rule(outcome: Outcome) -> dict[str, Any]:
    check = outcome.check
    page = check.page
    why, fix = _text(page.why), _text(page.fix)
    markdown = [f"{_marked(why)}\n" if why else "", f"**How to mend it:** {_marked(fix)}\n" if fix else ""]
    rule: dict[str, Any] = {
        "id": brief(check.id),
        "shortDescription": {"text": _text(page.title) or brief(check.id)},
        "defaultConfiguration": {"level": _LEVELS[outcome.severity]},
        "help": {
            "text": "\n\n".join(part for part in (why, f"How to mend it: {fix}" if fix else "") if part)
            or _text(page.title)
            or brief(check.id),
            "markdown": "\n".join(part for part in markdown if part) or f"`{brief(check.id)}`",
        },
        "properties": _rule_properties(check, outcome.severity),
    }
    if why:
        rule["fullDescription"] = {"text": why}
    return rule


def _rule_properties(check: Check, severity: Severity) -> dict[str, Any]:
    made: dict[str, Any] = {
        "tags": ["readiness", brief(area(check))],
        "precision": "high",
        "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[_LEVELS[severity]],
    }
    if check.area in _SECURITY_AREAS:
        made["tags"] = sorted({*made["tags"], "security"})
        made["security-severity"] = _SECURITY[severity]
    return made


def _result(assessment: Assessment, item: Open, numbers: dict[str, int], *, compared: bool) -> dict[str, Any]:
    outcome, judged = item
    finding = judged.finding
    made: dict[str, Any] = {
        "ruleId": brief(outcome.check.id),
        "ruleIndex": numbers[outcome.check.id],
        "kind": "fail",
        "level": _LEVELS[judged.severity] if outcome.adopted else "note",
        "message": {"text": _message(f"{brief(finding.place.subject)}: {brief(finding.message)}", item.span)},
        "locations": [_location(assessment, item.span, finding.place.subject)],
        "partialFingerprints": {"readiness/v1": judged.fingerprint},
        "properties": {
            "severity": judged.severity.value,
            "path": brief(finding.place.path),
            "origin": finding.place.anchor.origin,
            "adopted": outcome.adopted,
            "evidence": safe(dict(finding.evidence)),
        },
    }
    if judged.waiver:
        said = f"{judged.waiver.reason} ({judged.waiver.owner}, until {judged.waiver.expires})"
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": brief(said)}]
    if compared:
        made["baselineState"] = "unchanged" if judged.known else "new"
    return made


def _compared(assessment: Assessment) -> bool:
    """Whether the run had a baseline to compare with."""
    if "baseline" in assessment.about:
        return bool(assessment.about["baseline"])
    known = any(j.known for o in assessment.outcomes for j in o.judged)
    return known or assessment.new_only or bool(assessment.vanished)


def _location(assessment: Assessment, span: Span | None, subject: str) -> dict[str, Any]:
    path = in_repository(assessment, span.path) if span else ""
    number = line(span) if path else 1
    if not path:
        path = in_repository(assessment, str(assessment.about.get("settings", ""))) or _NO_FILE
    place: dict[str, Any] = {"artifactLocation": {"uri": uri(path)}}
    if not path.startswith(("/", "../")):
        place["artifactLocation"]["uriBaseId"] = _ROOT
    if number is not None:
        place["region"] = {"startLine": max(1, number)}
        if span and path and span.column > 1:
            place["region"]["startColumn"] = span.column
    return {
        "physicalLocation": place,
        "logicalLocations": [{"fullyQualifiedName": brief(subject), "kind": "resource"}],
    }


def _invocation(
    assessment: Assessment, unanswered: Sequence[Outcome], numbers: dict[str, int], left_out: int
) -> dict[str, Any]:
    verdict = assessment.answer.verdict
    said = [_gap(assessment, g) for g in assessment.gaps[:MOST_RESULTS]]
    said += [_unknown(o, numbers) for o in unanswered]
    if len(assessment.gaps) > MOST_RESULTS:
        said.append(_notice(f"{counted(len(assessment.gaps) - MOST_RESULTS, 'more gap')} not listed", "warning"))
    if left_out:
        said.append(_notice(f"truncated: {counted(left_out, 'finding')} left out, the least severe ones", "warning"))
    return {
        "executionSuccessful": not assessment.gaps and not unanswered,
        "exitCode": verdict.exit_code,
        "exitCodeDescription": "; ".join([verdict.value, *(brief(r) for r in assessment.answer.reasons)]),
        "toolExecutionNotifications": said,
    }


def _gap(assessment: Assessment, gap: Gap) -> dict[str, Any]:
    made = _notice(_message(f"not examined: {brief(gap.cause)}", gap.span), "error")
    if gap.advice:
        made["message"]["text"] += _message(f" ({brief(gap.advice)})", None)
    if gap.span:
        made["locations"] = [_location(assessment, gap.span, gap.source)]
    return made


def _unknown(outcome: Outcome, numbers: dict[str, int]) -> dict[str, Any]:
    check_id = brief(outcome.check.id)
    made = _notice(_message(f"{check_id} could not be answered: {brief(outcome.reason)}", None), "warning")
    return made | {"associatedRule": {"id": check_id, "index": numbers[outcome.check.id]}}


def _notice(text: str, level: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _message(text: str, span: Span | None) -> str:
    """Text in which nothing is a link or a placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    if span and span.rendered:
        text += f" (line {span.line} of the rendered output)"
    if "](" in text:
        text = _LINK.sub(r"\\\1", text)
    return _PLACEHOLDER.sub(r"{{\1}}", text)


def _text(text: str) -> str:
    return brief(sentence(text))


def _marked(text: str) -> str:
    """Prose of a check as markdown: code spans and stars are its own; tags and links of strangers are not."""
    return text.replace("<", "&lt;").replace("](", "]\\(")
