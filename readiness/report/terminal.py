"""The report for a person at a terminal: the verdict first, then why, then what to do."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from readiness.engine.assess import Assessment
from readiness.model import Outcome, Reading, Severity, Status, Verdict
from readiness.report import selection
from readiness.report.selection import Open
from readiness.report.text import plain

if TYPE_CHECKING:
    from rich.console import Console

    from readiness.report import Style

_MOST = 12  # findings shown without --verbose
_VERDICTS = {
    Verdict.READY: "bold green",
    Verdict.READY_WITH_WAIVERS: "bold green",
    Verdict.NOT_READY: "bold red",
    Verdict.INCOMPLETE: "bold yellow",
}
_SEVERITIES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def render(assessments: Sequence[Assessment], style: Style) -> str:
    """All assessments one after the other; several end in a table of verdicts."""
    from rich.console import Console

    stream = StringIO()
    console = Console(
        file=stream,
        width=max(40, style.width),
        force_terminal=style.colour,
        no_color=not style.colour,
        color_system="standard" if style.colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
    )
    for number, assessment in enumerate(assessments):
        if number:
            console.print()
        _one(console, assessment, verbose=style.verbose)
    if len(assessments) > 1:
        _summary(console, assessments)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def _one(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    _headline(console, assessment)
    _areas(console, assessment)
    _findings(console, assessment, verbose=verbose)
    _listed(console, "Waived", [_waiver_line(w) for w in selection.waived(assessment)], verbose=True)
    new = [f"{f.outcome.check.id}: {_said(f)}" for f in selection.not_adopted(assessment)]
    _listed(console, "New checks, not yet adopted by the pinned rules", new, verbose=verbose)
    _unanswered(console, assessment, verbose=verbose)
    _inputs(console, assessment, verbose=verbose)
    _listed(console, "Notes", list(assessment.notes), verbose=True)


def _headline(console: Console, assessment: Assessment) -> None:
    from rich.text import Text

    answer, tally = assessment.answer, selection.tally(assessment.outcomes)
    line = Text(f"{plain(assessment.service)} · {plain(assessment.environment)}: ", style="bold")
    line.append(answer.verdict.value, style=_VERDICTS[answer.verdict])
    console.print(line)
    score = "no score" if answer.score.value is None else f"score {answer.score.value:.0f}"
    asked = tally[Status.PASSED] + tally[Status.FAILED] + tally[Status.UNKNOWN]
    waived = len(selection.waived(assessment))
    said = [
        f"{score} (bar {answer.bar.score:g})",
        f"covered {answer.score.covered:.0f} % (bar {answer.bar.covered:g})",
        f"{waived} waived",
        f"{tally[Status.PASSED]} of {asked} checks passed",
    ]
    console.print("  " + ", ".join(said))
    for reason in answer.reasons:
        console.print(Text(f"  because {plain(reason)}" if answer.verdict.exit_code else f"  {plain(reason)}"))
    if assessment.new_only:
        console.print(f"  judged on new findings only: {selection.known(assessment)} known ones are left out")


def _areas(console: Console, assessment: Assessment) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    scores = assessment.areas()
    for name, outcomes in selection.by_area(assessment):
        tally = selection.tally(outcomes)
        shown = [(s, tally[s]) for s in (Status.FAILED, Status.UNKNOWN, Status.PASSED) if tally[s]]
        if not shown:
            continue
        score = scores[name].value
        said = Text(", ").join(Text(f"{count} {status}", style=_status_style(status)) for status, count in shown)
        table.add_row(f"  {plain(name)}", "-" if score is None else f"{score:.0f}", said)
    console.print()
    console.print(table)


def _status_style(status: Status) -> str:
    return {Status.FAILED: "red", Status.UNKNOWN: "yellow"}.get(status, "")


def _findings(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    found = selection.findings(assessment)
    if not found:
        return
    shown = found if verbose else found[:_MOST]
    console.print(Text(f"\nFindings, worst first ({len(shown)} of {len(found)})", style="bold"))
    mended: set[str] = set()
    for item in shown:
        severity = item.judged.severity
        head = Text(f"  {severity.value:<9}", style=_SEVERITIES[severity])
        head.append(plain(item.outcome.check.id), style="bold")
        head.append(f"  {plain(item.judged.finding.place.subject)}", style="")
        console.print(head)
        if item.where != item.judged.finding.place.subject:
            console.print(
                Padding(Text(plain(item.where), style="underline" if console.is_terminal else ""), (0, 0, 0, 11))
            )
        console.print(Padding(Text(plain(item.judged.finding.message)), (0, 0, 0, 11)))
        if item.outcome.check.id not in mended:
            mended.add(item.outcome.check.id)
            fix = " ".join(item.outcome.check.page.fix.split())
            console.print(Padding(Text(f"fix: {plain(fix)}", style="green"), (0, 0, 0, 11)))
    if len(shown) < len(found):
        console.print(
            f"  … and {len(found) - len(shown)} more: --verbose shows them, `readiness plan` the shortest way out"
        )


def _unanswered(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    unknown = _by_reason(selection.of_status(assessment, Status.UNKNOWN), names=verbose)
    _listed(console, "Unknown: asked, and could not be answered", unknown, verbose=verbose)
    _listed(console, "Gaps: what the sources could not read", [str(g) for g in assessment.gaps], verbose=verbose)
    skipped = _by_reason(selection.of_status(assessment, Status.SKIPPED), names=verbose)
    _listed(console, "Skipped: nothing declared would answer", skipped, verbose=True)
    if verbose:
        idle = [o.check.id for o in selection.of_status(assessment, Status.NOT_APPLICABLE)]
        _listed(console, "Not applicable: nothing to look at", idle, verbose=True)
        passed = [o.check.id for o in selection.of_status(assessment, Status.PASSED)]
        _listed(console, "Passed", passed, verbose=True)
    vanished = [f"{c}: passed in the baseline, and now finds nothing to look at" for c in assessment.vanished]
    _listed(console, "No longer looked at", vanished, verbose=True)


def _by_reason(outcomes: Sequence[Outcome], *, names: bool) -> list[str]:
    """Checks with the same reason on one line; a lone one, and each where `names` are wanted, by its id."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.reason, []).append(outcome.check.id)
    return [
        f"{', '.join(ids) if names or len(ids) == 1 else f'{len(ids)} checks'}: {reason}"
        for reason, ids in groups.items()
    ]


