"""The project's own commands: run only where the caller allows it, within bounds, their words without secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sources.test_programs import Witness

from readiness.facts.tools import Command, Commands
from readiness.model import Reading, Supply
from readiness.sources import commands
from readiness.sources.commands import Wanted


def script(folder: Path, text: str, name: str = "run") -> str:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return f"./{name}"


def run(folder: Path, text: str, *arguments: str, timeout: float = 20) -> Command:
    supply = commands.read([Wanted("test", (script(folder, text), *arguments), timeout)], folder, allowed=True)
    (command,) = _commands(supply)
    return command


def _commands(supply: Supply) -> tuple[Command, ...]:
    found = supply.facts[Commands]
    assert isinstance(found, Commands)
    return found.commands


def test_without_the_callers_word_nothing_runs_and_a_note_says_so(tmp_path: Path) -> None:
    wanted = [Wanted("test", (script(tmp_path, f"echo > {tmp_path}/ran"),), 20)]
    supply = commands.read(wanted, tmp_path, allowed=False)
    assert not (tmp_path / "ran").exists()
    assert (supply.provides, supply.facts, supply.gaps) == (frozenset(), {}, ())
    (note,) = supply.notes
    assert "(test)" in note
    assert "--run-commands" in note
    commands.read(wanted, tmp_path, allowed=True)
    assert (tmp_path / "ran").exists()


def test_how_a_command_ended_is_a_fact(tmp_path: Path) -> None:
    good, bad = run(tmp_path, "echo fine"), run(tmp_path, "echo no; echo luck >&2; exit 3")
    assert (good.succeeded, good.exit_code, good.tail) == (True, 0, "fine")
    assert (bad.succeeded, bad.exit_code, bad.tail.split()) == (False, 3, ["no", "luck"])
    assert bad.said == "`./run` ended with exit code 3"


def test_a_command_runs_in_the_tree_without_a_shell(tmp_path: Path) -> None:
    command = run(tmp_path, 'pwd -P; printf "%s|" "$@"', "a b", "$HOME", "*;ls")
    assert command.tail == f"{tmp_path.resolve()}\na b|$HOME|*;ls|"


def test_a_program_is_found_on_path_or_by_its_place_in_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, "echo by path", "tool")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (command,) = _commands(commands.read([Wanted("lint", ("tool",), 20)], tmp_path, allowed=True))
    assert command.tail == "by path"


def test_a_command_that_cannot_be_started_is_a_fact_and_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    wanted = [Wanted("lint", ("no-such-linter",), 20), Wanted("test", ("./text",), 20), Wanted("build", ("true",), 20)]
    supply = commands.read(wanted, tmp_path, allowed=True)
    lint, test, build = _commands(supply)
    assert lint.fault == f"there is no program no-such-linter on PATH or in {tmp_path}"
    assert not lint.succeeded
    assert "no program ./text" in test.fault
    assert build.succeeded
    assert supply.gaps == ()
    assert [i.reading for i in supply.inputs] == [Reading.NOT_EXAMINED, Reading.NOT_EXAMINED, Reading.CHECKED]


def test_a_command_without_an_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    with Witness(tmp_path) as witness:
        for seconds in (0.5, 5.0, 20.0):  # on a busy machine the child does not begin within any time
            command = run(tmp_path, f"({witness.script}) & sleep 60", timeout=seconds)
            assert (command.exit_code, command.succeeded) == (None, False)
            assert command.fault == f"it gave no answer within {seconds:g} s and was ended"
            assert seconds - 0.1 < command.seconds < 50
            if witness.started_and_ended():
                return
    raise AssertionError("the child never began")


def test_the_end_of_what_it_said_is_kept(tmp_path: Path) -> None:
    command = run(tmp_path, "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done")
    assert command.succeeded
    assert command.tail.endswith("line 4999")
    assert len(command.tail) <= 2000


def test_a_command_that_never_stops_talking_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_OUTPUT", 1 << 20)
    command = run(tmp_path, "exec yes")
    assert command.fault == "it wrote more than 1 MiB and was ended"
    assert not command.succeeded


def test_secrets_of_the_surroundings_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2-hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop:pa55word-of-shop@db/shop")
    monkeypatch.setenv("SHORT_TOKEN", "e")
    monkeypatch.setenv("CITY", "Wuppertal")
    bearer = "Authorization: Bearer abcdefgh.ijklmnop"
    command = run(
        tmp_path,
        f'echo "$DEPLOY_TOKEN $DATABASE_URL $CITY"; echo "mysql://me:s3cretpass@h {bearer} done"',
    )
    for secret in ("hunter2", "pa55word", "s3cretpass", "abcdefgh.ijklmnop"):
        assert secret not in command.tail
    for kept in ("<DEPLOY_TOKEN>", "<DATABASE_URL>", "Wuppertal", "mysql://me:<password>@h", "<token> done"):
        assert kept in command.tail


def test_control_characters_reach_nobody(tmp_path: Path) -> None:
    assert run(tmp_path, r"printf '\033[31mred\033[0m\007'").tail == "red"


def test_a_command_gets_no_input(tmp_path: Path) -> None:
    assert run(tmp_path, "read answer || echo nobody answers").tail == "nobody answers"


def test_progress_names_each_command(tmp_path: Path) -> None:
    told: list[str] = []
    wanted = [Wanted(about, ("true",), 20) for about in ("build", "test")]
    commands.read(wanted, tmp_path, allowed=True, progress=told.append)
    assert told == ["build", "test"]
