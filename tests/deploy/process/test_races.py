"""Two deployers at once: one wins, or they follow each other. Nothing is switched twice, nothing stale is written."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise
from typing import Any

from process.proof import figures, long
from process.rig import CLI, SHIP, Rig, sane

OUTCOMES = {0, 4, 7, 75}  # shipped; superseded, planned for what does not serve any more, or busy, when it was its turn


def race(rig: Rig, number: int) -> dict[str, int]:
    """One pair, started in the same instant. How often each exit code came."""
    names = [rig.version(f"r{number}{side}") for side in "ab"]
    read, write = os.pipe()
    runners: list[subprocess.Popen[str]] = []
    for name in names:
        # Both wait for the other one to have been started.
        script = f'read _ <&{read} || exit 99; exec {read}<&-; exec "$0" "$@"'
        command = ("bash", "-c", script, *CLI)
        runners.append(rig.begin("deploy", "--version", name, *SHIP, program=command, pass_fds=(read,)))
    os.write(write, b"go\ngo\n")
    os.close(write)
    os.close(read)
    done = [rig.end(one) for one in runners]
    codes = [one.code for one in done]
    assert set(codes) <= OUTCOMES, "\n".join(map(str, done))
    assert 0 in codes, "\n".join(map(str, done))
    record = rig.until_phase("stable")
    serving = record["slots"][record["selected"]]["version"]
    assert serving in {name for name, code in zip(names, codes, strict=True) if code == 0}, (serving, codes)
    return {str(code): codes.count(code) for code in set(codes)}


def judged(rig: Rig) -> dict[str, int]:
    """By the keeper's journal: each switch belongs to a run of its own, to another colour than the one before, and its
    generation is a later one."""
    moves = [e for e in rig.journal() if e["what"] == "route moved"]
    colours = [move["to"] for move in moves]
    double = sum(a == b for a, b in pairwise(colours))
    back = sum(b["generation"] <= a["generation"] for a, b in pairwise(moves))
    runs = [e["run"] for e in rig.journal() if e["what"] == "phase" and e["phase"] == "converging"]
    return {
        "switches": len(moves),
        "double_switches": double + len(runs) - len(set(runs)),
        "stale_writes_accepted": back,
    }


def test_two_deployers_at_once_do_not_switch_twice(rig: Rig) -> None:
    raced(rig, 1, "a part of the races")


@long
def test_a_hundred_deployers_in_pairs(rig: Rig) -> None:
    raced(rig, 50, "100 deployers in pairs")


def raced(rig: Rig, pairs: int, what: str) -> None:
    rig.shipped(rig.version("v1"))
    codes: dict[str, int] = {}
    for number in range(pairs):
        for code, count in race(rig, number).items():
            codes[code] = codes.get(code, 0) + count
    found: dict[str, Any] = {"deployers": 2 * pairs, "exit_codes": codes, **judged(rig)}
    assert found["double_switches"] == 0
    assert found["stale_writes_accepted"] == 0
    # As many switches as deployers say that they shipped, and the first one.
    assert found["switches"] == codes["0"] + 1, found
    record = rig.record()
    sane(rig, record["slots"][record["selected"]]["version"])
    figures("races", what, found, 2 * pairs, "READINESS_PROOF_DIR=… pytest tests/deploy/process/test_races.py")
