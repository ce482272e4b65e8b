"""Gates at work: nothing blocks, nothing late counts, nothing is left behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from gates.hostile import drip_head, hang, hostile, says
from gates.truth import RealClock
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.gates.judge import Rule
from readiness_deploy.gates.probe import Found, Hidden
from readiness_deploy.gates.series import Gate, LiveSeries
from readiness_deploy.ports import Measurement, Series, Subject, Verdict
from readiness_deploy.record import Release
from sources.cluster.certificates import make, serves_with
from sources.cluster.server import Says, serving

from readiness.http import Tls

PASS, FAIL, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
PATIENCE = 60.0
RELEASE = Release(id="r-1", version="1.0", details={"identity": {"header": "Release"}})


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def stamp(self) -> str:
        return f"at {self.time:g}"

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Puppet:
    """A probe that says what a test tells it to, when it tells it to. Each look waits for its word."""

    words: list[Verdict | BaseException | None]
    told: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    looks: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def look(self) -> Found:
        word = self.words[self.looks]
        self.looks += 1
        assert self.told.acquire(timeout=PATIENCE)
        if isinstance(word, BaseException):
            raise word
        assert word is not None
        return Found(verdict=word, query="q", who="w", why=f"look {self.looks}")

    def stop(self) -> None:
        self.stopped.set()


def gate(puppet: Puppet, *, delay: float = 0.0, timeout: float = 5.0, **by: Any) -> Gate:
    return Gate(
        name="it",
        rule=Rule(**{"duration": 60, **by}),
        delay=delay,
        timeout=timeout,
        make=lambda _hidden, _elapsed: puppet,
        hidden=lambda: Hidden({}, Path("/")),
        sketch=Found(verdict=UNSURE, query="q", who="w"),
    )


def eventually(said: Callable[[], bool]) -> None:
    """Give other threads time until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not said():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(0.001)


def idle() -> Iterator[threading.Thread]:
    return (t for t in threading.enumerate() if t.name.startswith("gate "))


@pytest.fixture
def clock() -> Hands:
    return Hands()


def told(series: Series, puppet: Puppet, looks: int, seen: list[Measurement]) -> Verdict | None:
    """Let the next look end, and poll until it is counted."""
    puppet.told.release()
    eventually(lambda: bool(series.poll() or len(seen) >= looks))
    return series.poll()


def test_no_gates_pass_at_once(clock: Hands) -> None:
    series = LiveGates(clock, Outside(variables={})).begin([], subject())
    assert series.poll() is PASS
    assert series.finish() is PASS


def test_a_poll_does_not_wait_for_a_look(clock: Hands) -> None:
    puppet = Puppet([PASS])
    series = LiveSeries([gate(puppet, enough=1)], clock, lambda _: None)
    began = time.monotonic()
    assert [series.poll() for _ in range(100)] == [None] * 100
    assert time.monotonic() - began < PATIENCE / 4
    puppet.told.release()
    eventually(lambda: series.poll() is PASS)
    assert puppet.looks == 1


def test_looks_follow_each_other_by_the_interval(clock: Hands) -> None:
    puppet, seen = Puppet([PASS, PASS, PASS]), []
    series = LiveSeries([gate(puppet, enough=3, interval=10, delay=5)], clock, seen.append)
    clock.time += 4.9
    series.poll()
    assert not puppet.looks, "not before its initial delay"
    clock.time += 0.1
    assert told(series, puppet, 1, seen) is None
    clock.time += 9.9
    series.poll()
    assert puppet.looks == 1
    clock.time += 0.1
    assert told(series, puppet, 2, seen) is None
    clock.time += 10
    assert told(series, puppet, 3, seen) is PASS
    assert [m.at for m in seen] == ["at 105", "at 115", "at 125"]


def test_an_answer_after_its_time_does_not_count(clock: Hands) -> None:
    puppet, seen = Puppet([PASS, PASS]), []
    series = LiveSeries([gate(puppet, enough=1, timeout=5, inconclusive_limit=0)], clock, seen.append)
    series.poll()
    eventually(lambda: puppet.looks == 1)
    clock.time += 5.1
    assert series.poll() is UNSURE
    assert puppet.stopped.is_set()
    puppet.told.release()
    eventually(lambda: not list(idle()))
    assert series.poll() is UNSURE
    assert [m.verdict for m in seen] == [UNSURE]
    assert "no answer within 5 s" in seen[0].why


