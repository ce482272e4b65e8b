"""The report for a person at a terminal: the verdict first, then why, then what to do."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from readiness.engine.assess import Assessment
from readiness.model import Outcome, Reading, Severity, Status, Verdict
from readiness.report import selection
from readiness.report.selection import Open
from readiness.report.text import brief, no_command, whole

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from readiness.report import Style

_MOST = 12  # lines of a list without --verbose
_MOST_VERBOSE = 5_000
_NARROW = 60  # columns below which everything is indented by two
_CELLS = 12  # of an area's bar
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
_STATUSES = {Status.FAILED: "red", Status.UNKNOWN: "yellow"}


def render(assessments: Sequence[Assessment], style: Style) -> str:
    """All assessments one after the other; several end in a table of verdicts. No line is a command to a pipeline."""
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
    return "".join(no_command(line.rstrip()) + "\n" for line in stream.getvalue().split("\n")[:-1])


def _one(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    most = _MOST_VERBOSE if verbose else _MOST
    _headline(console, assessment)
    _areas(console, assessment)
    _findings(console, assessment, most)
    waived = [_waiver_line(w) for w in selection.waived(assessment, _MOST_VERBOSE)]
    _listed(console, "Waived", waived, most=_MOST_VERBOSE, total=_count(assessment, waived=True))
    new = [f"{f.outcome.check.id}: {_said(f)}" for f in selection.not_adopted(assessment, most)]
    total = _count(assessment, waived=False)
    _listed(console, "New checks, not yet adopted by the pinned rules", new, most=most, total=total)
    _unanswered(console, assessment, verbose=verbose)
    _inputs(console, assessment, verbose=verbose)
    _listed(console, "Notes", assessment.notes)


def _count(assessment: Assessment, *, waived: bool) -> int:
    """Waived findings, or open ones of checks that are not adopted."""
    if waived:
        return sum(j.waiver is not None for o in assessment.outcomes for j in o.judged)
    return sum(j.counts for o in assessment.outcomes if not o.adopted for j in o.judged)


def _headline(console: Console, assessment: Assessment) -> None:
    from rich.text import Text

    answer, tally = assessment.answer, selection.tally(assessment.outcomes)
    name = f"{brief(assessment.service)} · {brief(assessment.environment)}: "
    line = Text.assemble((name, "bold"), (answer.verdict.value, _VERDICTS[answer.verdict]))
    console.print(line)
    score = "no score" if answer.score.value is None else f"score {whole(answer.score.value)}"
    asked = tally[Status.PASSED] + tally[Status.FAILED] + tally[Status.UNKNOWN]
    said = [
        f"{score} (bar {answer.bar.score:g})",
        f"covered {whole(answer.score.covered)} % (bar {answer.bar.covered:g})",
        f"{_count(assessment, waived=True)} waived",
        f"{tally[Status.PASSED]} of {asked} checks passed",
    ]
    _line(console, Text(", ".join(said)))
    for reason in answer.reasons:
        _line(console, Text(f"because {brief(reason)}" if answer.verdict.exit_code else brief(reason)), hanging=2)
    if assessment.new_only:
        left_out = selection.known(assessment)
        _line(console, Text(f"judged on new findings only: {left_out} known ones are left out"))


def _areas(console: Console, assessment: Assessment) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    bars = console.is_terminal and console.width >= _NARROW
    if bars:
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
        said = Text(", ").join(Text(f"{count} {status}", style=_STATUSES.get(status, "")) for status, count in shown)
        bar = [_bar(score, assessment.answer.bar.score)] if bars else []
        table.add_row(f"  {brief(name, 40)}", *bar, "-" if score is None else whole(score), said)
    console.print()
    console.print(table)


def _bar(score: float | None, wanted: float) -> Text:
    """A score as a bar; red below half of what is wanted, yellow below all of it."""
    from rich.text import Text

    filled = 0 if score is None else int(score / 100 * _CELLS + 1e-9)
    colour = "green" if (score or 0) >= wanted else "yellow" if (score or 0) >= wanted / 2 else "red"
    return Text.assemble(("━" * filled, colour), ("─" * (_CELLS - filled), "dim"))


def _findings(console: Console, assessment: Assessment, most: int) -> None:
    from rich.text import Text

    shown = selection.findings(assessment, most)
    if not shown:
        return
    total = sum(selection.open_by_severity(assessment).values())
    console.print(Text(f"\nFindings, worst first ({len(shown)} of {total})", style="bold"))
    mended: set[str] = set()
    for item in shown:
        _finding(console, item, fix=item.outcome.check.id not in mended)
        mended.add(item.outcome.check.id)
    if len(shown) < total:
        _more(console, total - len(shown), most, ", `readiness plan` the shortest way out")


def _finding(console: Console, item: Open, *, fix: bool) -> None:
    from rich.text import Text

    severity, place = item.judged.severity, item.judged.finding.place
    narrow = console.width < _NARROW
    inner = 4 if narrow else 11
    word = f"{severity.value} " if narrow else f"{severity.value:<9}"
    head = Text.assemble((word, _SEVERITIES[severity]), (brief(item.outcome.check.id), "bold"))
    if narrow:
        _line(console, head)
        _line(console, Text(brief(place.subject)), inner)
    else:
        head.append(f"  {brief(place.subject)}")
        _line(console, head, hanging=inner - 2)
    if item.where != place.subject:
        _line(console, Text(brief(item.where), style="underline" if console.is_terminal else ""), inner)
    _line(console, Text(brief(item.judged.finding.message)), inner)
    if fix and item.outcome.check.page.fix:
        said = " ".join(item.outcome.check.page.fix.split())
        _line(console, Text(f"fix: {brief(said)}", style="green"), inner)


def _unanswered(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    most = _MOST_VERBOSE if verbose else _MOST
    unknown = _by_reason(selection.of_status(assessment, Status.UNKNOWN), names=verbose)
    _listed(console, "Unknown: asked, and could not be answered", unknown, most=most)
    gaps = [str(g) for g in assessment.gaps[:most]]
    _listed(console, "Gaps: what the sources could not read", gaps, most=most, total=len(assessment.gaps))
    skipped = _by_reason(selection.of_status(assessment, Status.SKIPPED), names=verbose)
    _listed(console, "Skipped: nothing declared would answer", skipped)
    if verbose:
        idle = [o.check.id for o in selection.of_status(assessment, Status.NOT_APPLICABLE)]
        _listed(console, "Not applicable: nothing to look at", idle)
        passed = [o.check.id for o in selection.of_status(assessment, Status.PASSED)]
        _listed(console, "Passed", passed)
    halves = _by_reason([o for o in selection.of_status(assessment, Status.FAILED) if o.reason], names=True)
    _listed(console, "Failed, and not asked to the end", halves, most=most)
    vanished = [f"{c}: passed in the baseline, and now finds nothing to look at" for c in assessment.vanished]
    _listed(console, "No longer looked at", vanished)


def _by_reason(outcomes: Sequence[Outcome], *, names: bool) -> list[str]:
    """Checks with the same reason on one line; a lone one, and each where `names` are wanted, by its id."""
    return [
        f"{', '.join(o.check.id for o in same) if names or len(same) == 1 else f'{len(same)} checks'}: {reason}"
        for reason, same in selection.by_reason(outcomes).items()
    ]


def _inputs(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    from rich.text import Text

    counts = selection.reading_counts(assessment)
    if not assessment.inputs:
        return
    said = ", ".join(f"{counts[r]} {r.value.replace('_', ' ')}" for r in Reading)
    console.print(Text(f"\nRead: {said}"))
    missing = [f"{i.name}: {i.reason}" for i in selection.not_examined(assessment)]
    _listed(console, "Not examined", missing, most=_MOST_VERBOSE if verbose else _MOST)
    kinds = [f"{kind} ({count})" for kind, count in assessment.not_understood.items()]
    if kinds:
        _listed(console, "Kinds that no check reads", [", ".join(kinds)])
    if verbose:
        ignored = [f"{i.name}: {i.reason}" for i in assessment.inputs if i.reading is Reading.IGNORED]
        _listed(console, "Ignored", ignored)


def _listed(
    console: Console, title: str, lines: Sequence[str], *, most: int = _MOST_VERBOSE, total: int | None = None
) -> None:
    from rich.text import Text

    if not lines:
        return
    count = len(lines) if total is None else total
    console.print(Text(f"\n{title} ({count})", style="bold"))
    for line in lines[:most]:
        _line(console, Text(brief(line, 4_000)))
    if most < count:
        _more(console, count - most, most)


def _more(console: Console, left_out: int, most: int, other: str = "") -> None:
    from rich.text import Text

    way = f"--verbose shows them{other}" if most < _MOST_VERBOSE else "truncated here, --output json=FILE has them"
    _line(console, Text(f"… and {left_out} more: {way}"))


def _line(console: Console, text: Text, indent: int = 2, hanging: int = 0) -> None:
    """The text, indented; what does not fit goes on below it, `hanging` columns further to the right."""
    from rich.padding import Padding

    room = max(20, console.width - indent)
    lines = [text] if not hanging or text.cell_len <= room else text.wrap(console, room - hanging)
    for number, line in enumerate(lines):
        console.print(Padding(line, (0, 0, 0, indent + hanging if number else indent)))


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
        name = f"{brief(assessment.service)} · {brief(assessment.environment)}"
        line = Text.assemble((f"{verdict.value:<20}", _VERDICTS[verdict]), name)
        _line(console, line, hanging=20 if console.width >= _NARROW else 2)
