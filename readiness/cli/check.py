"""`readiness check`: the verdict, in as many formats as are wanted, and its exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from readiness.cli import targets
from readiness.cli.assessing import Options, assessment, registry
from readiness.cli.exits import worst
from readiness.cli.gather import Permissions
from readiness.cli.progress import Bar
from readiness.cli.writing import Output, outputs, write
from readiness.config import surroundings
from readiness.engine import baseline
from readiness.engine.assess import Assessment
from readiness.report import FORMATS


@click.command(name="check")
@click.argument("paths", nargs=-1)
@targets.options
@click.option("--format", "format_", type=click.Choice(FORMATS), help="What goes to standard output.  [terminal]")
@click.option(
    "--output", "written", multiple=True, metavar="FORMAT=PATH", help="Write another format to a file; repeatable."
)
@click.option(
    "--baseline", "baseline_path", type=click.Path(path_type=Path), help="Findings known from an earlier run."
)
@click.option("--new-only", is_flag=True, help="Judge only what the baseline does not have.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write this run's findings as a baseline.")
@click.option("--verbose", "-v", is_flag=True, help="Show every finding, and the checks that passed.")
def command(
    paths: tuple[str, ...],
    format_: str | None,
    written: tuple[str, ...],
    baseline_path: Path | None,
    new_only: bool,
    write_baseline: Path | None,
    verbose: bool,
    **target: object,
) -> int:
    """Say whether an environment is ready, and why.

    With no PATHS the settings file says what to look at; without one, what is found here is checked. PATHS are
    manifests, folders, charts or overlays to check as they are; `-` reads standard input.
    """
    wanted = outputs(format_ or "terminal", written)
    if new_only and baseline_path is None:
        raise click.UsageError("--new-only needs --baseline FILE: new is what a baseline does not have")
    choice = targets.Choice.of(target)
    checks = registry(choice.repository_checks)
    environments = targets.environments(choice, paths, checks)
    options = Options(
        Permissions(choice.run_commands, choice.as_of or datetime.now(UTC)),
        choice.inline_waivers,
        _baselines(baseline_path),
        new_only,
    )
    assessments = []
    with Bar(sys.stderr) as bar:
        for environment in environments:
            bar.about(f"{environment.service} {environment.name}")
            assessments.append(assessment(environment, checks, options, bar.step))
    if write_baseline:
        runs = {(a.service, a.environment): a.outcomes for a in assessments}
        write(Output("baseline", write_baseline), baseline.write(runs))
    return _report(assessments, wanted, verbose=verbose)


def _report(assessments: list[Assessment], wanted: list[Output], *, verbose: bool) -> int:
    from readiness.report import Style, render

    seen = Style(surroundings.width(sys.stdout), surroundings.colour(sys.stdout), verbose)
    for output in wanted:
        style = seen if output.path is None else Style(verbose=verbose)
        write(output, render(output.format, assessments, style))
    return worst([a.answer.verdict.exit_code for a in assessments])


def _baselines(path: Path | None) -> dict[tuple[str, str], baseline.Baseline]:
    if path is None:
        return {}
    try:
        return baseline.read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else "it is no text"
        raise click.UsageError(f"--baseline {path} cannot be read: {said}") from None
    except baseline.BaselineError as fault:
        raise click.UsageError(str(fault)) from None