def test_a_late_answer_is_not_taken_for_that_of_the_next_look(clock: Hands) -> None:
    puppets, seen = [Puppet([PASS]), Puppet([FAIL])], []
    made = iter(puppets)
    one = replace(gate(puppets[0], enough=1, timeout=5), make=lambda _hidden, _elapsed: next(made))
    series = LiveSeries([one], clock, seen.append)
    series.poll()
    eventually(lambda: puppets[0].looks == 1)
    clock.time += 5.1
    assert series.poll() is None
    puppets[0].told.release()
    eventually(lambda: puppets[0].stopped.is_set() and len(list(idle())) <= 1)
    clock.time += 1
    assert told(series, puppets[1], 2, seen) is FAIL
    assert [m.verdict for m in seen] == [UNSURE, FAIL]


def test_an_answer_that_took_too_long_does_not_count_though_nobody_polled_meanwhile(clock: Hands) -> None:
    puppet, seen = Puppet([PASS]), []
    series = LiveSeries([gate(puppet, enough=1, timeout=5, inconclusive_limit=0)], clock, seen.append)
    series.poll()
    eventually(lambda: puppet.looks == 1)
    clock.time += 5.1
    puppet.told.release()
    eventually(lambda: not list(idle()))
    assert series.poll() is UNSURE
    assert [m.verdict for m in seen] == [UNSURE]


def test_what_comes_after_the_end_does_not_count(clock: Hands) -> None:
    puppet = Puppet([PASS])
    series = LiveSeries([gate(puppet, enough=1)], clock, lambda _: None)
    series.poll()
    assert series.finish() is UNSURE
    puppet.told.release()
    eventually(lambda: not list(idle()))
    assert series.poll() is UNSURE
    assert series.finish() is UNSURE


@pytest.mark.parametrize(("at", "expected"), [(10.0, PASS), (9.7, PASS), (5.0, UNSURE)])
def test_at_the_end_the_last_word_must_be_near_it(clock: Hands, at: float, expected: Verdict) -> None:
    """The bake may be over by another clock than ours, a little earlier; much earlier it was not watched."""
    puppet, seen = Puppet([PASS] * 20), []
    series = LiveSeries([gate(puppet, duration=10, interval=1)], clock, seen.append)
    while clock.time < 100 + at - 1:
        assert told(series, puppet, len(seen) + 1, seen) is None
        clock.time += 1
    clock.time = 100 + at
    assert series.finish() is expected


def test_a_failure_does_not_wait_for_the_other_gates(clock: Hands) -> None:
    bad, slow, seen = Puppet([FAIL]), Puppet([PASS]), []
    gates = [replace(gate(slow, enough=1), name="slow"), replace(gate(bad), name="bad")]
    series = LiveSeries(gates, clock, seen.append)
    assert told(series, bad, 1, seen) is FAIL
    assert slow.stopped.is_set()
    assert series.why() == "gate bad failed: 1 bad, 0 tolerated (the last one: look 1)"
    slow.told.release()


def test_a_probe_that_breaks_says_nothing(clock: Hands) -> None:
    puppet, seen = Puppet([ZeroDivisionError("oops")]), []
    series = LiveSeries([gate(puppet, enough=1, inconclusive_limit=0)], clock, seen.append)
    assert told(series, puppet, 1, seen) is UNSURE
    assert "ZeroDivisionError: oops" in series.why()


def test_looks_that_hang_do_not_pile_up(clock: Hands) -> None:
    puppet, seen = Puppet([PASS] * 100), []
    series = LiveSeries([gate(puppet, duration=1000, interval=1, timeout=1)], clock, seen.append)
    others = set(idle())  # of earlier tests, whose looks are over and whose threads may still end
    for _ in range(50):
        series.poll()
        clock.time += 1.1
    assert len(seen) > 20
    assert {m.verdict for m in seen} == {UNSURE}
    assert len(set(idle()) - others) <= 3
    assert series.finish() is UNSURE
    puppet.told.release(100)
    eventually(lambda: not list(idle()))


def test_settings_that_cannot_be_read_are_a_gate_that_cannot_tell() -> None:
    series = LiveGates(RealClock(), Outside(variables={})).begin([{"name": "old", "htttp": {}}], subject())
    eventually(lambda: series.poll() is UNSURE)
    assert "old" in series.why()
    assert "settings cannot be read" in series.why()


# With real sockets and programs


