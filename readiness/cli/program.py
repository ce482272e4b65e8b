"""The program: its commands by name, and what happens to whatever goes wrong in one."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any

import click

from readiness.cli.exits import Exit

COMMANDS = {
    "check": ("Say whether an environment is ready, and why.", "readiness.cli.check"),
    "plan": ("Show the fewest fixes that reach READY.", "readiness.cli.plan"),
    "diff": ("Show what two environments answer differently.", "readiness.cli.diff"),
    "deploy": ("Ship a version, blue-green: check, migrate, switch, watch.", "readiness.cli.deploying.deploy"),
    "status": ("Show what serves and what is under way.", "readiness.cli.deploying.status"),
    "promote": ("Let a candidate that waits go on.", "readiness.cli.deploying.promote"),
    "abort": ("Withdraw the run that is under way.", "readiness.cli.deploying.abort"),
    "rollback": ("Go back to the release before.", "readiness.cli.deploying.rollback"),
    "resume": ("Finish the run that somebody left.", "readiness.cli.deploying.resume"),
    "history": ("Show earlier runs.", "readiness.cli.deploying.history"),
    "freeze": ("Stop deploys to an environment.", "readiness.cli.deploying.freeze"),
    "unfreeze": ("Allow them again.", "readiness.cli.deploying.unfreeze"),
    "migrate": ("Apply migrations, in a run of their own.", "readiness.cli.deploying.migrate"),
    "gc": ("Take away releases that nobody needs.", "readiness.cli.deploying.collect"),
    "keeper": ("Start, stop or look at the process that serves.", "readiness.cli.deploying.keeper"),
    "list": ("List the checks.", "readiness.cli.listing"),
    "explain": ("Explain one check: what it asks, why, how to mend it.", "readiness.cli.explain"),
    "init": ("Look at this repository and write a settings file that works.", "readiness.cli.init"),
    "doctor": ("Show what this machine and these settings let readiness see.", "readiness.cli.doctor"),
    "schema": ("Print a JSON Schema: of the settings, or of the report.", "readiness.cli.schema"),
    "docs": ("Write the pages about checks, or see that they are fresh.", "readiness.cli.docs"),
    "completion": ("Print the shell's completion script.", "readiness.cli.completion"),
}

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class _Lazy(click.Group):
    """A group whose commands are imported when they are called: `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][1])
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from readiness.config.faults import nearest

            hint = nearest(args[0], COMMANDS) if args and error.message.startswith("No such command") else ""
            raise click.UsageError(error.message.rstrip(".") + hint + ("" if hint else "."), ctx) from None


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 not ready, 2 wrong flags or settings, 3 something could not be examined, 4 aborted "
    "before the switch, 5 rolled back, 6 held for a person, 7 refused, 8 goes on without this process, 75 busy.",
)
@click.version_option(package_name="readiness", prog_name="readiness", message="%(prog)s %(version)s")
def program() -> None:
    """Says whether a service is ready for production in one environment, and why; and ships it there."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the exit code. Whatever goes wrong is told in a sentence, not in a traceback."""
    _streams()
    stdout = sys.stdout
    try:
        code = program.main(list(arguments), prog_name="readiness", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 128 + signal.SIGINT
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return _nobody_reads()
    except SystemExit:
        # When nobody reads, click wraps the streams and leaves with 1, which would pass for a verdict.
        if sys.stdout is stdout:
            raise
        sys.stdout = stdout
        return _nobody_reads()
    except Exception as fault:  # noqa: BLE001 (the last door)
        return _settings_fault(fault) or _output_fault(fault) or _our_fault(fault)
    return code if isinstance(code, int) else Exit.OK


def _settings_fault(fault: Exception) -> int:
    """Faults of the settings have lines of their own; the module is not imported where nothing needed it."""
    module = sys.modules.get("readiness.config.faults")
    if module is None or not isinstance(fault, module.SettingsError):
        return 0
    from readiness.report.text import plain

    for one in fault.faults:
        click.echo(plain(f"error: {one}"), err=True)
    return Exit.USAGE


def _output_fault(fault: Exception) -> int:
    """A full disk under our output is no fault of ours, and must not look like a verdict."""
    # Files that cannot be opened have a name; a stream that takes no more has none.
    if not isinstance(fault, OSError) or fault.filename is not None or fault.errno not in _FULL:
        return 0
    _give_up_output()
    click.echo(f"error: the output cannot be written: {fault.strerror}", err=True)
    return Exit.USAGE


def _nobody_reads() -> int:
    """Whoever read our output has gone; nothing is left to tell, and nobody to tell it to."""
    _give_up_output()
    return 128 + signal.SIGPIPE


def _give_up_output() -> None:
    """Let what still waits go nowhere, so that Python does not try it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def written_down(fault: BaseException) -> str:
    """Write what happened to a file, and return its path; empty where there is no room for one."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="readiness-fault-", suffix=".txt")
        with os.fdopen(descriptor, "w") as stream:
            traceback.print_exception(fault, file=stream)
    except OSError:
        return ""
    return path


def _our_fault(fault: Exception) -> int:
    path = written_down(fault)
    what = f"What happened is in {path}; please report it." if path else "There was no room to write down more."
    click.echo(f"error: this is our fault: {type(fault).__name__}. {what}", err=True)
    return Exit.INTERNAL


def _streams() -> None:
    """Give streams that were closed a place: else the next file that is opened takes their number, and what others
    write to standard output ends in it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - it stays open
