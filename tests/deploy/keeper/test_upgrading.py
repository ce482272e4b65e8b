"""The keeper is replaced by a program that cannot begin, or that is disturbed while it does. Users notice nothing."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.start import Failure, status, stop, upgrade

from keeper.rig import LONG, gone, until

PROGRAM = """
import os, signal, sys
from readiness_deploy.keeper import running
words = sys.argv[1:]
{first}
raise SystemExit(running.main(words, os.environ, program=(sys.executable, __file__)))
"""
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Replaces the program on the disk; the new one does this first."""
    return lambda first: (tmp_path / "program.py").write_text(PROGRAM.format(first=first)) and None


@pytest.fixture
def replaceable(idle: Any, install: Install, tmp_path: Path) -> Any:
    """A keeper that serves v1, and runs the program that `install` replaces."""
    install("")
    idle.program = (sys.executable, str(tmp_path / "program.py"))
    idle.start()
    keeper = idle.deployer()
    idle.serve(keeper, "blue", idle.release("v1"))
    keeper.unlock()
    return idle


def test_a_program_that_cannot_begin_is_refused_with_its_words(replaceable: Any, install: Install) -> None:
    before = replaceable.about()
    install("import what_nobody_installed")
    with pytest.raises(Failure, match=r"cannot begin, and the keeper goes on as it was: .*what_nobody_installed"):
        upgrade(replaceable.state, within=LONG)
    after = replaceable.about()
    assert (after["holder_pid"], after["worker_pid"]) == (before["holder_pid"], before["worker_pid"])
    assert '"worker leaves"' not in replaceable.journal()


@pytest.mark.parametrize(
    "first",
    ['if words[-1] == "-": os.kill(os.getpid(), signal.SIGKILL)', 'if words[0] == "work": sys.exit("not today")'],
    ids=["the-holder-is-killed", "no-worker-begins"],
)
def test_the_old_worker_serves_on_where_no_other_begins(replaceable: Any, install: Install, first: str) -> None:
    before, pid = replaceable.about(), replaceable.get("/pid")[1]
    install(first)
    with replaceable.load(fresh=True) as load:
        with pytest.raises(Failure, match="the keeper goes on as it was, since no other began"):
            upgrade(replaceable.state, within=LONG)
        load.more(20)
        holder = until(lambda: (now := replaceable.about()["holder_pid"]) != before["holder_pid"] and now)
        assert replaceable.about()["worker_pid"] == before["worker_pid"]
        replaceable.serve(replaceable.deployer(), "green", replaceable.release("v2"), previous="blue")
        assert replaceable.details()["colours"]["blue"]["pid"] == int(pid)
        install("")
        assert upgrade(replaceable.state, within=LONG)["pid"] != before["worker_pid"]
        load.more(20)
    assert load.faults == []
    assert replaceable.about()["holder_pid"] == holder


@pytest.mark.parametrize(
    "first",
    [
        # It goes on when the old one has seen it: of two that begin to steer at once, either may be the first.
        'if words[0] == "work":\n'
        "    import pathlib, time\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
        '    while "worker stays" not in pathlib.Path(words[1], "log", "keeper.log").read_text(): time.sleep(0.01)',
        'if words[0] == "work":\n'
        "    from readiness_deploy.keeper import worker\n"
        "    recover = worker.recover\n"
        "    worker.recover = lambda *given: os.kill(os.getppid(), signal.SIGKILL) or recover(*given)",
    ],
    ids=["before-the-new-worker-steers", "when-it-steers"],
)
def test_of_two_workers_whose_holder_died_between_them_one_goes_on(
    replaceable: Any, install: Install, first: str
) -> None:
    before = replaceable.about()
    install(first)
    with replaceable.load(fresh=True) as load:
        with contextlib.suppress(Failure):
            upgrade(replaceable.state, within=LONG)
        until(lambda: replaceable.journal().count('"holder renewed"') == 1)
        (left,) = until(lambda: len(found := _workers(replaceable.state)) == 1 and found)
        assert replaceable.about()["worker_pid"] == left
        if "recover" in first:  # else both try to steer, and either may be the first
            assert left != before["worker_pid"]
        replaceable.serve(replaceable.deployer(), "green", replaceable.release("v2"), previous="blue")
        load.more(20)
    assert load.faults == []


def test_a_stop_that_comes_while_no_worker_begins_is_heard_by_the_one_that_stays(
    replaceable: Any, install: Install
) -> None:
    told = "os.kill(os.getppid(), signal.SIGTERM)"
    install(f'if words[0] == "work": {told}; __import__("time").sleep(1); sys.exit("not today")')
    with contextlib.suppress(Failure):
        upgrade(replaceable.state, within=LONG)
    gone(replaceable)
    until(lambda: _workers(replaceable.state) == [])


def test_what_the_holder_is_told_while_it_begins_anew_is_heard_afterwards(replaceable: Any, install: Install) -> None:
    before = replaceable.about()
    install('if words[-1] == "-": os.kill(os.getpid(), signal.SIGHUP)')
    after = upgrade(replaceable.state, within=LONG)
    assert after["holder_pid"] == before["holder_pid"]
    assert after["pid"] != before["pid"]
    replaceable.deployer().start("green", replaceable.release("v2"))
    colour = replaceable.standing("green", "ready")["pid"]
    for pid in (after["holder_pid"], after["worker_pid"], colour):
        blocked, ignored = (int(_status(pid)[name], 16) for name in ("SigBlk", "SigIgn"))
        assert not any((blocked | ignored) >> number - 1 & 1 for number in (signal.SIGTERM, signal.SIGINT))


def test_what_is_printed_ends_a_keeper_that_does_not_answer(serving: Any) -> None:
    about, pid = serving.about(), serving.get("/pid")[1]
    os.kill(about["holder_pid"], signal.SIGSTOP)
    os.kill(about["worker_pid"], signal.SIGSTOP)
    standing_by = subprocess.Popen([*serving.program, "hold", str(serving.state), "--wait"], stdin=subprocess.DEVNULL)
    try:
        until(lambda: "keeper.lock" in _open(standing_by.pid))
        for verb in (lambda: status(serving.state, within=0.2), lambda: stop(serving.state, within=0.2)):
            with pytest.raises(Failure, match=r"does not answer|cannot be asked") as said:
                verb()
            both = " ".join(map(str, sorted((about["holder_pid"], about["worker_pid"]))))
            assert f"`kill -9 {both}` ends it" in str(said.value)
    finally:
        standing_by.kill()
        standing_by.wait()
    subprocess.run(re.findall("`(kill [^`]*)`", str(said.value))[0].split(), check=True)
    gone(serving)
    serving.start()
    assert serving.get("/pid")[1] == pid


def _open(pid: int) -> set[str]:
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.add(handle.readlink().name)
    return found


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _workers(state: Path) -> list[int]:
    """The workers of this folder that live."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"work" in words and os.fsencode(state) in words:
                found.append(int(process.name))
    return found
