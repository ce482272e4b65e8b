"""The whole program, as a user meets it: command, files and streams in one text."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from program.transcript import Command, TranscriptError, agrees, read

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.txt"))
PATIENCE = 300


def shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line in bash with nothing of our surroundings but PATH."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": programs, "HOME": str(folder.parent), "LC_ALL": "C.UTF-8", "TMPDIR": str(folder.parent)}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_program_says_what_the_text_says(path: Path, tmp_path: Path):
    transcript = read(path)
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in transcript.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in transcript.commands:
        done = shell(command.text, folder)
        fine = agrees(done.stdout, command.out) and agrees(done.stderr, command.err) and done.returncode == command.code
        assert fine, f"{path.name}:{command.line}\n{as_written(command, done)}"


def as_written(command: Command, done: subprocess.CompletedProcess[str]) -> str:
    """What happened, in the form of a transcript."""
    lines = [f"$ {command.text}", *(f"> {line}" for line in done.stdout.splitlines())]
    lines += [f"! {line}" for line in done.stderr.splitlines()]
    return "\n".join(lines + ([f"exit {done.returncode}"] if done.returncode else []))


@pytest.mark.parametrize(
    ("said", "wanted", "fine"),
    [
        ("a\nb\n", ["a", "b"], True),
        ("a\nb\n", ["a"], False),
        ("a\n", ["a", "b"], False),
        ("", [], True),
        ("a\n", [], False),
        ("a 1 z\n", ["a [..] z"], True),
        ("a 1\n2 z\n", ["a [..] z"], False),
        ("a\nb\nc\n", ["[...]", "c"], True),
        ("c\n", ["[...]", "c"], True),
        ("a.c\n", ["abc"], False),
    ],
)
def test_the_runner_tells_streams_apart(said: str, wanted: list[str], fine: bool):
    assert agrees(said, wanted) is fine


@pytest.mark.parametrize(
    "text", ["-- run --\n", "-- run --\n> a\n", "-- run --\n$ true\nsays: a\n", "-- fiel a --\n-- run --\n$ true\n"]
)
def test_a_text_that_would_check_nothing_is_refused(text: str, tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(TranscriptError):
        read(path)