def subject(**but: Any) -> Subject:
    return Subject(**{"release": RELEASE, "colour": "green", "before": True, "duration": 60.0, **but})


def test_an_initial_delay_is_that_of_the_bake_and_not_of_each_guard(clock: Hands) -> None:
    asked: list[str] = []

    def traffic(colour: str, _window: float) -> dict[str, Any]:
        asked.append(colour)
        return {}

    gate = {"name": "it", "initial-delay": 30, "traffic": {"max-error-ratio": 0.01}}
    series = LiveGates(clock, Outside(traffic=traffic, variables={})).begin([gate], subject(before=False, since=25.0))
    others = set(idle())  # of earlier tests, whose looks are over and whose threads may still end
    clock.time += 4.9
    assert series.poll() is None
    assert (asked, set(idle()) - others) == ([], set())
    clock.time += 0.2
    eventually(lambda: bool(series.poll() or asked))
    assert asked == ["green"]
    series.close()


def live(address: str, **more: Any) -> LiveGates:
    outside = Outside(**{"variables": {}, "address": lambda _: address, "entry": address, **more.pop("outside", {})})
    return LiveGates(RealClock(), outside, **more)


@pytest.mark.parametrize("behaviour", [hang, drip_head])
def test_closing_ends_what_is_being_read(behaviour: Any) -> None:
    with hostile(behaviour) as server:
        series = live(server.address).begin([{"name": "x", "http": {}, "timeout": 300}], subject())
        series.poll()
        eventually(lambda: bool(server.asked))
        series.close()
        eventually(lambda: not list(idle()))


def test_closing_ends_the_program_and_its_children(tmp_path: Path) -> None:
    script = f"sleep 3600 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; wait"
    series = live("").begin([{"name": "x", "command": {"run": ["sh", "-c", script]}, "timeout": 300}], subject())
    series.poll()
    eventually(lambda: (tmp_path / "parent").exists() and (tmp_path / "parent").read_text().strip() != "")
    pids = [int((tmp_path / name).read_text()) for name in ("child", "parent")]
    series.close()
    eventually(lambda: not list(idle()))
    for pid in pids:
        eventually(lambda pid=pid: not _runs(pid))  # type: ignore[misc]


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_a_child_leaves_running_ends_with_its_gate(tmp_path: Path) -> None:
    script = f"sleep 3600 & echo $! > {tmp_path}/child"
    series = live("").begin([{"name": "x", "command": {"run": ["sh", "-c", script]}}], subject())
    eventually(lambda: series.poll() is PASS)
    eventually(lambda: not _runs(int((tmp_path / "child").read_text())))


def test_before_the_switch_the_colour_is_asked_and_after_it_the_entry() -> None:
    with hostile(says(200, b"", Release="r-1")) as colour, hostile(says(200, b"", Release="r-1")) as entry:
        gates = live(colour.address, outside={"entry": entry.address})
        for before, asked, silent in ((True, colour, entry), (False, entry, colour)):
            colour.asked.clear()
            entry.asked.clear()
            series = gates.begin([{"name": "x", "http": {"path": "/a?b=c%20d"}, "count": 1}], subject(before=before))
            eventually(lambda series=series: series.poll() is PASS)  # type: ignore[misc]
            assert [t.target for t in asked.asked] == ["/a?b=c%20d"]
            assert not silent.asked


@pytest.mark.parametrize(
    ("tls", "expected"), [(None, PASS), (Tls(verify=False), PASS), (Tls(), UNSURE), (Tls(server_name="shop"), UNSURE)]
)
def test_the_entry_on_this_machine_may_have_a_certificate_for_the_name_that_users_know(
    tmp_path: Path, tls: Tls | None, expected: Verdict
) -> None:
    proof = make(tmp_path, "server", issuer=make(tmp_path, "authority"), host="shop.example")
    gate = {"name": "x", "http": {}, "count": 1, "inconclusive-limit": 0, "timeout": PATIENCE}
    with serving({"/": Says(200, None, {"Release": "r-1"})}, serves_with(proof)) as server:
        series = live(server.address, outside={"entry_tls": tls}).begin([gate], subject(before=False))
        eventually(lambda: series.poll() is not None)
    assert series.finish() is expected, series.why()


def test_elsewhere_a_certificate_is_for_the_name_that_is_asked() -> None:
    outside = Outside(variables={})
    for address in ("https://127.0.0.1:8443", "https://localhost/x", "https://[::1]:8443"):
        assert not outside.tls(subject(), address).verify
    for address in ("https://10.0.0.1:8443", "https://shop.example", "https://127.0.0.1.example", "https://["):
        assert outside.tls(subject(), address).verify


