"""The page: what was run, how it went, and every figure, with the command that brought it about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proof.found import Found
from proof.machine import Machine
from proof.promises import Promise, Shown
from proof.reading import Row, said
from proof.running import Outcome, Ran
from proof.tiers import told

LONGEST = 20 * 60.0
"""Seconds that a run of all tiers may take."""
MARK = "<!-- Written by `make proof`. No figure here is typed by hand; run it again instead of editing. -->"
_HEAD = """# Proof

Nobody has to believe that no request is lost, whichever process is killed. This page is what `make proof` found, in one
run on one machine, and `make proof` finds it again on yours. A tier that was not run says so, with the reason; it never
counts as passed. What the tiers are is at [the end](#the-tiers).
"""
_BUGS = """## Bugs that this proof found

A campaign that never finds anything may be blind. These were in the deployer until the named part found them; each has
a test that fails without its repair.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One tier with its figures."""

    ran: Ran
    rows: Sequence[Row]


def page(
    results: Sequence[Result], promises: Sequence[tuple[Promise, Shown]], machine: Machine, found: Sequence[Found]
) -> str:
    """The whole page."""
    parts = [MARK, _HEAD.strip(), _machine(machine), "## What is promised, and what was measured", _promised(promises)]
    parts += ["## The tiers at a glance", _glance(results)]
    parts += ["## Every figure"]
    for result in results:
        parts += list(_tier(result))
    parts += [_BUGS.strip(), _found(found), "## The tiers", _about(results)]
    return "\n\n".join(parts) + "\n"


def _machine(machine: Machine) -> str:
    rows = [
        ("when", machine.when),
        ("commit", f"`{machine.commit}`{' with changes that are not committed' if machine.changed else ''}"),
        (
            "machine",
            f"{machine.cores} processors ({machine.model}), {machine.memory}, load {machine.load} at the start",
        ),
        ("system", f"{machine.system}, Python {machine.python}"),
        ("beside it", ", ".join(f"{name} {version}" for name, version in machine.beside) or "nothing"),
        ("seeds", "the same in each run; those of the races are among their values"),
        (
            "took",
            f"{machine.seconds:,.0f} s"
            + (f", more than the {LONGEST:,.0f} s that it may take" if machine.seconds > LONGEST else ""),
        ),
    ]
    return _table(("", ""), rows)


def _promised(promises: Sequence[tuple[Promise, Shown]]) -> str:
    rows = [(p.text, p.wanted, s.value, said(s.n), s.verdict, p.tier) for p, s in promises]
    return _table(("what", "wanted", "measured", "n", "", "tier"), rows)


def _glance(results: Sequence[Result]) -> str:
    rows = []
    for ran in (result.ran for result in results):
        counts = f"{ran.count('passed')} / {ran.count('failed')} / {ran.count('skipped')}" if ran.cases else "–"
        took = f"{ran.seconds:.0f} of {ran.tier.budget:g} s" if ran.seconds else "–"
        rows.append((ran.tier.name, _bold(ran.outcome), took, counts, ran.why))
    return _table(("tier", "", "took", "tests passed / failed / skipped", "why"), rows)


def _bold(outcome: Outcome) -> str:
    return outcome.value if outcome is Outcome.PASSED else f"**{outcome.value}**"


def _tier(result: Result) -> Iterable[str]:
    ran = result.ran
    yield f"### {ran.tier.name}: {ran.outcome.value}"
    yield f"`{told(ran.tier)}`"
    if ran.outcome is Outcome.NOT_RUN:
        yield f"NOT RUN: {_cell(ran.why)}."
        return
    if ran.outcome is Outcome.FAILED:
        yield "It failed: what follows is what it wrote before it did."
    if not result.rows:
        yield "No figures."
        return
    rows = [(row.figure, _values(row), said(row.n)) for row in result.rows]
    yield _table(("figure", "values", "n"), rows)


def _values(row: Row) -> str:
    told_values = ", ".join(
        f"{name.replace('_', ' ').replace('-', ' ')} {said(value)}" for name, value in row.values.items()
    )
    return f"{told_values} (`{row.command}`)" if row.command else told_values


def _found(found: Sequence[Found]) -> str:
    return _table(("what was wrong", "found by", "held by"), [(f.what, f.by, f"`{f.test}`") for f in found])


def _about(results: Sequence[Result]) -> str:
    return "\n".join(f"- **{r.ran.tier.name}** (at most {r.ran.tier.budget:g} s): {r.ran.tier.about}" for r in results)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
