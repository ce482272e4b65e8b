"""Signals to a rollout: the first is remembered, the second ends the process with the one command that finishes."""

import os
import signal
import subprocess
import sys

import pytest
from cli.shop import LONG

PROGRAM = """
import os, signal, sys
from readiness.cli.deploying.signals import Signals
early = sys.argv[1] == "early"
with Signals(lambda n: b"finish with: readiness resume\\n") as signals:
    if not early:
        signals.walk()
    try:
        for name in sys.argv[2:]:
            os.kill(os.getpid(), getattr(signal, name))
            print("pending", signals.pending(), flush=True)
    except KeyboardInterrupt as stop:
        print("raised", *stop.args, flush=True)
"""


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False, **options)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_is_remembered_while_there_are_effects(name: str):
    done = run("walking", name)
    assert done.stdout == f"pending {name}\n"
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_before_any_effect_stops_what_runs(name: str):
    done = run("early", name)
    assert done.stdout == f"raised {name}\n"


@pytest.mark.parametrize("last", ["SIGINT", "SIGTERM"])
def test_the_second_ends_the_process_and_says_what_finishes(last: str):
    done = run("walking", "SIGINT", last)
    assert done.returncode == 128 + getattr(signal, last)
    assert done.stdout == "pending SIGINT\n"
    assert done.stderr == "finish with: readiness resume\n"


def test_the_second_ends_it_though_nobody_hears_the_last_words():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "walking", "SIGINT", "SIGTERM"], stdout=write, stderr=write, timeout=LONG
    )
    os.close(write)
    assert done.returncode != 0


def test_a_hangup_stays_ignored_where_it_was():
    done = run("walking", "SIGHUP", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert done.stdout == "pending \n"
    assert done.returncode == 0