def test_each_look_is_asked_once_on_a_connection_of_its_own() -> None:
    with hostile(says(503, b"", Release="r-1", Retry_After="0")) as server:
        gate = {"name": "x", "http": {}, "count": 5, "failure-limit": 2, "interval": 0.01}
        series = live(server.address).begin([gate], subject())
        eventually(lambda: series.poll() is FAIL)
        assert len(server.asked) == 3
        assert len({t.connection for t in server.asked}) == 3


def test_a_command_knows_its_release_and_nothing_of_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURROUNDING", "around")
    (tmp_path / "smoke.sh").write_text('#!/bin/sh\nenv | sort > seen\n[ "$DECLARED" = "s3cret-value" ]\n')
    (tmp_path / "smoke.sh").chmod(0o755)
    release = replace(RELEASE, details={"folder": str(tmp_path)})
    run = {"run": ["./smoke.sh"], "environment": {"DECLARED": {"from-env": "HIDDEN"}, "PLAIN": "x"}}
    gates = live("http://127.0.0.1:1", outside={"variables": {"HIDDEN": "s3cret-value"}})
    series = gates.begin([{"name": "x", "command": run}], subject(release=release))
    eventually(lambda: series.poll() is not None)
    assert series.poll() is PASS, series.why()
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    assert seen.pop("PATH")
    names = {"DECLARED", "PLAIN", "READINESS_RELEASE", "READINESS_VERSION", "READINESS_COLOUR", "READINESS_ADDRESS"}
    assert set(seen) - {"PWD", "LC_ALL", "OLDPWD", "SHLVL", "_"} == names
    assert (seen["READINESS_RELEASE"], seen["READINESS_VERSION"], seen["READINESS_COLOUR"]) == ("r-1", "1.0", "green")
    assert seen["READINESS_ADDRESS"] == "http://127.0.0.1:1"


SECRET = 'hunter2/"and more"'


@pytest.mark.parametrize(
    "script",
    [
        'echo "$S" >&2; exit 1',
        'printf %s "$S" | base64; exit 1',
        'while :; do printf %s "$S"; done | head -c 70000; exit 1',
        'printf "%s\\033[0m%s" "${S%l*}" "$S"; exit 1',
    ],
)
def test_no_secret_is_in_what_is_recorded(script: str) -> None:
    seen: list[Measurement] = []
    run = {"run": ["sh", "-c", script], "environment": {"S": {"from-env": "HIDDEN"}}}
    gates = live("", outside={"variables": {"HIDDEN": SECRET}}, record=seen.append)
    series = gates.begin([{"name": "x", "command": run}], subject())
    eventually(lambda: series.poll() is FAIL)
    said = f"{seen} {series.why()}"
    assert "hunter2" not in said
    assert "aHVudGVyMi8iYW5kIG1vcmUi" not in said
    assert "<S>" in said


def test_not_even_the_beginning_of_a_secret_is_recorded_where_output_was_cut() -> None:
    seen: list[Measurement] = []
    long = "hunter2-" * 700
    script = 'while :; do printf %s "$S"; done | head -c 70000; exit 1'
    run = {"run": ["sh", "-c", script], "environment": {"S": {"from-env": "HIDDEN"}}}
    series = live("", outside={"variables": {"HIDDEN": long}}, record=seen.append).begin(
        [{"name": "x", "command": run}], subject()
    )
    eventually(lambda: series.poll() is FAIL)
    assert "hunter2" not in f"{seen} {series.why()}"


def test_a_token_goes_to_prometheus_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken-of-mine\n")
    seen: list[Measurement] = []
    with hostile(lambda talk: says(403, f'{{"error": "{talk.headers["authorization"]} is refused"}}')(talk)) as server:
        query = {"address": server.address, "query": "up", "max": 1, "token": {"from-file": str(tmp_path / "token")}}
        gates = live("", record=seen.append)
        gate = {"name": "x", "prometheus": query, "inconclusive-limit": 0, "timeout": PATIENCE}
        series = gates.begin([gate], subject())
        eventually(lambda: series.poll() is UNSURE)
        assert server.asked[0].headers["authorization"] == "Bearer t0ken-of-mine"
    said = f"{seen} {series.why()}"
    assert "403" in said
    assert "is refused" in said
    assert "t0ken" not in said


