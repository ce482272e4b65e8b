"""Markdown for a comment on a change or a job summary: the verdict first, the rest folded.

GitHub takes comments of up to 65,536 characters. What does not fit is left out from the end, and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from readiness.engine.assess import Assessment
from readiness.model import Outcome, Severity, Status, Verdict
from readiness.report import selection
from readiness.report.markdown_text import code, prose, text
from readiness.report.selection import Open
from readiness.report.text import counted, sentence, whole

if TYPE_CHECKING:
    from readiness.report import Style

MOST = 65_536
_LEAST = 2_000  # what one assessment needs to be worth telling
_RESERVE = 300
_WORST = 20  # findings that are not folded
_LISTED = 200  # lines of one folded list
_RUNS = 100
_VERDICTS = {
    Verdict.READY: "✅",
    Verdict.READY_WITH_WAIVERS: "✅",
    Verdict.NOT_READY: "❌",
    Verdict.INCOMPLETE: "⚠️",
}
_MARKS = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.INFO: "⚪",
}
_SHOWN = (Status.FAILED, Status.UNKNOWN, Status.PASSED)


class Block(NamedTuple):
    """A part that may lose lines from its end, but not its head or tail. `total` are the lines that it stands for."""

    head: str
    lines: Sequence[str]
    total: int
    tail: str = ""
    cells: int = 0  # of a table


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (the reader's page has its width)
    """At most 65,536 bytes, so that it fits into a comment. Text from outside is no link, no markup and no mention."""
    overview = _fitted([_overview(assessments)], MOST // 3) if len(assessments) > 1 else ""
    room = MOST - len(overview.encode()) - _RESERVE
    told = assessments[: max(1, room // _LEAST)]
    pages = [_fitted(list(_blocks(a)), room // len(told)) for a in told]
    if len(told) < len(assessments):
        pages.append(f"*truncated: {len(assessments) - len(told)} more runs are not told*")
    return "\n\n".join([*([overview] if overview else []), *pages]) + "\n"


def _fitted(blocks: Sequence[Block], most: int) -> str:
    """The blocks in at most `most` bytes; the first line that does not fit ends the text."""
    end = "*truncated: the full report is longer than a comment may be*"
    left = most - _RESERVE
    said: list[str] = []
    for block in blocks:
        left -= len(block.head.encode()) + len(block.tail.encode()) + 8
        if left < 0:
            return "\n\n".join([*said, end])
        kept: list[str] = []
        for line in block.lines:
            left -= len(line.encode()) + 1
            if left < 0:
                break
            kept.append(line)
        said.append(_written(block, kept))
    return "\n\n".join(said) if left >= 0 else "\n\n".join([*said, end])


def _written(block: Block, kept: list[str]) -> str:
    left_out = block.total - len(kept)
    more = [_row([f"truncated: {left_out:,} more"] + [""] * (block.cells - 1))] if block.cells else []
    lines = [*kept, *(more or [f"- truncated: {left_out:,} more"])] if left_out > 0 else kept
    return "\n".join([block.head, *lines, *(["", block.tail] if block.tail else [])])


def _blocks(assessment: Assessment) -> Iterator[Block]:
    yield _headline(assessment)
    yield _areas(assessment)
    yield from _findings(assessment)
    yield from _reasons("Could not be answered", selection.of_status(assessment, Status.UNKNOWN))
    yield from _folded("Not examined", [text(g) for g in assessment.gaps[:_LISTED]], len(assessment.gaps))
    waived = [_waiver(w) for w in selection.waived(assessment, _LISTED)]
    yield from _folded("Waived", waived, _waived(assessment))
    fresh = [_finding(f) for f in selection.not_adopted(assessment, _LISTED)]
    total = sum(len(o.bad) for o in assessment.outcomes if not o.adopted)
    yield from _folded("New checks, not yet adopted by the pinned rules", fresh, total)
    gone = [f"{code(c)} looked at something in the baseline, and finds nothing now" for c in assessment.vanished]
    yield from _folded("No longer looked at", gone, len(gone))
    yield from _reasons("Skipped", selection.of_status(assessment, Status.SKIPPED))
    notes = [text(n) for n in assessment.notes[:_LISTED]]
    yield from _folded("Notes", notes, len(assessment.notes))


def _headline(assessment: Assessment) -> Block:
    answer = assessment.answer
    score = "no score" if answer.score.value is None else f"score **{whole(answer.score.value)}**"
    statuses = selection.tally(assessment.outcomes)
    asked = sum(statuses[s] for s in _SHOWN)
    name = f"{text(assessment.service, 100)} · {text(assessment.environment, 100)}"
    facts = [
        f"{score} (bar {answer.bar.score:g})",
        f"covered **{whole(answer.score.covered)} %** (bar {answer.bar.covered:g})",
        f"{_waived(assessment)} waived",
        f"{statuses[Status.PASSED]} of {counted(asked, 'check')} passed",
    ]
    if assessment.new_only:
        facts.append(f"judged on new findings only, {counted(selection.known(assessment), 'known one')} left out")
    head = f"## {_VERDICTS[answer.verdict]} {answer.verdict.value}: {name}\n\n{' · '.join(facts)}"
    reasons = [f"- {prose(reason)}" for reason in answer.reasons[:20]]
    return Block(f"{head}\n" if reasons else head, reasons, len(answer.reasons))


def _areas(assessment: Assessment) -> Block:
    rows = []
    scores = assessment.areas()
    for name, outcomes in selection.by_area(assessment):
        statuses = selection.tally(outcomes)
        if any(statuses[s] for s in _SHOWN):
            value = scores[name].value
            counts = [f"{statuses[s] or ''}" for s in _SHOWN]
            rows.append(_row([text(name, 60), "–" if value is None else whole(value), *counts]))
    return Block(
        f"{_row(['Area', 'Score', 'Failed', 'Unknown', 'Passed'])}\n|:--|--:|--:|--:|--:|", rows, len(rows), "", 5
    )


def _findings(assessment: Assessment) -> Iterator[Block]:
    found = selection.findings(assessment, _WORST + _LISTED)
    if not found:
        return
    total = sum(selection.open_by_severity(assessment).values())
    worst = found[:_WORST]
    shown = f"the {_WORST} worst of {total:,}" if total > _WORST else str(total)
    yield Block(f"### Findings ({shown})\n", [f"- {_finding(f)}" for f in worst], len(worst))
    pages = {f.outcome.check.id: f.outcome.check.page for f in worst}
    fixes = [f"{code(check_id)}: {prose(sentence(page.fix or page.title))}" for check_id, page in pages.items()]
    yield from _folded("How to mend them", fixes, len(fixes))
    yield from _folded("More findings", [_finding(f) for f in found[_WORST:]], total - _WORST)


def _finding(item: Open) -> str:
    finding = item.judged.finding
    where = "" if item.where in (finding.place.subject, "-") else f" {code(item.where)}"
    severity = item.judged.severity
    return (
        f"{_MARKS[severity]} **{severity.value}** {code(item.outcome.check.id)} "
        f"{text(finding.place.subject)}: {text(finding.message)}{where}"
    )


def _waiver(item: Open) -> str:
    waiver = item.judged.waiver
    said = f"{waiver.owner} until {waiver.expires}: {waiver.reason}" if waiver else ""
    return f"{_finding(item)}; {text(said)}"


def _waived(assessment: Assessment) -> int:
    return sum(j.waiver is not None for o in assessment.outcomes for j in o.judged)


def _reasons(title: str, outcomes: Sequence[Outcome]) -> Iterator[Block]:
    """Outcomes with the same reason on one line."""
    groups = selection.by_reason(outcomes)
    lines = [f"{_ids(same)}: {prose(reason)}" for reason, same in groups.items()]
    yield from _folded(title, lines, len(lines), f"{len(outcomes):,}")


def _ids(outcomes: Sequence[Outcome]) -> str:
    said = ", ".join(code(o.check.id) for o in outcomes[:5])
    return said + (f" and {len(outcomes) - 5} more" if len(outcomes) > 5 else "")


def _folded(title: str, lines: Sequence[str], total: int, count: str = "") -> Iterator[Block]:
    if lines:
        head = f"<details><summary>{title} ({count or f'{total:,}'})</summary>\n"
        yield Block(head, [f"- {line}" for line in lines[:_LISTED]], total, "</details>")


def _overview(assessments: Sequence[Assessment]) -> Block:
    rows = []
    for a in assessments[:_RUNS]:
        value = a.answer.score.value
        verdict = f"{_VERDICTS[a.answer.verdict]} {a.answer.verdict.value}"
        rows.append(
            _row([verdict, text(a.service, 60), text(a.environment, 60), "–" if value is None else whole(value)])
        )
    head = f"{_row(['Verdict', 'Service', 'Environment', 'Score'])}\n|:--|:--|:--|--:|"
    return Block(head, rows, len(assessments), "", 4)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
