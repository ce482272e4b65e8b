"""Where reports go: standard output, or files that are whole or not there."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from readiness.report import FORMATS


@dataclass(frozen=True, slots=True)
class Output:
    """One report. No path is standard output."""

    format: str
    path: Path | None = None


def outputs(standard: str, written: Sequence[str]) -> list[Output]:
    """The reports asked for. Raises a usage error for `--output` that is not FORMAT=PATH."""
    wanted = [Output(standard)]
    for text in written:
        format_, equals, path = text.partition("=")
        if not equals or format_ not in FORMATS or not path:
            known = ", ".join(FORMATS)
            raise click.UsageError(f"--output wants FORMAT=PATH with a format of {known}; found {text!r}")
        wanted.append(Output(format_, Path(path)))
    return wanted


def write(output: Output, text: str) -> None:
    """Write a report. A file is written beside its name and moved there whole; a link is replaced, not followed."""
    if output.path is None:
        if isinstance(sys.stdout, io.TextIOWrapper):  # what a terminal's encoding lacks is written as an escape
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text)
        return
    path = output.path
    if path.is_dir():
        raise click.ClickException(f"{path} is a folder; --output wants the name of a file")
    try:
        if path.exists() and not path.is_file():  # /dev/stdout and the like
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as fault:
        raise click.ClickException(f"{path} cannot be written: {fault.strerror}") from None


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
