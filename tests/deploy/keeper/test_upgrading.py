"""The keeper is replaced by a program that cannot begin, or that is disturbed while it does. Users notice nothing."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.start import Failure, upgrade

from keeper.rig import until

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
        upgrade(replaceable.state)
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
        with pytest.raises(Failure, match="the keeper goes on as it was, since no other could begin"):
            upgrade(replaceable.state, within=120)
        load.more(20)
        holder = until(lambda: (now := replaceable.about()["holder_pid"]) != before["holder_pid"] and now)
        assert replaceable.about()["worker_pid"] == before["worker_pid"]
        replaceable.serve(replaceable.deployer(), "green", replaceable.release("v2"), previous="blue")
        assert replaceable.details()["colours"]["blue"]["pid"] == int(pid)
        install("")
        assert upgrade(replaceable.state, within=120)["pid"] != before["worker_pid"]
        load.more(20)
    assert load.faults == []
    assert replaceable.about()["holder_pid"] == holder


def test_what_the_holder_is_told_while_it_begins_anew_is_heard_afterwards(replaceable: Any, install: Install) -> None:
    before = replaceable.about()
    install('if words[-1] == "-": os.kill(os.getpid(), signal.SIGHUP)')
    after = upgrade(replaceable.state, within=120)
    assert after["holder_pid"] == before["holder_pid"]
    assert after["pid"] != before["pid"]
    replaceable.deployer().start("green", replaceable.release("v2"))
    colour = replaceable.standing("green", "ready")["pid"]
    for pid in (after["holder_pid"], after["worker_pid"], colour):
        blocked, ignored = (int(_status(pid)[name], 16) for name in ("SigBlk", "SigIgn"))
        assert not any((blocked | ignored) >> number - 1 & 1 for number in (signal.SIGTERM, signal.SIGINT))


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
