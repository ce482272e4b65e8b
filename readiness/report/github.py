"""Workflow commands for GitHub Actions: annotations on the lines of a change, and the verdict.

GitHub shows ten annotations of a level for each step. Nine findings of each level become one, the worst first; the
tenth is kept for the verdict, which is the last line. All other findings are told in a folded part of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from readiness.engine.assess import Assessment
from readiness.model import Gap, Severity, Span, Status, Verdict
from readiness.report import selection
from readiness.report.location import in_repository, line
from readiness.report.selection import Open
from readiness.report.text import brief, counted, no_command, sentence, whole

if TYPE_CHECKING:
    from readiness.report import Style

_ANNOTATED = 9
_LOGGED = 1_000
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}
_VERDICTS = {Verdict.NOT_READY: "error", Verdict.INCOMPLETE: "warning"}
Told = tuple[str, str, str]  # level, command, line of the log


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (a log has no taste)
    """Lines of which only our own are commands. The last one is the verdict."""
    room = dict.fromkeys(("error", "warning", "notice"), _ANNOTATED)
    annotations: list[str] = []
    log: list[str] = []
    for level, command, logged in _told(assessments):
        if room[level]:
            room[level] -= 1
            annotations.append(command)
        elif len(log) < _LOGGED:
            log.append(logged)
    more = sum(_total(a) for a in assessments) - len(annotations)
    if more > len(log):
        log.append(f"  truncated: {more - len(log):,} more are not listed")
    if more:
        log = [
            f"::group::{counted(more, 'more finding')}: GitHub shows ten annotations of a level",
            *log,
            "::endgroup::",
        ]
    return "\n".join([*annotations, *log, _verdict(assessments)]) + "\n"


def _total(assessment: Assessment) -> int:
    """How many open findings and gaps there are to tell."""
    return len(assessment.gaps) + sum(j.counts for o in assessment.outcomes for j in o.judged)


def _told(assessments: Sequence[Assessment]) -> Iterator[Told]:
    """Gaps first, for they hide what else is wrong; then findings by severity over all assessments."""
    several = len(assessments) > 1
    for assessment in assessments:
        for gap in assessment.gaps[:_LOGGED]:
            yield _gap(assessment, gap, several=several)
    most = _LOGGED + 3 * _ANNOTATED + 1
    found = [(item, a) for a in assessments for item in selection.findings(a, most)]
    for item, assessment in sorted(found, key=lambda pair: pair[0].judged.severity.rank):
        yield _finding(assessment, item, _LEVELS[item.judged.severity], several=several)
    for assessment in assessments:
        for item in selection.not_adopted(assessment, most):
            yield _finding(assessment, item, "notice", several=several)


def _finding(assessment: Assessment, item: Open, level: str, *, several: bool) -> Told:
    outcome, judged = item
    finding = judged.finding
    said = f"{brief(finding.place.subject)}: {brief(finding.message)}"
    if not outcome.adopted:
        said += " (newer than the pinned rules: does not count yet)"
    fix = outcome.check.page.fix
    title = f"{brief(outcome.check.id)} ({judged.severity.value}{_of(assessment, several=several)})"
    message = said + _rendered(item.span) + (f"\nfix: {brief(sentence(fix))}" if fix else "")
    logged = f"  {judged.severity.value:<9}{brief(outcome.check.id)}  {said}  {brief(item.where)}"
    return level, _command(level, assessment, item.span, title, message), no_command(logged)


def _gap(assessment: Assessment, gap: Gap, *, several: bool) -> Told:
    title = f"not examined ({brief(gap.source)}{_of(assessment, several=several)})"
    message = brief(gap.cause) + (f"\n{brief(gap.advice)}" if gap.advice else "")
    command = _command("warning", assessment, gap.span, title, message)
    return "warning", command, no_command(f"  not examined: {brief(gap)}")


def _of(assessment: Assessment, *, several: bool) -> str:
    return f", {brief(assessment.service)} {brief(assessment.environment)}" if several else ""


def _rendered(span: Span | None) -> str:
    return f" (line {span.line} of the rendered output)" if span and span.rendered else ""


def _command(level: str, assessment: Assessment, span: Span | None, title: str, message: str) -> str:
    place = []
    path = in_repository(assessment, span.path) if span else ""
    if path and not path.startswith(("/", "../")):
        place.append(f"file={_property(brief(path))}")
        number = line(span)
        if number is not None:
            place.append(f"line={number}")
    place.append(f"title={_property(title)}")
    return f"::{level} {','.join(place)}::{_data(message)}"


def _verdict(assessments: Sequence[Assessment]) -> str:
    worst = selection.worst_run(assessments).answer.verdict
    said = "; ".join(_one(a) for a in assessments[:20])
    if len(assessments) > 20:
        said += f"; and {len(assessments) - 20} more"
    return f"::{_VERDICTS.get(worst, 'notice')} title={_property(f'readiness: {worst.value}')}::{_data(said)}"


def _one(assessment: Assessment) -> str:
    answer = assessment.answer
    score = "no score" if answer.score.value is None else f"score {whole(answer.score.value)}"
    counts = selection.open_by_severity(assessment)
    found = [f"{counts[s]:,} {s.value}" for s in Severity if counts[s]]
    unknown = selection.tally(assessment.outcomes)[Status.UNKNOWN]
    parts = [
        f"{brief(assessment.service)} {brief(assessment.environment)} is {answer.verdict.value}: "
        f"{score} (bar {answer.bar.score:g})",
        f"findings: {', '.join(found)}" if found else "no findings",
    ]
    if unknown:
        parts.append(f"{counted(unknown, 'check')} could not be answered")
    if assessment.gaps:
        parts.append(counted(len(assessment.gaps), "gap"))
    return ", ".join(parts) + (f"; because {'; '.join(brief(r) for r in answer.reasons)}" if answer.reasons else "")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
