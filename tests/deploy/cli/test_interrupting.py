"""Signals and kills from outside: what serves goes on serving, the exit code says so, and the next command finishes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.shop import LASTING, LONG, Shop

SHIP = ("--yes", "--format", "json")


def slow(shop: Shop) -> subprocess.Popen[str]:
    """A deploy whose candidate does not come up for long."""
    shop.version("slow", "--ready-after", "3600")
    running = shop.begin("deploy", "--version", "slow", *SHIP)
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "starting")
    return running


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_before_the_switch_a_signal_takes_the_candidate_away(shop: Shop, name: str):
    first = shop.deploy("v1")
    running = slow(shop)
    began = time.monotonic()
    running.send_signal(getattr(signal, name))
    done = shop.end(running)
    assert time.monotonic() - began < 60, "it was waited for: the candidate has ten minutes to come up"
    assert (done.code, done.end["outcome"], done.end["why"]) == (4, "aborted", name)
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "absent")
    assert shop.answers() == first.end["release"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_after_the_switch_a_signal_leaves_the_rest_to_the_guard(shop: Shop, name: str):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    running = shop.begin("deploy", "--version", "v2", *SHIP)
    shop.until_phase("baking")
    running.send_signal(getattr(signal, name))
    done = shop.end(running)
    assert (done.code, done.end["outcome"], done.end["why"]) == (8, "detached", name)
    assert done.end["next"] == "readiness status --env local --watch"
    shop.promote()
    shop.until(lambda seen: seen["record"]["last"]["version"] == "v2")
    assert shop.answers() == done.end["release"]


def test_a_second_signal_ends_it_at_once_with_the_command_that_finishes(shop: Shop):
    first = shop.deploy("v1")
    running = slow(shop)
    os.kill(running.pid, signal.SIGSTOP)  # both arrive before it gets to act on the first
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    os.kill(running.pid, signal.SIGCONT)
    done = shop.end(running)
    assert done.code in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "readiness resume --env local" in done.err
    assert shop.run("abort").code == 4
    assert shop.answers() == first.end["release"]


def test_a_hangup_under_nohup_is_not_heard(shop: Shop):
    shop.settings(bake=LASTING)
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    running = shop.begin("deploy", "--version", "v1", *SHIP, **ignoring)
    shop.until_phase("baking")
    running.send_signal(signal.SIGHUP)
    shop.promote()
    assert shop.end(running).code == 0


def test_a_deploy_that_is_killed_before_the_switch_is_finished_by_resume(shop: Shop, tmp_path: Path):
    shop.deploy("v1")
    shop.version("late", "--ready-when", str(tmp_path / "go"))
    running = shop.begin("deploy", "--version", "late", *SHIP)
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "starting")
    running.kill()
    shop.end(running)
    shop.until(lambda seen: seen["lock"] is None)
    left = shop.status()
    assert (left["exit"], left["next"]) == (6, "readiness resume --env local")
    (tmp_path / "go").touch()
    done = shop.run("resume", "--format", "json")
    assert (done.code, done.end["outcome"], done.end["version"]) == (0, "deployed", "late"), done.out
    assert shop.answers() == done.end["release"]
    ended = next(r for r in shop.run("history", "--format", "json").end["runs"] if r["version"] == "late")
    assert ended["outcome"] == "deployed"


def test_a_deploy_that_is_killed_after_the_switch_is_finished_by_the_guard(shop: Shop):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    running = shop.begin("deploy", "--version", "v2", *SHIP)
    shop.until_phase("baking")
    running.kill()
    shop.end(running)
    watched = shop.status()
    assert (watched["exit"], watched["watched"]) == (0, True)
    shop.promote()
    shop.until(lambda seen: seen["record"]["last"]["version"] == "v2")
    assert shop.run("resume", "--format", "json").end["outcome"] == "nothing-to-do"


def test_a_stopped_deployer_is_taken_over_with_a_reason_and_has_no_say_any_more(shop: Shop):
    first = shop.deploy("v1")
    running = slow(shop)
    os.kill(running.pid, signal.SIGSTOP)
    assert shop.deploy("v2").code == 75
    done = shop.deploy("v2", "--take-over", "it hangs")
    assert done.code == 0, done.out
    os.kill(running.pid, signal.SIGCONT)
    ousted = shop.end(running)
    assert ousted.code in (4, 7, 75), ousted.out
    assert shop.answers() == done.end["release"] != first.end["release"]


@pytest.mark.parametrize("words", [("deploy", "--version", "v1", "--yes"), ("status",), ("keeper", "stop")])
def test_a_state_folder_that_cannot_be_used_is_told_without_a_traceback(shop: Shop, words: tuple[str, ...]):
    shop.state.write_text("a file, and no folder")
    try:
        done = shop.run(*words)
    finally:
        shop.state.unlink()
    assert done.code not in (8, 75)
    assert "Traceback" not in done.err
    if words[0] == "deploy":
        assert done.code == 4
        assert str(shop.state) in done.out


BROKEN = """
import sys
from readiness.cli import main
from readiness_deploy import deeds
from readiness_deploy.states import State
def broken(world, wanted, why):
    raise {fault}
deeds.DEEDS[State.VERIFYING] = broken
main()
"""


@pytest.mark.parametrize("fault", ["MemoryError()", "RuntimeError('no such thing')", "OSError(28, 'No space left')"])
def test_a_fault_of_ours_is_no_verdict_and_is_finished_by_resume(shop: Shop, fault: str):
    command = [sys.executable, "-c", BROKEN.format(fault=fault), "deploy", "--version", "v1", *SHIP]
    broken = subprocess.run(command, cwd=shop.folder, capture_output=True, text=True, timeout=LONG)
    end = json.loads(broken.stdout.splitlines()[-1])
    assert (broken.returncode, end["outcome"], end["next"]) == (70, "internal", "readiness resume --env local")
    assert "Traceback" not in broken.stderr
    written = Path(end["why"].rpartition(" ")[2])
    assert "in broken" in written.read_text()
    written.unlink()
    assert shop.run("resume").code == 0
    assert shop.answers().startswith("v1-")
