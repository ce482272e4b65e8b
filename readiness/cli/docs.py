"""`readiness docs`: writes what can be known from the code into `docs/`, or sees that it is fresh."""

from __future__ import annotations

from pathlib import Path

import click

from readiness.cli import pages, schema
from readiness.cli.assessing import registry
from readiness.cli.exits import Exit
from readiness.cli.writing import Output, write
from readiness.model import Check

_CHECKS = Path("checks") / "readiness_checks"
_CASES = Path("tests") / "checks"
_DRAWN = "architecture.md"
_DRAWING = ("<!-- The table of the rollout, drawn by `readiness docs`. -->\n", "<!-- The end of the table. -->\n")


@click.command(name="docs")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 where a page is not fresh.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("docs"), show_default=True, help="Where the pages are."
)
def command(only_check: bool, out: Path) -> int:
    """Write a page for each built-in check, their index, the JSON Schemas, and the diagram of the rollout.

    For contributors: it works in a checkout of readiness itself, from its root.
    """
    checks = _built_in()
    wanted = {**_wanted(checks), **_drawn(out / _DRAWN)}
    surplus = _surplus(out, wanted)
    stale = {name: text for name, text in wanted.items() if _read(out / name) != text}
    if only_check:
        return _told(out, wanted, stale, surplus)
    for name, text in sorted(stale.items()):
        write(Output("docs", out / name), text)
    for path in surplus:
        if not _read(path).startswith(pages.MARK):
            raise click.ClickException(f"{path} was not written by `readiness docs`; move it out of {out / 'checks'}")
        path.unlink()
    click.echo(f"{len(stale)} written, {len(surplus)} removed, {len(wanted) - len(stale)} fresh, in {out}")
    return Exit.OK


def _built_in() -> dict[str, Check]:
    """The checks of this checkout. Raises a usage error anywhere else: their case files are needed."""
    here = Path.cwd()
    if not (here / _CHECKS).is_dir() or not (here / _CASES).is_dir():
        raise click.UsageError(
            f"`readiness docs` works in a checkout of readiness, where {_CHECKS} and {_CASES} are; {here} is none. "
            "`readiness explain CHECK` shows the page of a check anywhere"
        )
    known = registry()
    if broken := [b for b in known.broken if ":" not in b.id]:
        raise click.ClickException("\n".join(f"{b.id} could not be loaded: {b.reason}" for b in broken))
    built_in = {check_id: c for check_id, c in known.checks.items() if ":" not in check_id}
    elsewhere = next((c for c in built_in.values() if not Path(c.defined.path).is_relative_to(here / _CHECKS)), None)
    if elsewhere:
        raise click.UsageError(
            f"this readiness has its checks from {elsewhere.defined.path}; install the checkout here (`make install`)"
        )
    return built_in


def _wanted(checks: dict[str, Check]) -> dict[str, str]:
    """Every generated file by its path below the output folder."""
    cases = {check_id: _read(_CASES / f"{check_id}.yaml") for check_id in checks}
    wanted = {f"checks/{name}": text for name, text in pages.made(list(checks.values()), cases).items()}
    return {**wanted, "settings.schema.json": schema.settings(checks), "report.schema.json": schema.report()}


def _drawn(page: Path) -> dict[str, str]:
    """That page with the rollout drawn between its two marks, as the table is now; nothing where it has no marks."""
    from readiness_deploy.bluegreen import mermaid

    begin, end = _DRAWING
    before, opened, rest = _read(page).partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        return {}
    return {page.name: f"{before}{begin}\n```mermaid\n{mermaid()}```\n\n{end}{after}"}


def _surplus(out: Path, wanted: dict[str, str]) -> list[Path]:
    known = {out / name for name in wanted}
    return sorted(p for p in (out / "checks").rglob("*") if p.is_file() and p not in known)


def _told(out: Path, wanted: dict[str, str], stale: dict[str, str], surplus: list[Path]) -> int:
    for name in sorted(stale):
        click.echo(f"{out / name}: {'stale' if (out / name).is_file() else 'missing'}")
    for path in surplus:
        click.echo(f"{path}: surplus, no check has this page")
    if stale or surplus:
        click.echo("`readiness docs` (or `make docs`) writes them")
        return Exit.FAILED
    click.echo(f"{len(wanted)} generated files are fresh, in {out}")
    return Exit.OK


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""
