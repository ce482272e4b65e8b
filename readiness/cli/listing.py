"""`readiness list`: every check that would be asked, and what each needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from readiness.cli import contract
from readiness.cli.assessing import registry
from readiness.cli.layout import table
from readiness.config import surroundings
from readiness.config.faults import nearest
from readiness.engine.assess import area as area_shown
from readiness.engine.registry import Broken, Registry
from readiness.model import Check

REPOSITORY_CHECKS = Path(".readiness") / "checks"
trust = click.option(
    "--trust-repository-checks", is_flag=True, help="Allow the Python checks in .readiness/checks, and show them too."
)
format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.command(name="list")
@click.option("--area", metavar="NAME", multiple=True, help="Only the checks of this area; repeatable.")
@format_option
@trust
def command(area: tuple[str, ...], format_: str, trust_repository_checks: bool) -> None:
    """List the checks: id, severity, the sources that each needs, and what is claimed.

    `rendered` stands for manifests, kustomize or helm, `live` for a cluster; of sources with `/` between them any one
    will do.
    """
    known = registry(REPOSITORY_CHECKS if trust_repository_checks else None)
    # A report puts tenancy and governance together as `enterprise`; either way of naming them is understood.
    areas = sorted({name for c in known.checks.values() for name in (c.area, area_shown(c))})
    for name in area:
        if name not in areas:
            hint = nearest(name, areas) or "; there are " + ", ".join(areas)
            raise click.UsageError(f"there is no area `{name}`{hint}")
    checks = sorted((c for c in known.checks.values() if not area or {c.area, area_shown(c)} & set(area)), key=_order)
    write = _json if format_ == "json" else _text
    click.echo(write(checks, known))


def _order(check: Check) -> tuple[str, int, str]:
    return check.area, check.severity.rank, check.id


def _text(checks: Sequence[Check], known: Registry) -> str:
    width = surroundings.width(sys.stdout) if sys.stdout.isatty() else None
    rows = [(c.id, c.severity.value, contract.sources_in_short(c), c.page.title) for c in checks]
    lines = table([("check", "severity", "needs", "what is claimed"), *rows], width)
    lines.append(f"\n{len(checks)} checks; `readiness explain CHECK` tells more about one")
    if known.broken:
        lines.append(f"\nCould not be loaded ({len(known.broken)}): the outcome of each is unknown in every run")
        lines += table([(b.id, b.reason) for b in known.broken], indent="  ")
    return "\n".join(lines)


def _json(checks: Sequence[Check], known: Registry) -> str:
    value = {"checks": [described(c) for c in checks], "broken": [_broken(b) for b in known.broken]}
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def described(check: Check) -> dict[str, object]:
    """A check as plain data: what `list` and `explain` print as JSON."""
    return {
        "id": check.id,
        "area": check.area,
        "severity": check.severity.value,
        "weight": check.severity.weight,
        "since": check.since,
        "title": check.page.title,
        "why": _one_line(check.page.why),
        "fix": _one_line(check.page.fix),
        "peers": _one_line(check.page.peers),
        "source": _one_line(check.page.source),
        "needs": [
            {
                "fact": a.fact,
                "optional": a.optional,
                "origin": a.origin or None,
                "sources": [list(group) for group in a.sources],
            }
            for a in contract.askings(check)
        ],
        "settings": [
            {
                "name": s.name,
                "type": contract.type_said(s.type),
                "about": s.about,
                "stricter": s.stricter.value if s.stricter else None,
                "defaults": contract.defaults(s),
            }
            for s in check.settings.values()
        ],
    }


def _broken(broken: Broken) -> dict[str, str]:
    return {"id": broken.id, "reason": broken.reason, "defined": broken.defined.path}


def _one_line(text: str) -> str:
    return " ".join(text.split())
