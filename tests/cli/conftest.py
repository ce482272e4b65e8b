"""Runs command lines in this process, as the entry point does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.cli.program import run


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Here:
    """A folder to run commands in."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, folder: Path | None = None) -> Done:
        before = Path.cwd()
        os.chdir(folder or self.folder)
        try:
            code = run([str(a) for a in arguments])
        finally:
            os.chdir(before)
        said = self.capture.readouterr()
        return Done(code, said.out, said.err)


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Here:
    """An empty folder to run commands in."""
    return Here(tmp_path, capsys)