@pytest.mark.parametrize(
    ("token", "authorization"),
    [
        ({"from-file": "keys/token"}, "Bearer t0ken-of-mine"),
        ({"from-file": "~nobody-of-that-name/token"}, "Bearer t0ken-in-a-folder-of-that-name"),
    ],
)
def test_a_file_of_a_reference_is_looked_for_beside_the_settings(
    tmp_path: Path, token: dict[str, str], authorization: str
) -> None:
    for folder, text in (("keys", "t0ken-of-mine"), ("~nobody-of-that-name", "t0ken-in-a-folder-of-that-name")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "token").write_text(f"{text}\n")
    with hostile(says(403)) as server:
        query = {"address": server.address, "query": "up", "max": 1, "token": token}
        series = live("", outside={"folder": tmp_path}).begin(
            [{"name": "x", "prometheus": query, "inconclusive-limit": 0, "timeout": PATIENCE}], subject()
        )
        eventually(lambda: series.poll() is UNSURE)
        assert [one.headers["authorization"] for one in server.asked] == [authorization], series.why()


def test_a_login_in_an_address_is_not_in_the_evidence() -> None:
    seen: list[Measurement] = []
    with hostile(says(401)) as server:
        at = server.address.replace("http://", "http://me:passw0rd@")
        patient = {"inconclusive-limit": 0, "timeout": PATIENCE}
        gates: list[dict[str, Any]] = [
            {"name": "x", "prometheus": {"address": at, "query": "up", "max": 1}, **patient},
            {"name": "y", "http": {}, "failure-limit": 1, **patient},
        ]
        series = live(at, record=seen.append).begin(gates, subject())
        eventually(lambda: series.poll() is FAIL)
    said = f"{seen} {series.why()}"
    assert "401" in said
    assert "passw0rd" not in said
    assert "me:" not in said


def test_the_evidence_says_what_was_measured_and_of_whom() -> None:
    seen: list[Measurement] = []
    counts = {"n": 40, "errors": 4, "no_answer": 0, "quantiles": {}}
    asked: list[tuple[str, float]] = []

    def traffic(colour: str, window: float) -> Any:
        asked.append((colour, window))
        return counts

    gates = live("", outside={"traffic": traffic}, record=seen.append)
    gate = {"name": "errors", "traffic": {"max-error-ratio": 0.05, "window": 600}, "timeout": PATIENCE}
    series = gates.begin([gate], subject(before=False, since=12.0))
    eventually(lambda: series.poll() is FAIL)
    (one,) = seen
    assert (one.gate, one.verdict, one.value, one.n) == ("errors", FAIL, 0.1, 40)
    assert "0.05" in one.threshold
    assert "r-1" in one.who
    assert "green" in one.who
    assert one.window == asked[0][1]
    assert 12 <= one.window < 100, "what users got before the switch was another release in this slot"


def test_dry_says_what_each_gate_answers_now() -> None:
    with hostile(says(200, b"", Release="r-1")) as good, hostile(hang) as slow:
        gates: list[dict[str, Any]] = [
            {"name": "good", "http": {}, "initial-delay": 3000, "count": 100, "timeout": PATIENCE},
            {"name": "slow", "prometheus": {"address": slow.address, "query": "up", "max": 1}, "timeout": 0.3},
            {"name": "odd", "command": {"run": ["sh", "-c", "exit 3"]}, "timeout": PATIENCE},
            {"name": "unreadable"},
        ]
        seen: list[Measurement] = []
        said = live(good.address, record=seen.append).dry(gates, subject())
        assert [(m.gate, m.verdict) for m in said] == [
            ("good", PASS), ("slow", UNSURE), ("odd", FAIL), ("unreadable", UNSURE),
        ]  # fmt: skip
        assert not seen, "a rehearsal is no evidence"
        eventually(lambda: not list(idle()))


def test_a_look_that_begins_leaves_no_descriptor_behind() -> None:
    with hostile(says(200, b"", Release="r-1")) as server:
        gates = live(server.address)
        eventually(lambda: gates.begin([{"name": "x", "http": {}}], subject()).poll() is None)
        eventually(lambda: not list(idle()))
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only how many there are
        series = gates.begin([{"name": "x", "http": {}, "count": 30, "interval": 0.001}], subject())
        eventually(lambda: series.poll() is PASS)
        eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 1)  # noqa: PTH208
