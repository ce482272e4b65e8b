"""Outside programs: where they are taken from, what they get, and how they end."""

from __future__ import annotations

import os
import select
import shlex
from pathlib import Path

import pytest

from readiness.sources.programs import Bounds, Ran, find, run, words


def shell(script: str, folder: Path, *, stdin: bytes = b"", bounds: Bounds | None = None, isolated: bool = True) -> Ran:
    return run(
        "/bin/sh",
        ["-c", script],
        cwd=folder,
        environment={},
        stdin=stdin,
        bounds=bounds or Bounds(seconds=20),
        isolated=isolated,
    )


class Witness:
    """A pipe that a process holds open for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self.pipe = folder / "witness"
        os.mkfifo(self.pipe)
        self.script = f"exec 9> {shlex.quote(str(self.pipe))}; echo alive >&9; exec sleep 60"

    def __enter__(self) -> Witness:
        self.descriptor = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        return self

    def started_and_ended(self) -> bool:
        """Whether it was there, and is no more. Who still is there fails the test; who was ended before it could begin
        has said nothing."""
        heard = b""
        while select.select([self.descriptor], [], [], 30 if heard else 0)[0]:
            piece = os.read(self.descriptor, 100)
            if not piece:
                return heard == b"alive\n"
            heard += piece
        assert not heard, "it still runs"
        return False

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho hello\n")
    path.chmod(0o755)
    return path


def test_a_program_is_found_in_the_order_of_path(tmp_path: Path) -> None:
    first, second = program(tmp_path / "a" / "tool"), program(tmp_path / "b" / "tool")
    assert find("tool", path=f"{first.parent}:{second.parent}") == str(first)
    first.chmod(0o644)
    assert find("tool", path=f"{first.parent}:{second.parent}") == str(second)


def test_relative_entries_of_path_and_the_checked_tree_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, outside = program(tmp_path / "tree" / "bin" / "tool"), tmp_path / "outside"
    outside.mkdir()
    (outside / "tool").symlink_to(tree)
    monkeypatch.chdir(tree.parent)
    assert find("tool", path=".::bin") is None
    assert find("tool", tmp_path / "tree", path=f"{tree.parent}:{outside}") is None
    assert find("tool", path=str(outside)) == str(outside / "tool")


def test_a_program_gets_no_environment_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_TEST_SECRET", "hunter2")
    ran = shell("env", tmp_path)
    assert ran.ok
    assert b"hunter2" not in ran.out
    assert b"PATH=/usr/bin" in ran.out


def test_a_program_is_fed_and_heard_at_once(tmp_path: Path) -> None:
    """More than a pipe holds goes in and comes out: a side that waits for the other would hang."""
    ran = shell("cat; echo done >&2", tmp_path, stdin=b"x" * 3_000_000)
    assert (ran.exit_code, len(ran.out), ran.err) == (0, 3_000_000, b"done\n")


def test_a_program_that_does_not_listen_is_no_fault(tmp_path: Path) -> None:
    assert shell("exec true", tmp_path, stdin=b"x" * 3_000_000).ok


@pytest.mark.parametrize("isolated", [True, False])
def test_a_program_without_an_end_is_ended_with_all_that_it_started(tmp_path: Path, isolated: bool) -> None:
    with Witness(tmp_path) as witness:
        for seconds in (0.5, 5.0, 50.0):  # on a busy machine the child does not begin within any time
            ran = shell(f"({witness.script}) & sleep 60", tmp_path, bounds=Bounds(seconds=seconds), isolated=isolated)
            assert ran.exit_code is None
            assert f"no answer within {seconds:g} s" in ran.said
            if witness.started_and_ended():
                return
    raise AssertionError("the child never began")


@pytest.mark.parametrize("isolated", [True, False])
def test_what_a_program_leaves_behind_is_ended_too(tmp_path: Path, isolated: bool) -> None:
    with Witness(tmp_path) as witness:
        ready = shlex.quote(str(tmp_path / "ready"))
        child = witness.script.replace("exec sleep", f"echo > {ready}; exec sleep")
        ran = shell(f"mkfifo {ready}; ({child}) & read x < {ready}; echo end", tmp_path, isolated=isolated)
        assert (ran.exit_code, ran.out) == (0, b"end\n")
        assert witness.started_and_ended()


def test_too_much_output_is_a_fault(tmp_path: Path) -> None:
    ran = shell("exec yes", tmp_path, bounds=Bounds(seconds=20, output=1 << 20))
    assert not ran.ok
    assert "more than 1 MiB" in ran.said


def test_too_much_output_may_be_dropped_instead(tmp_path: Path) -> None:
    ran = shell("head -c 3000000 /dev/zero; exit 3", tmp_path, bounds=Bounds(seconds=20, output=1000, drop=True))
    assert (ran.exit_code, ran.out, ran.fault) == (3, bytes(1000), "")


@pytest.mark.parametrize("script", ["exec sleep 60", "exec sleep 60 >&- 2>&-", "sleep 60 & exec sleep 60"])
def test_it_ends_when_it_is_stopped(tmp_path: Path, script: str) -> None:
    ran = run(
        "/bin/sh", ["-c", script], cwd=tmp_path, environment={}, bounds=Bounds(seconds=50), isolated=False,
        stopped=lambda: True,
    )  # fmt: skip
    assert (ran.exit_code, ran.fault) == (None, "it was ended")


@pytest.mark.skipif(not hasattr(__import__("resource"), "prlimit"), reason="memory is bounded on Linux")
def test_too_much_memory_is_refused(tmp_path: Path) -> None:
    arguments = ["-S", "-c", "print(len(bytearray(400 << 20)))"]
    python = os.path.realpath(find("python3") or "/usr/bin/python3")
    small = run(python, arguments, cwd=tmp_path, environment={}, bounds=Bounds(memory=200 << 20))
    large = run(python, arguments, cwd=tmp_path, environment={}, bounds=Bounds(memory=900 << 20))
    assert b"MemoryError" in small.err
    assert large.ok, large.said


def test_what_a_program_says_of_its_failure_is_kept(tmp_path: Path) -> None:
    assert shell("echo no luck >&2; exit 3", tmp_path).said == "no luck"
    assert shell("exit 3", tmp_path).said == "it ended with 3 and said nothing"
    missing = run("/nowhere/tool", [], cwd=tmp_path, environment={})
    assert not missing.ok
    assert "/nowhere/tool" in missing.said


def test_words_hold_no_control_characters_and_are_bounded() -> None:
    hostile = b"\x1b]0;owned\x07\x1b[31mred\x1b[0m\rline\x00 \x9b0m \xff"
    said = words(hostile)
    assert said.startswith("redline")
    assert "owned" not in said
    assert all(ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0 for c in said)
    assert len(words(b"x" * 10_000, 100)) == 100
