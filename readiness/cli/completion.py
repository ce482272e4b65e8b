"""`readiness completion SHELL`: the script that makes a shell complete commands, flags and ids of checks."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "readiness"
_VARIABLE = "_READINESS_COMPLETE"
_INTO = {
    "bash": "readiness completion bash > ~/.local/share/bash-completion/completions/readiness",
    "zsh": 'readiness completion zsh > "${fpath[1]}/_readiness"',
    "fish": "readiness completion fish > ~/.config/fish/completions/readiness.fish",
}


@click.command(name="completion")
@click.argument("shell", type=click.Choice(list(_INTO)))
def command(shell: str) -> None:
    """Print the shell's completion script, for example: source <(readiness completion bash)"""
    from readiness.cli.program import program

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that the argument allows"  # noqa: S101
    click.echo(f"# To keep it: {_INTO[shell]}")
    click.echo(kind(program, {}, PROGRAM, _VARIABLE).source())
