"""People who type at the wrong moment, twice, or at two desks: nobody is told what is not so."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli.samples import V1, V2, intent, record, target
from cli.shop import HOME, LASTING, Shop
from readiness_deploy import requests
from readiness_deploy.adapters.local import Keeper
from readiness_deploy.ports import Busy, Holder
from readiness_deploy.record import Ending, Release
from readiness_deploy.states import Phase

from readiness.cli.deploying import asking
from readiness.cli.deploying.door import Door
from readiness.cli.deploying.work import Work

DATABASE = "      migrations: {database: {from-env: SHOP_DATABASE}, sql: migrations}"
FIRST = "CREATE TABLE orders (id INTEGER, note TEXT);\n"


@pytest.fixture
def stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a database, whose first version serves."""
    monkeypatch.setenv("SHOP_DATABASE", f"sqlite:///{shop.folder.parent / 'shop.db'}")
    shop.settings(more=DATABASE)
    shop.version("m1", migrations__001_sql=FIRST)
    assert shop.deploy("m1").code == 0
    return shop


def frozen_guard(seen: dict[str, Any]) -> int:
    """The guard that has the run in its hands; 0 for none."""
    lock = seen["lock"] or {}
    return int(lock["pid"]) if lock.get("guard") and seen["record"]["phase"] == "baking" else 0


def test_a_rollback_is_not_lost_to_a_promotion_typed_after_it(shop: Shop):
    first = shop.deploy("v1").end["release"]
    shop.settings(bake=LASTING)
    deploying = shop.begin("deploy", "--version", "v2", "--yes", "--format", "json")
    guard = shop.until(frozen_guard)
    os.kill(guard, signal.SIGSTOP)
    try:
        back = shop.begin("rollback", "--format", "json")
        shop.until(lambda seen: (seen["request"] or {}).get("kind") == "rollback")
        promoted = shop.run("promote", "--format", "json")
    finally:
        with suppress(ProcessLookupError):
            os.kill(guard, signal.SIGCONT)
    assert (promoted.code, promoted.end["outcome"]) == (7, "refused")
    # On a machine that is slow enough the keeper ends the guard that hangs, and the next one is faster than this.
    slow = "guard hangs" in (shop.state / "log" / "keeper.log").read_text()
    assert slow or "asked for the release to be taken back" in promoted.end["why"]
    assert shop.end(back).code == 0
    assert shop.end(deploying).code == 5
    assert shop.answers() == first


SOON = "from readiness.cli.deploying import words; words._UNHEARD = 1.0; from readiness.cli import main; main()"