def _inputs(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    counts = selection.reading_counts(assessment)
    if not assessment.inputs:
        return
    said = ", ".join(f"{counts[r]} {r.value.replace('_', ' ')}" for r in Reading)
    console.print(f"\nRead: {said}")
    missing = [f"{i.name}: {i.reason}" for i in selection.not_examined(assessment)]
    _listed(console, "Not examined", missing, verbose=verbose)
    kinds = [f"{kind} ({count})" for kind, count in assessment.not_understood.items()]
    if kinds:
        _listed(console, "Kinds that no check reads", [", ".join(kinds)], verbose=True)
    if verbose:
        ignored = [f"{i.name}: {i.reason}" for i in assessment.inputs if i.reading is Reading.IGNORED]
        _listed(console, "Ignored", ignored, verbose=True)


def _listed(console: Console, title: str, lines: Sequence[str], *, verbose: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if not lines:
        return
    shown = lines if verbose else lines[:_MOST]
    console.print(Text(f"\n{title} ({len(lines)})", style="bold"))
    for line in shown:
        console.print(Padding(Text(plain(line)), (0, 0, 0, 2)))
    if len(shown) < len(lines):
        console.print(f"  … and {len(lines) - len(shown)} more: --verbose shows them")


def _waiver_line(item: Open) -> str:
    waiver = item.judged.waiver
    if waiver is None:
        return ""
    return f"{item.outcome.check.id} {_said(item)}; {waiver.owner} until {waiver.expires}: {waiver.reason}"


def _said(item: Open) -> str:
    return f"{item.judged.finding.place.subject} {item.judged.finding.message} ({item.where})"


def _summary(console: Console, assessments: Sequence[Assessment]) -> None:
    from rich.text import Text

    console.print(Text("\nVerdicts", style="bold"))
    for assessment in assessments:
        verdict = assessment.answer.verdict
        line = Text(f"  {verdict.value:<20}", style=_VERDICTS[verdict])
        line.append(f"{plain(assessment.service)} · {plain(assessment.environment)}")
        console.print(line)
