"""`readiness doctor`: what this machine and these settings let readiness see, and what they do not."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

import click

from readiness.cli import targets
from readiness.cli.assessing import Options, assessment, registry
from readiness.cli.exits import Exit
from readiness.cli.gather import Permissions
from readiness.cli.layout import paragraph, table
from readiness.cli.progress import Bar
from readiness.config import surroundings
from readiness.config.environment import Environment
from readiness.config.model import Sources
from readiness.engine.assess import Assessment
from readiness.engine.registry import Registry
from readiness.facts.tools import Tool, Tools
from readiness.model import Outcome, Status
from readiness.report.text import plain

# What a source runs; any one of several will do.
_PROGRAMS = {"git": "repository", "helm": "helm", "kustomize": "kustomize", "kubectl": "kustomize"}
_MOST = 8


@click.command(name="doctor")
@click.argument("paths", nargs=-1)
@targets.options
@click.option("--verbose", "-v", is_flag=True, help="Name every check that cannot be answered.")
def command(paths: tuple[str, ...], verbose: bool, **target: object) -> int:
    """Show what this machine and these settings let readiness see.

    The programs that sources run, with versions; the sources of each environment, and whether each can be read; which
    checks are skipped or unknown, and because of what. Exits 3 where something declared cannot be read, or a mandatory
    source is not declared.
    """
    choice = targets.Choice.of(target)
    checks = registry(choice.repository_checks)
    width = min(110, surroundings.width(sys.stdout))
    click.echo("\n".join([*_machine(checks), "", *_programs()]))
    environments = targets.environments(choice, paths, checks)
    options = Options(Permissions(choice.run_commands, choice.as_of or datetime.now(UTC)), choice.inline_waivers)
    blind = False
    for environment in environments:
        with Bar(sys.stderr) as bar:
            bar.about(f"{environment.service} {environment.name}")
            found = assessment(environment, checks, options, bar.step)
        click.echo("\n".join(["", *_environment(environment, found, width, verbose=verbose)]))
        blind = blind or bool(found.gaps or environment.missing)
    return Exit.INCOMPLETE if blind else Exit.OK


def _machine(checks: Registry) -> Iterator[str]:
    from readiness.sources import programs

    python = f"Python {platform.python_version()}"
    yield f"readiness {version('readiness')}, {python}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    yield f"{len(checks.checks)} checks" + (f", {len(checks.broken)} that cannot be loaded" if checks.broken else "")
    yield from (f"  {plain(b.id)}: {plain(b.reason)}" for b in checks.broken)
    yield f"YAML is read {_yaml()}"
    apart = (
        "without a network" if programs.isolation() else "with the network of this machine: the kernel allows no other"
    )
    yield f"renderers run {apart}"


def _yaml() -> str:
    try:
        from readiness.sources.manifests import yaml_reader  # noqa: F401 (whether it can be had)
    except ImportError as fault:
        return f"not at all: PyYAML lacks libyaml here ({fault}); install a PyYAML wheel"
    return f"by libyaml (PyYAML {version('pyyaml')})"


def _programs() -> Iterator[str]:
    from readiness.sources import tools

    found = tools.read(dict.fromkeys(_PROGRAMS, "")).facts.get(Tools)
    yield "Programs that sources run"
    if isinstance(found, Tools):
        there = {_PROGRAMS[tool.name] for tool in found if tool.found}
        yield from table(((t.name, f"for `{_PROGRAMS[t.name]}`", *_program(t, there)) for t in found), indent="  ")


def _program(tool: Tool, there: set[str]) -> tuple[str, str]:
    """Its version and where it is; or that it is missing, and how to come by it where no other does its work."""
    if tool.found:
        return tool.version or "says no version", tool.path
    if _PROGRAMS[tool.name] in there:
        return "missing", "not needed: another program here does its work"
    return "missing", f"install it: {tool.install}" if tool.install else ""


def _environment(environment: Environment, found: Assessment, width: int, *, verbose: bool) -> Iterator[str]:
    written = f"by {environment.written}" if environment.written else "by nothing but what lies here"
    yield f"{plain(environment.service)} · {plain(environment.name)} (profile {environment.profile}, made {written})"
    yield from table([_source(name, environment, found) for name in Sources.model_fields], width, "  ")
    for gap in found.gaps:
        yield paragraph(f"{gap.source}: {gap}", width, "  ! ", "    ")
    answered = [o for o in found.outcomes if o.status not in (Status.SKIPPED, Status.UNKNOWN)]
    yield f"  {len(answered)} of {len(found.outcomes)} checks can be answered"
    for status in (Status.UNKNOWN, Status.SKIPPED):
        yield from _unanswered([o for o in found.outcomes if o.status is status], width, verbose=verbose)


def _source(name: str, environment: Environment, found: Assessment) -> tuple[str, str]:
    gaps = sum(g.source == name for g in found.gaps)
    if name in environment.missing:
        return name, "mandatory here, and not declared"
    if name not in environment.declared:
        return name, "not declared"
    return name, f"{gaps} {'gap' if gaps == 1 else 'gaps'}, below" if gaps else "read"


def _unanswered(outcomes: list[Outcome], width: int, *, verbose: bool) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.reason, []).append(outcome.check.id)
    for reason, ids in groups.items():
        shown = ids if verbose else ids[:_MOST]
        more = f" and {len(ids) - len(shown)} more" if len(shown) < len(ids) else ""
        status = outcomes[0].status.value
        yield paragraph(f"{len(ids)} {status}: {reason}: {', '.join(shown)}{more}", width, "  ", "    ")
