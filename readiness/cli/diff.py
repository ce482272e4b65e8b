"""`readiness diff`: what two environments of a service answer differently, and what is asked of them differently."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import click

from readiness.cli import contract, targets
from readiness.cli.assessing import Options, assessment, registry
from readiness.cli.comparing import Difference, compare
from readiness.cli.exits import Exit
from readiness.cli.gather import Permissions
from readiness.cli.layout import paragraph, table
from readiness.cli.progress import Bar
from readiness.config import surroundings
from readiness.config.environment import Environment
from readiness.engine.registry import Registry
from readiness.report.selection import Open
from readiness.report.text import plain

_MOST = 12


@click.command(name="diff")
@click.option("--env", "-e", "names", multiple=True, metavar="NAME", help="An environment; exactly two.")
@targets.options_but_env
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--verbose", "-v", is_flag=True, help="Show every finding.")
def command(names: tuple[str, ...], format_: str, verbose: bool, **target: object) -> int:
    """Show what two environments answer differently: readiness diff --env staging --env production

    Verdicts side by side, checks with another status, findings that only one of them has, and what is asked
    differently (bar, sources, settings of checks). That the environments' namespaces have different names is no
    difference. The exit code is 0 whatever differs.
    """
    if len(names) != 2 or names[0] == names[1]:
        raise click.UsageError(f"wanted two different environments, --env A --env B; found {' '.join(names) or 'none'}")
    choice = targets.Choice.of({**target, "env": ""})
    checks = registry(choice.repository_checks)
    sides = [targets.environments(replace(choice, environment=name), (), checks) for name in names]
    pairs = _pairs(*sides)
    options = Options(Permissions(choice.run_commands, choice.as_of or datetime.now(UTC)), choice.inline_waivers)
    found = []
    with Bar(sys.stderr) as bar:
        for pair in pairs:
            bar.about(f"{pair[0].service} {' and '.join(names)}")
            found.append(_compared(*pair, checks, options, bar))
    if format_ == "json":
        value = {"differences": [_data(d) for d in found]}
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        width = min(110, surroundings.width(sys.stdout))
        click.echo("\n\n".join("\n".join(_text(d, width, verbose=verbose)) for d in found))
    return Exit.OK


def _pairs(left: tuple[Environment, ...], right: tuple[Environment, ...]) -> list[tuple[Environment, Environment]]:
    """The two environments of each service that has both. Raises a usage error where none has."""
    others = {e.service: e for e in right}
    pairs = [(e, others[e.service]) for e in left if e.service in others]
    if pairs:
        return pairs
    said = "; ".join(f"{e.name} is of {e.service}" for e in (*left, *right))
    raise click.UsageError(f"no service has both environments: {said}")


def _compared(a: Environment, b: Environment, checks: Registry, options: Options, bar: Bar) -> Difference:
    return compare(
        (a, assessment(a, checks, options, bar.step)), (b, assessment(b, checks, options, bar.step)), checks.checks
    )


def _text(found: Difference, width: int, *, verbose: bool) -> Iterator[str]:
    a, b = found.names
    yield f"{plain(found.service)}: {plain(a)} and {plain(b)}"
    yield ""
    yield from table([("", a, b), *((row.name, *row.said) for row in found.answers)], indent="  ")
    if found.statuses:
        yield f"\nChecks with another answer ({len(found.statuses)})"
        yield from _statuses(found, width, verbose=verbose)
    for name, only in zip(found.names, found.only, strict=True):
        yield from _findings(name, only, width, verbose=verbose)
    if found.asked:
        yield "\nAsked differently"
        for row in found.asked:
            yield paragraph(f"{row.name}: {row.said[0]} | {row.said[1]}", width, "  ", "      ")
    if not (found.statuses or found.asked or any(found.only)):
        yield "\nThey answer the same, and the same is asked of them."


def _statuses(found: Difference, width: int, *, verbose: bool) -> Iterator[str]:
    """The checks by what the two say; of a long group the first ones."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in found.statuses:
        groups.setdefault(row.said, []).append(row.name)
    for said, ids in groups.items():
        shown = ids if verbose else ids[:_MOST]
        more = f" and {len(ids) - len(shown)} more (--verbose shows them)" if len(shown) < len(ids) else ""
        yield paragraph(f"{said[0]} | {said[1]}: {', '.join(shown)}{more}", width, "  ", "      ")


def _findings(name: str, only: tuple[Open, ...], width: int, *, verbose: bool) -> Iterator[str]:
    if not only:
        return
    yield f"\nFindings only in {plain(name)} ({len(only)})"
    for item in only if verbose else only[:_MOST]:
        finding = item.judged.finding
        text = f"{item.judged.severity.value} {item.outcome.check.id}: {finding.place.subject} {finding.message}"
        yield paragraph(f"{text} ({item.where})", width, "  ", "      ")
    if not verbose and len(only) > _MOST:
        yield f"  … and {len(only) - _MOST} more: --verbose shows them"


def _data(found: Difference) -> dict[str, object]:
    a, b = found.names
    return {
        "service": found.service,
        "environments": [a, b],
        "answers": [{"name": r.name, a: r.said[0], b: r.said[1]} for r in found.answers],
        "checks": [{"check": r.name, a: r.said[0], b: r.said[1]} for r in found.statuses],
        "findings": {name: [_finding(i) for i in only] for name, only in zip(found.names, found.only, strict=True)},
        "asked": [{"name": r.name, a: r.said[0], b: r.said[1]} for r in found.asked],
    }


def _finding(item: Open) -> dict[str, object]:
    finding = item.judged.finding
    span = finding.place.span
    return {
        "check": item.outcome.check.id,
        "severity": item.judged.severity.value,
        "subject": finding.place.subject,
        "message": finding.message,
        "file": span.path if span else None,
        "line": span.line if span else None,
        "evidence": {k: contract.plain_value(v) for k, v in finding.evidence.items() if _simple(v)},
    }


def _simple(value: object) -> bool:
    return isinstance(value, str | int | bool | None)
