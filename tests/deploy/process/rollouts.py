"""Rollouts and rollbacks one after the other under a load that does not wait for answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from process.rig import SHIP, Load, Rig, sane, until, written_once

ENOUGH = 3
"""Good answers of a bad release: as many as prove it before its bake, so that the gate needs no load to see it."""


@dataclass
class Account:
    """What was seen. Durations in seconds, one for each rollback."""

    deploys: int = 0
    manual: int = 0
    automatic: int = 0
    requests: int = 0
    writes: int = 0
    lost: int = 0
    badly: int = 0
    decided: list[tuple[str, float]] = field(default_factory=list)  # bad release, instant since 1970
    bad_for: list[float] = field(default_factory=list)
    last_after: list[float] = field(default_factory=list)  # of those whose bad release got a request
    moved: list[tuple[str, float]] = field(default_factory=list)  # as decided: when the route was back
    sent_after: list[float] = field(default_factory=list)  # from then to the last request that was sent to it
    loads: list[dict[str, Any]] = field(default_factory=list)
    bake: float = 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "deploys": self.deploys,
            "bake_seconds": self.bake,
            "rollbacks": self.manual + self.automatic,
            "rollbacks_by_a_person": self.manual,
            "rollbacks_by_itself": self.automatic,
            "rollbacks_after_requests": len(self.last_after),
            "requests": self.requests,
            "writes_checked": self.writes,
            "lost_or_cut": self.lost,
            "answered_badly_by_bad_releases": self.badly,
            "rollback_decision_to_last_request_max": round(max(self.last_after, default=0.0), 3),
            "rollback_decision_to_last_request_median": round(sorted(self.last_after)[len(self.last_after) // 2], 3)
            if self.last_after
            else 0.0,
            "first_bad_answer_to_last_request_max": round(max(self.bad_for, default=0.0), 3),
            "loads": self.loads,
        }


SEGMENT = 25
"""Rounds under one load: it tells no more than 64 releases apart."""


def rollouts(
    place: Path, rounds: int, rate: float, *, keep_alive: bool, account: Account, bake: float = 0.5, least: int = 0
) -> None:
    """So many deploys, each followed by a rollback: by a person, and each other time of a bad release by itself. The
    load goes on until it has sent `least` requests."""
    rig = Rig(place / f"{'kept' if keep_alive else 'fresh'}-{len(account.loads)}")
    database = rig.place / "app.db"
    # It ends in the middle of an answer, if it is told to: what is under way there is the keeper's care alone.
    app = ("--database", str(database), "--abrupt")
    try:
        rig.settings(bake=bake, interval=0.4 * bake)
        account.bake = bake
        rig.shipped(rig.version("v0", *app))
        bad: set[str] = set()
        with rig.load(rate, keep_alive=keep_alive, writes=True) as load:
            for number in range(1, rounds + 1):
                if number % 2:
                    _by_a_person(rig, rig.version(f"v{number}", *app), account)
                else:
                    bad.add(_by_itself(rig, number, app, account))
            until(lambda: load.live().get("answered", 0) >= least)
            load.stop()
        judged(load, bad, account, database)
        sane(rig, f"v{rounds - rounds % 2}")
    finally:
        rig.close()


def _by_a_person(rig: Rig, version: str, account: Account) -> None:
    shipped = rig.shipped(version)
    account.deploys += 1
    done = rig.run("rollback", "--format", "json")
    assert (done.code, done.end["outcome"]) == (0, "rolled-back-as-asked"), done
    decision = next(e for e in done.events if e["event"] == "deed" and e["state"] == "planned")
    account.decided.append((shipped.end["release"], _instant(decision["at"])))
    account.moved.append((shipped.end["release"], _moved(rig)))
    account.manual += 1


def _by_itself(rig: Rig, number: int, app: tuple[str, ...], account: Account) -> str:
    rig.shipped(rig.version(f"v{number}", *app))
    account.deploys += 1
    done = rig.run("deploy", "--version", rig.version(f"bad{number}", *app, "--fail-after", str(ENOUGH)), *SHIP)
    assert (done.code, done.end["outcome"]) == (5, "rolled-back"), done
    release = str(done.end["release"])
    moves = [e for e in rig.journal() if e["what"] == "deed" and e["event"] == "failed"]
    account.decided.append((release, _instant(moves[-1]["at"])))
    account.moved.append((release, _moved(rig)))
    account.automatic += 1
    return release


def judged(load: Load, bad: set[str], account: Account, database: Path) -> None:
    """Nothing was lost or cut; what was answered badly, a bad release answered; each write is there once."""
    result = load.result
    assert result["lost"] == 0, (result["lost_kinds"], result["losses"][:5])
    assert set(result["not_sent_reasons"]) <= {"stopped"}, result["not_sent_reasons"]
    zero = result["started_at"] - result["started"]
    last: dict[str, float] = {}
    sent: dict[str, float] = {}
    first: dict[str, float] = {}
    for one in load.requests():
        release = one["release"]
        if not one["sent"]:
            continue
        assert one["status"] == 200 or (one["status"] == 500 and release in bad), one
        if one["status"] == 500:
            account.badly += 1
            first.setdefault(release, one["sent"] + zero)
        # It was routed there before its answer began; one that is slow by itself, long before.
        routed = one["sent"] if "slow" in one["operation"] else one["first"]
        last[release] = max(last.get(release, 0.0), routed + zero)
        sent[release] = max(sent.get(release, 0.0), one["sent"] + zero)
    for release, at in account.decided:
        if release in last:
            account.last_after.append(max(0.0, last[release] - at))
    account.sent_after += [sent[release] - at for release, at in account.moved if release in sent]
    account.bad_for += [last[release] - at for release, at in first.items()]
    account.requests += load.sent()
    account.lost += result["lost"]
    account.writes += written_once(load, database)
    account.loads.append(
        {
            "keep_alive": load.keep_alive,
            "rate": load.rate,
            "seconds": round(result["seconds"], 1),
            "sent": load.sent(),
            "generator_lag": _percentiles(result["lag"]),
            "response": _percentiles(result["response"]),
            "doubts": result["doubts"],
        }
    )


def _moved(rig: Rig) -> float:
    """When the route moved for the last time."""
    return _instant([e for e in rig.journal() if e["what"] == "route moved"][-1]["at"])


def _percentiles(histogram: dict[str, Any]) -> dict[str, float]:
    return {name: round(histogram[name], 4) for name in ("p50", "p99", "p99.9", "max")}


def _instant(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
