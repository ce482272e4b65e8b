"""From what a check said to an outcome: severities, waivers, the baseline, and one of five statuses."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping

from readiness.engine.baseline import Baseline
from readiness.engine.run import Asked
from readiness.model import Finding, Judged, Outcome, Severity, Status, Waiver

Waive = Callable[[str, Finding], Waiver | None]


def fingerprint(check_id: str, environment: str, finding: Finding) -> str:
    """The same for the same fault in the next run: no line numbers, no generated suffixes, list items by name."""
    anchor = finding.place.anchor
    parts = (check_id, environment, anchor.origin, anchor.identity, anchor.steady(finding.place.route))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def conclude(
    asked: Asked,
    environment: str,
    *,
    settings: Mapping[str, object],
    severity: Severity | None = None,
    waive: Waive = lambda _id, _finding: None,
    known: Baseline | None = None,
    new_only: bool = False,
    adopted: bool = True,
) -> Outcome:
    """The outcome of one check. `severity` is what the settings say of it; `known` is the baseline.

    Equal fingerprints are counted: one more than the baseline has is new, and so is one that got worse. With
    `new_only` the known ones are excused.
    """
    known = known or Baseline()
    met: Counter[str] = Counter()  # a baseline is large, and a check has few findings: count those, copy nothing
    judged = []
    for finding in asked.bad:
        mark = fingerprint(asked.check.id, environment, finding)
        weight = _severity(finding, asked.check.severity, severity)
        waiver = waive(asked.check.id, finding)
        if waiver is None:
            met[mark] += 1
            old = met[mark] <= known.fingerprints[mark] and known.allows(mark, weight)
        else:
            old = mark in known.waived or mark in known.fingerprints
        judged.append(Judged(finding, weight, mark, waiver, old, excused=old and new_only))
    status = _status(asked, open_findings=any(j.counts for j in judged))
    ill = {j.finding.place.subject for j in judged if j.counts}
    return Outcome(
        check=asked.check,
        status=status,
        severity=severity or asked.check.severity,
        judged=tuple(sorted(judged, key=lambda j: j.severity.rank)),
        unproven=tuple(asked.unproven),
        looked_at=len(asked.subjects),
        well=len(asked.subjects - ill),
        reason=_reason(asked, status),
        gaps=tuple(asked.gaps) if status is Status.UNKNOWN else (),
        origins=tuple(asked.origins),
        settings=dict(settings),
        adopted=adopted,
    )


def _severity(finding: Finding, own: Severity, said: Severity | None) -> Severity:
    """What a finding weighs. Settings that do not lower the check (`said` against its `own`) lower no finding of it."""
    if said is None:
        return finding.severity or own
    if finding.severity is None or said.rank > own.rank:
        return said
    return min(said, finding.severity, key=lambda s: s.rank)


def _status(asked: Asked, *, open_findings: bool) -> Status:
    if open_findings:
        return Status.FAILED
    if asked.fault or asked.unread or asked.unproven:
        return Status.UNKNOWN
    if asked.skipped and not asked.subjects:
        return Status.SKIPPED
    if asked.gaps:
        return Status.UNKNOWN
    return Status.PASSED if asked.subjects else Status.NOT_APPLICABLE


def _reason(asked: Asked, status: Status) -> str:
    if asked.fault:
        return f"the check itself failed: {asked.fault}"
    if status is Status.SKIPPED:
        return asked.skipped
    if status is Status.NOT_APPLICABLE:
        return "found nothing to look at"
    if status is not Status.UNKNOWN:
        return ""
    if asked.unread:
        return asked.unread
    if asked.unproven:
        return f"{asked.unproven[0].message}, or it stands in what could not be read"
    return f"could hide in what was not read: {next(iter(asked.gaps))}"
