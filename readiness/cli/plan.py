"""`readiness plan`: the fewest fixes that reach READY, and what each is worth."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from readiness.cli import targets
from readiness.cli.assessing import Options, assessment, registry
from readiness.cli.exits import Exit
from readiness.cli.gather import Permissions
from readiness.cli.layout import paragraph
from readiness.cli.progress import Bar
from readiness.config import surroundings
from readiness.engine.assess import Assessment
from readiness.engine.planning import Plan, Step, plan
from readiness.model import Answer, Gap, Judged, Verdict
from readiness.report.text import plain

_MOST = 4  # findings of one fix that are shown without --verbose


@click.command(name="plan")
@click.argument("paths", nargs=-1)
@targets.options
@click.option("--all", "everything", is_flag=True, help="Show the fixes too that READY does not take.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--verbose", "-v", is_flag=True, help="Show every finding of each fix.")
def command(paths: tuple[str, ...], everything: bool, format_: str, verbose: bool, **target: object) -> int:
    """Show the fewest fixes that reach READY, with the score that each one brings.

    A fix is all open findings of one check. Critical findings come first, then high ones where they hold the score
    below the bar, then what brings most. What has to be declared or made readable stands beside them. The exit code is
    0 whatever the plan says: `readiness check` is the gate.
    """
    choice = targets.Choice.of(target)
    checks = registry(choice.repository_checks)
    environments = targets.environments(choice, paths, checks)
    options = Options(Permissions(choice.run_commands, choice.as_of or datetime.now(UTC)), choice.inline_waivers)
    made = []
    with Bar(sys.stderr) as bar:
        for environment in environments:
            bar.about(f"{environment.service} {environment.name}")
            found = assessment(environment, checks, options, bar.step)
            made.append((found, plan(found, environment.missing)))
    if format_ == "json":
        value = {"plans": [_data(*one, everything=everything) for one in made]}
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        width = min(110, surroundings.width(sys.stdout))
        texts = ["\n".join(_text(*one, width, everything=everything, verbose=verbose)) for one in made]
        click.echo("\n\n".join(texts))
    return Exit.OK


def _text(found: Assessment, way: Plan, width: int, *, everything: bool, verbose: bool) -> Iterator[str]:
    yield f"{plain(found.service)} · {plain(found.environment)}: {_said(way.answer)}"
    yield paragraph(_summary(way), width, "  ")
    before = way.answer.score.value
    rest = [s for s in way.steps if not s.needed]
    for number, step in enumerate(way.steps if everything else way.needed, 1):
        if rest and step is rest[0]:
            yield "\nNot needed for READY:"
        yield ""
        yield from _step(number, step, before, width, verbose=verbose)
        before = step.answer.score.value
    if rest and not everything:
        yield f"\n{len(rest)} more would raise the score to {_score(way.steps[-1].answer)}: --all shows them"
    yield from _questions(way, width)


def _summary(way: Plan) -> str:
    count = len(way.needed)
    if not count:
        fixes = "Nothing has to be mended"
    else:
        fixes = f"{count} {'fix reaches' if count == 1 else 'fixes reach'} score {_score(way.end)}"
    if way.open_questions:
        return f"{fixes}; for READY, what could not be examined has to be declared or made readable (below)."
    return f"{fixes} and {way.end.verdict.value}." if count else f"{fixes}: it is {way.end.verdict.value}."


def _step(number: int, step: Step, before: float | None, width: int, *, verbose: bool) -> Iterator[str]:
    worst = min((j.severity for j in step.findings), key=lambda s: s.rank)
    score = f"score {_number(before)} → {_score(step.answer)}{_capped(step.answer)}"
    yield f"{number:>3}. {plain(step.outcome.check.id)} ({worst.value})  {score}"
    shown = step.findings if verbose else step.findings[:_MOST]
    for judged in shown:
        span = judged.finding.place.span
        where = f"{span}: " if span else ""
        yield paragraph(f"{where}{judged.finding.place.subject} {judged.finding.message}", width, " " * 5, " " * 9)
    if len(shown) < len(step.findings):
        yield f"     … and {len(step.findings) - len(shown)} more of the kind: --verbose shows them"
    yield paragraph(f"fix: {step.outcome.check.page.fix}", width, " " * 5, " " * 10)


def _questions(way: Plan, width: int) -> Iterator[str]:
    lines = [f"declare the source `{name}`: it is mandatory here" for name in way.missing]
    lines += [f"make readable: {_gap(gap)}" for gap in way.gaps]
    lines += [f"bring to an answer: {o.check.id} ({o.severity.value}): {o.reason}" for o in way.unknown]
    if not lines:
        return
    yield "\nTo be declared or made readable; what this brings to light may need more fixes:"
    for line in lines:
        yield paragraph(line, width, "  - ", "    ")


def _gap(gap: Gap) -> str:
    return f"{gap.source}: {gap}"


def _said(answer: Answer) -> str:
    bar = answer.bar
    score = "no score" if answer.score.value is None else f"score {_score(answer)}"
    covered = f"covered {answer.score.covered:.0f} % (bar {bar.covered:g})"
    return f"{answer.verdict.value}, {score} (bar {bar.score:g}), {covered}"


def _score(answer: Answer) -> str:
    return _number(answer.score.value)


def _number(score: float | None) -> str:
    """One digit after the point, where it is not nought: 99.7 is not 100."""
    return "none" if score is None else f"{int(score * 10) / 10:g}"


def _capped(answer: Answer) -> str:
    score = answer.score
    return (
        f" (held down by a {score.capped_by.value} finding, else {_number(score.uncapped)})" if score.capped_by else ""
    )


def _data(found: Assessment, way: Plan, *, everything: bool) -> dict[str, object]:
    return {
        "service": found.service,
        "environment": found.environment,
        "now": _answer(way.answer),
        "then": _answer(way.end),
        "ready": way.end.verdict in (Verdict.READY, Verdict.READY_WITH_WAIVERS),
        "steps": [_step_data(s) for s in (way.steps if everything else way.needed)],
        "declare": list(way.missing),
        "make_readable": [str(g) for g in way.gaps],
        "bring_to_an_answer": [{"check": o.check.id, "reason": o.reason} for o in way.unknown],
    }


def _step_data(step: Step) -> dict[str, object]:
    return {
        "check": step.outcome.check.id,
        "severity": min((j.severity for j in step.findings), key=lambda s: s.rank).value,
        "needed": step.needed,
        "fix": " ".join(step.outcome.check.page.fix.split()),
        "findings": [_finding(j) for j in step.findings],
        "then": _answer(step.answer),
    }


def _finding(judged: Judged) -> dict[str, object]:
    span = judged.finding.place.span
    return {
        "subject": judged.finding.place.subject,
        "message": judged.finding.message,
        "severity": judged.severity.value,
        "file": span.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
    }


def _answer(answer: Answer) -> dict[str, object]:
    value = answer.score.value
    return {
        "verdict": answer.verdict.value,
        "score": None if value is None else round(value, 2),
        "covered": round(answer.score.covered, 2),
        "bar": {"score": answer.bar.score, "covered": answer.bar.covered},
    }