def test_who_asks_one_that_hangs_is_told_who_that_is_and_what_takes_over(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shop.settings(more="      approval: required")
    assert shop.deploy("v1").code == 8
    hanging = Keeper(shop.state)
    hanging.lock(Holder(by="a deployer", host="here", pid=os.getpid(), run="r", since="now"))
    said = tmp_path / "said"
    with monkeypatch.context() as impatient, said.open("w") as out:
        impatient.setattr("cli.shop.CLI", [sys.executable, "-c", SOON])
        asking = shop.begin("abort", stdout=out)
    shop.until(lambda seen: "takes it over" in said.read_text())
    told = next(line for line in said.read_text().splitlines() if "not heard" in line)
    assert f"a deployer (process {os.getpid()} on here), not heard for " in told
    assert "`readiness abort --env local --take-over '…'` takes it over" in told
    assert shop.run("abort", "--take-over", "it hangs").code == 4
    assert shop.end(asking).code == 4
    hanging.close()


@pytest.mark.parametrize("verb", ["rollback", "abort"])
def test_the_way_back_is_taken_over_from_whoever_hangs(shop: Shop, verb: str):
    first = shop.deploy("v1").end["release"]
    shop.settings(bake=LASTING)
    assert shop.deploy("v2", "--no-wait").code == 8
    shop.until_phase("baking")
    hanging = Keeper(shop.state)
    hanging.lock(Holder(by="a person", host="here", pid=os.getpid(), run="r", since="now"), take_over="I look myself")
    done = shop.run(verb, "--take-over", "it hangs", "--format", "json")
    assert (done.code, done.end["outcome"]) == (0, "rolled-back-as-asked"), done.out
    assert "watching" not in [event["event"] for event in done.events[:-1]]
    assert shop.answers() == first
    hanging.close()


def test_who_took_over_is_heard_while_a_gate_and_a_receiver_take_their_time(shop: Shop, tmp_path: Path):
    shop.deploy("v1")

    def waiting(name: str) -> str:
        return f'[sh, -c, "mktemp {tmp_path}/{name}-XXXX; until test -e {tmp_path}/go; do sleep 0.1; done"]'

    gate = f"{{name: asks, timeout: 300, command: {{run: {waiting('gate')}}}}}"
    shop.settings(bake=LASTING, more=f"      notify: [{{timeout: 60, command: {waiting('told')}}}]", **{HOME: gate})
    assert shop.deploy("v2", "--no-wait").code == 8
    guards = shop.until(lambda seen: {*tmp_path.glob("gate-*")})
    mine = shop.begin("resume", "--take-over", "I look myself", "--format", "json")
    shop.until(lambda seen: {*tmp_path.glob("gate-*")} - guards and [*tmp_path.glob("told-*")])
    heard = [0.0]

    def often(seen: dict[str, Any]) -> bool:
        heard.append(seen["lock"]["silent"] if seen["lock"]["pid"] == mine.pid else -1.0)
        return heard[-1] < 0 or sum(later < earlier for earlier, later in itertools.pairwise(heard)) > 10

    shop.until(often)
    assert min(heard) == 0
    (tmp_path / "go").touch()
    shop.promote()
    assert shop.end(mine).code == 0


def test_an_abort_whose_deployer_leaves_before_it_heard_is_carried_out(shop: Shop):
    shop.settings(more="      approval: required")
    assert shop.deploy("v1").code == 8
    leaving = Keeper(shop.state)
    leaving.lock(Holder(by="a deployer", host=socket.gethostname(), pid=os.getpid(), run="r", since="now"))
    aborting = shop.begin("abort", "--format", "json")
    shop.until(lambda seen: seen["request"])
    leaving.unlock()
    leaving.close()
    done = shop.end(aborting)
    assert (done.code, done.end["outcome"]) == (4, "aborted")


@pytest.mark.parametrize(
    ("kind", "run", "outcome", "serves", "then"),
    [
        ("abort", "r1", "deployed", V2, "rollback"),
        ("rollback", "r1", "deployed", V2, "rollback"),
        ("promote", "r1", "deployed", V2, ""),
        ("abort", "r1", "rolled-back", V1, ""),
        ("rollback", "r1", "rolled-back", V1, ""),
        ("abort", "r2", "deployed", V2, ""),
        ("abort", "r1", "rolled-back", V2, "status"),  # a rollback that is where it led to
        ("abort", "r2", "rolled-back", V2, ""),
    ],
)
def test_what_came_too_late_to_be_heard_is_no_success(
    monkeypatch: pytest.MonkeyPatch, kind: str, run: str, outcome: str, serves: Release, then: str
):
    """In the moment between the question and the answer the run, whose release is V2, came to its end."""
    silent: Any = SimpleNamespace(note=lambda *_, **__: None)
    work = Work(verb=kind, target=target(), voice=silent, telling=silent, signals=silent)
    ended = record(last=Ending(run=run, release=V2.id, version="v2", outcome=outcome), slots={"blue": serves})
    seen = iter([record(Phase.BAKING, intent=intent()), ended])
    door: Any = SimpleNamespace(record=lambda: next(seen), shown=lambda: ended, ask=lambda *_: None)
    monkeypatch.setattr(asking, "seen_through", lambda work, _door: work.ended("watched", 0, ""))
    end = asking.asked(work, door, kind, "")
    assert (end.exit, end.next) == ((7, f"readiness {then} --env local") if then else (0, ""))


@pytest.mark.parametrize(
    ("guard", "phase", "busy_for", "waits"),
    [
        (True, Phase.STABLE, 9.0, 9.0),
        (True, Phase.STABLE, 3600.0, 10.0),  # it hangs: who waits is told so
        (True, Phase.BAKING, 9.0, 0.0),
        (False, Phase.STABLE, 9.0, 0.0),
    ],
)
def test_a_guard_whose_run_is_over_is_given_a_moment_to_let_go(
    guard: bool, phase: Phase, busy_for: float, waits: float
):
    holds = Holder(by="the guard", host="here", pid=1, run="r1", since="now", guard=guard)
    now = 100.0

    def lock(*_: object, **__: object) -> int:
        if now < 100.0 + busy_for:
            raise Busy(holds)
        return 7

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        assert now < 200, "it waits for ever"

    clock = SimpleNamespace(now=lambda: now, sleep=sleep)
    door: Any = SimpleNamespace(_keeper=SimpleNamespace(lock=lock), clock=clock, record=lambda: record(phase))
    mine = Holder(by="a deployer", host="here", pid=2, run="r2", since="now")
    if waits == busy_for:
        assert Door.lock(door, mine, "") == 7
    else:
        with pytest.raises(Busy):
            Door.lock(door, mine, "")
    assert now - 100.0 == pytest.approx(waits, abs=0.2)


def test_what_a_stopped_keeper_would_serve_counts_as_serving(stored: Shop):
    stored.version("m2", migrations__001_sql=FIRST, migrations__002_sql="ALTER TABLE orders DROP COLUMN note;\n")
    assert stored.run("keeper", "stop").code == 0
    shown = stored.run("deploy", "--version", "m2", "--plan")
    assert shown.code == 0, shown.out
    assert "serves now   m1" in shown.out
    done = stored.deploy("m2")
    assert done.code == 0, done.out
    migrated = [event["migration"] for event in done.events if event.get("event") == "migrated"]
    assert migrated == []


def test_the_way_back_needs_no_database(stored: Shop, monkeypatch: pytest.MonkeyPatch):
    stored.version("m3", migrations__001_sql=FIRST)
    assert stored.deploy("m3").code == 0
    monkeypatch.delenv("SHOP_DATABASE")
    done = stored.run("rollback", "--format", "json")
    assert (done.code, done.end["outcome"]) == (0, "rolled-back-as-asked"), done.out


def test_a_release_that_stands_by_and_is_not_ready_is_started_anew(shop: Shop):
    first = shop.deploy("v1").end["release"]
    assert shop.deploy("v2").code == 0
    shop.turn_unready("blue")
    done = shop.run("rollback", "--format", "json")
    assert done.code == 0, done.out
    assert shop.answers() == first


def test_a_release_that_was_changed_is_not_gone_back_to(shop: Shop):
    shop.settings(more="      keep: 0")
    first = shop.deploy("v1").end["release"]
    second = shop.deploy("v2").end["release"]
    shop.until(lambda seen: seen["colours"]["blue"]["standing"] == "absent")
    file: Path = shop.state / "releases" / first / "tree" / "serve"
    file.chmod(0o755)
    file.write_text(file.read_text() + "# changed\n")
    file.chmod(0o555)
    done = shop.run("rollback", "--format", "json")
    assert done.code == 4, done.out
    assert "serve of" in done.end["why"]
    assert "was changed since it was sealed" in done.end["why"]
    assert shop.answers() == second


def test_a_version_that_is_selected_and_dead_is_not_called_deployed(shop: Shop):
    assert shop.deploy("v1").code == 0
    shop.turn_unready("blue")
    done = shop.deploy("v1")
    assert (done.code, done.end["outcome"]) == (6, "held"), done.out


def test_a_deployer_watches_where_no_guard_stays_up(shop: Shop):
    assert shop.deploy("v1").code == 0
    shop.settings(bake=LASTING)
    deploying = shop.begin("deploy", "--version", "v2", "--yes", "--format", "json")
    killed: set[int] = set()

    def hopeless(seen: dict[str, Any]) -> bool:
        guard = frozen_guard(seen)
        if guard and guard not in killed:
            killed.add(guard)
            os.kill(guard, signal.SIGKILL)
        return len(killed) >= 3 and not seen["guard"]

    shop.until(hopeless)
    shop.promote()
    done = shop.end(deploying)
    assert (done.code, done.end["outcome"]) == (0, "deployed"), done.out


def test_gates_that_could_not_tell_are_asked_again_by_resume(shop: Shop, tmp_path: Path):
    shop.deploy("v1")
    sees = tmp_path / "sees"
    asks = f'{{name: asks, inconclusive-limit: 0, command: {{run: [sh, -c, "test -e {sees} || exit 75"]}}}}'
    shop.settings(**{HOME: asks})
    doubtful = shop.deploy("v2")
    assert (doubtful.code, doubtful.end["outcome"]) == (3, "inconclusive")
    assert shop.run("resume", "--format", "json").code == 3
    sees.touch()
    done = shop.run("resume", "--format", "json")
    assert (done.code, done.end["outcome"]) == (0, "deployed")
    assert shop.answers() == done.end["release"] == doubtful.end["release"]


def test_an_abort_of_a_doubtful_candidate_that_is_killed_is_finished_by_resume(shop: Shop):
    shop.deploy("v1")
    shop.settings(**{HOME: '{name: asks, inconclusive-limit: 0, command: {run: [sh, -c, "exit 75"]}}'})
    assert shop.deploy("v2").code == 3
    aborting = Keeper(shop.state)
    aborting.lock(Holder(by="abort", host=socket.gethostname(), pid=os.getpid(), run="r", since="now"))
    world: Any = SimpleNamespace(route=aborting)
    requests.withdraw(world, "anna")
    aborting.close()
    shop.until(lambda seen: seen["lock"] is None)
    assert shop.status()["next"] == "readiness resume --env local"
    done = shop.run("resume", "--format", "json")
    assert (done.code, done.end["outcome"]) == (4, "aborted")
    assert shop.deploy("v1").end["outcome"] == "nothing-to-do"
