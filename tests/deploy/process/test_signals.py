"""What ends a deployer from outside: its terminal goes, its reader goes, its output is full, it is stopped."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from process.proof import alike, figures, long
from process.rig import LASTING, SHIP, Done, Load, Rig, sane, unharmed, until

SLOW = ("--ready-after", "60")


def candidate(rig: Rig) -> None:
    """Wait until a candidate is being started."""
    until(lambda: "starting" in {view["standing"] for view in rig.seen()["colours"].values()}, why=rig.tail)


def before_the_switch(rig: Rig, **given: object) -> subprocess.Popen[str]:
    """A deploy that waits for a candidate that does not come up."""
    rig.shipped(rig.version("v1"))
    running = rig.begin("deploy", "--version", rig.version("slow", *SLOW), *SHIP, **given)
    candidate(rig)
    return running


def in_the_bake(rig: Rig, **given: object) -> subprocess.Popen[str]:
    """A deploy whose release has been switched to and is watched, until the test ends that."""
    rig.shipped(rig.version("v1"))
    rig.settings(bake=LASTING)
    running = rig.begin("deploy", "--version", rig.version("v2"), *SHIP, **given)
    rig.until_phase("baking")
    return running


def test_a_terminal_that_goes_away_in_the_bake_leaves_the_rest_to_the_guard(rig: Rig) -> None:
    """The kernel sends SIGHUP, and every write fails from then on."""
    ours, theirs = pty.openpty()
    running = in_the_bake(
        rig, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=_controlling
    )
    os.close(theirs)
    os.close(ours)
    assert rig.end(running).code == 8
    rig.promote()
    until(lambda: (rig.record()["last"] or {}).get("version") == "v2", why=rig.tail)
    sane(rig, "v2")


def _controlling() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_reader_that_goes_away_does_not_end_the_deploy(rig: Rig) -> None:
    """As with `readiness deploy … | head -1`."""
    rig.shipped(rig.version("v1"))
    read, write = os.pipe()
    running = rig.begin("deploy", "--version", rig.version("v2"), *SHIP, stdout=write)
    os.close(write)
    assert os.read(read, 1)
    os.close(read)
    assert rig.end(running).code == 0
    sane(rig, "v2")


def test_an_output_that_is_full_does_not_end_the_deploy(rig: Rig) -> None:
    rig.shipped(rig.version("v1"))
    with Path("/dev/full").open("w") as full:
        done = rig.deploy(rig.version("v2"), stdout=full)
    assert "Traceback" not in done.err
    assert done.code == 0, str(done)
    sane(rig, "v2")


@long
@pytest.mark.parametrize("name", alike(["SIGINT", "SIGTERM", "SIGHUP"], ["SIGTERM"]))
def test_once_before_the_switch_nothing_has_moved(rig: Rig, name: str) -> None:
    running = before_the_switch(rig)
    with rig.load(50) as load:
        at = _now()
        running.send_signal(getattr(signal, name))
        done = rig.end(running)
        took = _now() - at
        assert (done.code, done.end["outcome"]) == (4, "aborted"), str(done)
        assert took < 20, took
        load.stop()
    unharmed(load)
    sane(rig, "v1")
    _figure(f"{name} before the switch", done, took, load)


@long
@pytest.mark.parametrize("name", alike(["SIGINT", "SIGTERM", "SIGHUP"], ["SIGHUP"]))
def test_once_in_the_bake_the_guard_finishes(rig: Rig, name: str) -> None:
    running = in_the_bake(rig)
    with rig.load(50) as load:
        at = _now()
        running.send_signal(getattr(signal, name))
        done = rig.end(running)
        took = _now() - at
        assert (done.code, done.end["outcome"]) == (8, "detached"), str(done)
        rig.promote()
        until(lambda: (rig.record()["last"] or {}).get("version") == "v2", why=rig.tail)
        load.stop()
    unharmed(load)
    sane(rig, "v2")
    _figure(f"{name} in the bake", done, took, load)


@long
@pytest.mark.parametrize("place", ["before the switch", "in the bake"])
def test_twice_it_ends_at_once_with_the_command_that_finishes(rig: Rig, place: str) -> None:
    running = before_the_switch(rig) if place == "before the switch" else in_the_bake(rig)
    at = _now()
    running.send_signal(signal.SIGINT)
    _pass(0.05)
    running.send_signal(signal.SIGINT)
    done = rig.end(running)
    took = _now() - at
    assert took < 20, took
    # The first one may have been enough: then it said so in good order.
    if done.code == 128 + signal.SIGINT:
        assert "readiness resume --env local" in done.err
    else:
        assert done.code in (4, 8), str(done)
    if place == "in the bake":
        rig.promote()
        until(lambda: (rig.record()["last"] or {}).get("version") == "v2", why=rig.tail)
        sane(rig, "v2")
    else:
        assert rig.run("abort").code in (0, 4)
        sane(rig, "v1")
    _figure(f"SIGINT twice {place}", done, took)


@long
@pytest.mark.parametrize("name", alike(["SIGINT", "SIGTERM"], ["SIGINT"]))
def test_before_anything_happened_it_ends_with_nothing_changed(rig: Rig, name: str) -> None:
    """While the candidate is checked and its release is made."""
    rig.shipped(rig.version("v1"))
    rig.settings()
    text = (rig.project / "readiness.yaml").read_text()
    prepared = rig.place / "preparing"
    slow = f"release: {{source: versions, prepare: [[sh, -c, 'touch {prepared}; exec sleep 60']]}}"
    (rig.project / "readiness.yaml").write_text(text.replace("release: {source: versions}", slow))
    running = rig.begin("deploy", "--version", rig.version("v2"), *SHIP)
    until(prepared.exists)
    at = _now()
    running.send_signal(getattr(signal, name))
    done = rig.end(running)
    took = _now() - at
    assert (done.code, done.end["outcome"]) == (4, "aborted"), str(done)
    assert took < 20, took
    sane(rig, "v1")
    _figure(f"{name} while the release is made", done, took)


@long
def test_a_stopped_deployer_has_no_say_after_it_was_taken_over(rig: Rig) -> None:
    running = before_the_switch(rig)
    os.kill(running.pid, signal.SIGSTOP)
    busy = rig.deploy(rig.version("v2"))
    assert busy.code == 75, str(busy)
    done = rig.deploy("v2", "--take-over", "it hangs")
    assert done.code == 0, str(done)
    os.kill(running.pid, signal.SIGCONT)
    ousted = rig.end(running)
    # Its first write is refused, or it finds first that its run was taken back, or that its plan is not true any more.
    assert ousted.code in (4, 7, 75), str(ousted)
    sane(rig, "v2")
    _figure("SIGSTOP, taken over, SIGCONT", ousted)


@long
def test_under_nohup_a_hangup_is_not_heard(rig: Rig) -> None:
    running = in_the_bake(rig, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    running.send_signal(signal.SIGHUP)
    rig.promote()
    done = rig.end(running)
    assert done.code == 0, str(done)
    sane(rig, "v2")
    _figure("nohup and SIGHUP", done)


def _figure(what: str, done: Done, took: float | None = None, load: Load | None = None) -> None:
    """Seconds from the signal to the end, where they count; what became of the requests, where there were some."""
    found: dict[str, Any] = {"exit": done.code}
    if took is not None:
        found["seconds"] = round(took, 2)
    if load:
        found |= {"requests": load.sent(), "lost_or_cut": load.result["lost"]}
    figures("signals", what, found, 1, "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_signals.py")


def _now() -> float:
    return time.monotonic()


def _pass(seconds: float) -> None:
    """Let so much time pass between two signals."""
    threading.Event().wait(seconds)
