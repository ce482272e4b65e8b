"""One kill: a command dies at one of its effects, and the job is finished nevertheless.

Whatever is in flight after its commit point is finished by the guard, without anybody. What is in flight before it is
finished by one command: `resume`, or, each other time, the next deploy. Where nothing is in flight, nothing has moved.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from process.rig import MORTAL, Rig, sane, until
from process.scenarios import First, Trial, serving, wiped

MOVED = ("converging", "baking", "returning")


@dataclass
class Account:
    """What a campaign saw."""

    scenario: str
    tried: int = 0
    survived: int = 0
    effects: int = 0
    by_guard: int = 0
    by_resume: int = 0
    by_deploy: int = 0
    over: int = 0
    nothing_begun: int = 0
    without_history: int = 0
    commands: int = 0  # the most that a person needed at one point
    seconds: list[float] = field(default_factory=list)
    most: Counter[str] = field(default_factory=Counter)  # of each effect, in one run

    def figures(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario,
            "points": self.tried,
            "survived": self.survived,
            "effects_of_a_run": self.effects,
            "finished_by_the_guard": self.by_guard,
            "finished_by_resume": self.by_resume,
            "finished_by_the_next_deploy": self.by_deploy,
            "was_over_when_looked_at": self.over,
            "killed_before_anything_was_recorded": self.nothing_begun,
            "history_deleted": self.without_history,
            "commands_needed_at_most": self.commands,
            "seconds_until_done_max": round(max(self.seconds, default=0.0), 2),
            "seconds_until_done_median": round(statistics.median(self.seconds), 2) if self.seconds else 0.0,
        }


def finish(rig: Rig, trial: Trial, account: Account, effects: list[str], *, deploy: bool) -> str:
    """Have the job finished after a kill; returns the version that has to serve."""
    began = time.monotonic()
    until(lambda: (rig.seen()["lock"] or {"guard": True})["guard"], why=rig.tail)
    record = rig.record()
    run = record["intent"]["run"] if record["intent"] else ""
    if record["phase"] in MOVED:
        until(lambda: rig.record()["phase"] not in MOVED, why=rig.tail)
        account.by_guard += 1
        account.seconds.append(time.monotonic() - began)
        return _ended(rig, trial, run)
    if not run:
        last = record["last"]
        over = last and last["version"] == trial.new and last["outcome"] == trial.outcome
        # Who was told that the run is recorded finds it recorded.
        assert over or "write after" not in effects, (effects[-20:], record)
        if over:
            account.over += 1
        else:
            account.nothing_begun += 1
        return trial.serving if over else trial.old
    account.commands = max(account.commands, 1)
    if deploy:
        rig.settings(bake=1.0, more=_kept_settings(rig))
        fresh = rig.version(f"after-{trial.new}", **_migrations(rig, trial))
        done = rig.deploy(fresh)
        assert done.code == 0, done
        account.by_deploy += 1
        account.seconds.append(done.took)
        return fresh
    done = rig.run("resume", "--format", "json")
    assert done.code == trial.code, done
    account.by_resume += 1
    account.seconds.append(done.took)
    return _ended(rig, trial, run)


def _ended(rig: Rig, trial: Trial, run: str) -> str:
    """The version that serves, once the run came to the end that it was for."""
    last = rig.record()["last"]
    assert last["run"] == run, (last, run, rig.tail())
    assert last["outcome"] == trial.outcome, (last, rig.tail())
    return trial.serving


def _kept_settings(rig: Rig) -> str:
    lines = (rig.project / "readiness.yaml").read_text().splitlines()
    return "\n".join(line for line in lines if "migrations:" in line)


def _migrations(rig: Rig, trial: Trial) -> dict[str, str]:
    """The migrations of the version that did not come to its end: the next one has them too."""
    folder = rig.project / "versions" / trial.new / "sql"
    return {file.stem: file.read_text() for file in folder.glob("*.sql")}


def point(rig: Rig, scenario: Any, at: str, account: Account, *, deploy: bool, wipe: bool = False) -> bool:
    """One kill, and what follows. False where the run came to its end before it was to die."""
    trial = scenario.ready(rig)
    log = rig.place / "effects"
    log.unlink(missing_ok=True)
    done = rig.run(*trial.words, program=MORTAL, more={"MORTAL_AT": at, "MORTAL_LOG": str(log)})
    effects = log.read_text().splitlines()
    for name, count in Counter(effects).items():
        account.most[name] = max(count, account.most[name])
    if done.code != -9:
        assert done.code == trial.code, done
        sane(rig, trial.serving)
        account.effects = len(effects)
        return False
    account.tried += 1
    if wipe:
        wiped(rig)
        account.without_history += 1
    if isinstance(scenario, First):
        _first(rig, trial, account)
        expected = trial.new
    elif account.scenario == "abort":
        expected = _withdrawn(rig, trial, account, deploy=deploy)
    else:
        expected = finish(rig, trial, account, effects, deploy=deploy)
    sane(rig, expected)
    account.survived += 1
    return True


def _first(rig: Rig, trial: Trial, account: Account) -> None:
    """After a first deploy that died, the same command again finishes it, whatever there is; the guard may have."""
    if rig.kept():
        until(lambda: rig.record()["phase"] not in MOVED, why=rig.tail)
        if serving(rig) == trial.new:
            account.by_guard += 1
            return
    account.commands = max(account.commands, 1)
    done = rig.run(*trial.words)
    assert done.code == 0, done
    account.by_deploy += 1
    account.seconds.append(done.took)


def _withdrawn(rig: Rig, trial: Trial, account: Account, *, deploy: bool) -> str:
    """After an abort that died, the candidate is still there and waits, or it is being taken away."""
    record = rig.record()
    if record["phase"] == "stable":
        account.nothing_begun += 1
        return trial.old
    account.commands = max(account.commands, 1)
    until(lambda: rig.seen()["lock"] is None, why=rig.tail)
    if record["phase"] == "aborting" and not deploy:
        done = rig.run("resume", "--format", "json")
        account.by_resume += 1
    else:
        done = rig.run("abort", "--format", "json")
    assert done.code == 4, done
    account.seconds.append(done.took)
    return trial.old
