"""`readiness completion SHELL`: the script that makes a shell complete commands, flags and ids of checks."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "readiness"
_VARIABLE = "_READINESS_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the shell's completion script.

    \b
    For this session:  source <(readiness completion bash)
    For good, bash:    readiness completion bash > ~/.local/share/bash-completion/completions/readiness
    For good, zsh:     readiness completion zsh > "${fpath[1]}/_readiness"
    For good, fish:    readiness completion fish > ~/.config/fish/completions/readiness.fish
    """
    from readiness.cli.program import program

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that the argument allows"  # noqa: S101
    click.echo(kind(program, {}, PROGRAM, _VARIABLE).source())
