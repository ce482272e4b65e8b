"""A second opinion on SQL for PostgreSQL: the linter `squawk`, where it is installed. What it says is advice.

It does not decide what is applied: rules change with its versions, and what it does not know, it does not mention.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from readiness.sources import programs
from readiness_deploy.migrations.model import Migration

# What is so here in any case: limits are set and files are run in one transaction, each of them once.
_SETTLED = ("require-lock-timeout", "require-statement-timeout", "prefer-robust-stmts", "require-timeout-settings")
_BOUNDS = programs.Bounds(seconds=30, memory=1 << 29, output=4 << 20)


class _Said(msgspec.Struct):
    line: int
    message: str
    rule_name: str
    help: str | None = None


def linted(migrations: Sequence[Migration]) -> tuple[str, ...]:
    """What squawk says of these migrations, as `file:line: sentence (rule)`; empty where it is not installed.

    Where it is and cannot be understood, that is said.
    """
    program = found()
    if program is None:
        return ()
    return tuple(said for migration in migrations if migration.statements for said in _one(program, migration))


def found() -> str | None:
    """The linter beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if beside.is_file() else programs.find("squawk")


def _one(program: str, migration: Migration) -> Iterator[str]:
    arguments = ["--reporter", "json", *(f"--exclude={rule}" for rule in _SETTLED)]
    ran = programs.run(
        program, arguments, cwd=Path("/"), environment={}, stdin=_placed(migration).encode(), bounds=_BOUNDS
    )
    try:
        said = msgspec.json.decode(ran.out or b"[]", type=list[_Said])
    except msgspec.DecodeError:
        yield f"{migration.file}:1: squawk cannot be understood: {programs.words(ran.err, 200) or ran.said[:200]}"
        return
    if ran.fault or ran.exit_code not in (0, 1):
        yield f"{migration.file}:1: squawk ended with {ran.exit_code}: {ran.said[:200]}"
    for one in said:  # its lines count from 0
        advice = f": {one.help}" if one.help else ""
        yield f"{migration.file}:{one.line + 1}: {one.message}{advice} ({one.rule_name})"


def _placed(migration: Migration) -> str:
    """The statements, each on the line on which it stands in its file."""
    text = ""
    for statement in migration.statements:
        text += "\n" * max(0, statement.line - 1 - text.count("\n")) + statement.text + ";"
    return text + "\n"
