"""`readiness schema`: JSON Schemas, for editors and for whoever reads reports by program."""

from __future__ import annotations

import json
from importlib.resources import files

import click

from readiness.cli.assessing import registry
from readiness.model import Check


@click.command(name="schema")
@click.argument("about", type=click.Choice(["settings", "report"]), default="settings")
def command(about: str) -> None:
    """Print a JSON Schema: of `settings` files (with every installed check's settings), or of the JSON `report`.

    Most editors complete and mark a settings file that begins with
    `# yaml-language-server: $schema=PATH-OF-THE-SCHEMA`.
    """
    click.echo(report() if about == "report" else settings(registry().checks), nl=False)


def settings(checks: dict[str, Check]) -> str:
    """The schema of settings files as text, with the settings of these checks."""
    from readiness.config import json_schema

    return json.dumps(json_schema.settings(checks), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report() -> str:
    """The schema of the report's JSON format, as it is published."""
    return (files("readiness.report") / "schemas" / "report-1.json").read_text(encoding="utf-8")
