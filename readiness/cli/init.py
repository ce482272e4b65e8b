"""`readiness init`: looks at a repository and writes a settings file that works at once."""

from __future__ import annotations

from pathlib import Path

import click

from readiness.cli.writing import Output, write
from readiness.config.load import NAMES
from readiness.config.proposal import names, propose


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--output", "-o", metavar="FILE", help="Where to write; `-` prints.  [readiness.yaml in FOLDER]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(folder: Path, output: str | None, force: bool) -> None:
    """Look at a repository and write a settings file, with a comment on every guess.

    Charts with their values files, overlays and folders of manifests become environments. Nothing is executed.
    """
    text = propose(folder)
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output) if output else folder / NAMES[0]
    there = [path] if output else [folder / name for name in NAMES]
    taken = next((p for p in there if p.exists() or p.is_symlink()), None)
    if taken and not force:
        raise click.UsageError(f"{taken} is there already; --force writes over it, `--output -` prints")
    write(Output("settings", path), text)
    first = names(folder)[-1]
    click.echo(f"{path} is written. Look at its comments, then: readiness check --env {first}")
