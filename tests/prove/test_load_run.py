"""Arrivals keep their schedule whatever the server does, and every request stands in the account."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from loopback import PATIENCE, Asked, Talk, adds_up, eventually, loaded, polite, serving
from readiness_prove.load import Arrivals, BadPlan, Load, Lost, NotSent, Plan, Request, Witnessed, parse_target
from readiness_prove.load.tally import Miscounted, Tally


def test_all_is_well() -> None:
    with serving(polite) as server:
        # Slowly: what is overdue goes out at once, and then no connection is free for another request.
        result = loaded(server, count=50, rate=50, connections=4, echo_header="X-Request-Id")
    assert (result.testimony, result.answered, result.lost, result.not_sent) == (Witnessed.NONE_LOST, 50, {}, {})
    assert (result.doubts, result.saturated) == ((), False)
    assert result.connections.opened == server.connections >= 4
    assert result.connections.reused == 50 - server.connections > 0
    assert sorted(asked.identity for asked in server.asked) == sorted(f"{result.run}-{n}" for n in range(50))
    assert {asked.line for asked in server.asked} == {"GET / HTTP/1.1"}


def test_without_keep_alive_each_request_has_a_connection_and_says_that_it_is_the_last() -> None:
    with serving(polite) as server:
        result = loaded(server, count=20, keep_alive=False)
    assert (result.answered, server.connections, result.connections.reused) == (20, 20, 0)
    assert {asked.headers["connection"] for asked in server.asked} == {"close"}


def test_a_connection_that_the_answer_ends_is_not_used_again() -> None:
    def goodbye(talk: Talk) -> None:
        while talk.request():
            talk.answer(Connection="keep-alive, Close")

    with serving(goodbye) as server:
        result = loaded(server, count=10, connections=1)
    assert (result.answered, result.lost, server.connections) == (10, {}, 10)


@pytest.mark.parametrize("where", ["unix", "::1", "localhost"])
def test_where_a_server_may_listen(where: str, tmp_path: Path) -> None:
    unix = tmp_path / "socket" if where == "unix" else None
    with serving(polite, unix=unix, host="::1" if where == "::1" else "127.0.0.1") as server:
        url = server.url.replace("127.0.0.1", "localhost") if where == "localhost" else server.url
        result = loaded(url, count=5)
    assert (result.answered, result.testimony) == (5, Witnessed.NONE_LOST)
    assert "localhost" in server.asked[0].headers["host"] or where == "::1"


def test_arrivals_go_on_while_the_server_hangs() -> None:
    """Nothing is answered before all requests have come: whoever waits for answers never sends the second one."""
    everybody = threading.Event()

    def waits(talk: Talk) -> None:
        asked = talk.request()
        assert asked
        if len(talk.server.asked) >= 50:
            everybody.set()
        assert everybody.wait(PATIENCE)
        talk.answer()

    with serving(waits) as server:
        result = loaded(server, count=50, rate=200)
    assert (result.answered, result.lost, server.connections) == (50, {}, 50)
    # The stall lasted 245 ms and ended for all at once: evenly spread, half of them waited for more than half of it.
    median, worst = result.response.percentile(50), result.response.percentile(100)
    assert median is not None
    assert worst is not None
    assert 0.1 < median < worst
    assert worst >= 0.24


def test_the_generators_own_delay_is_in_the_response_and_makes_a_good_verdict_impossible() -> None:
    def slow_to_make(number: int) -> bytes:
        if number == 5:
            time.sleep(2)  # the fault of this test: a generator that does not get its turn
        return b""

    with serving(polite) as server:
        result = loaded(server, count=60, rate=200, lag_bound=0.05, requests=(Request("POST", body=slow_to_make),))
    response, service, lag = (h.percentile(50) for h in (result.response, result.service, result.lag))
    assert response is not None
    assert service is not None
    assert lag is not None
    assert response >= lag > 1
    assert service < lag, "the server was quick"
    assert (result.lost, result.saturated, result.testimony) == ({}, True, Witnessed.UNKNOWN)
    assert "lag p99" in result.doubts[0]
    assert 0 in result.blind


def test_lost_requests_are_told_also_by_a_generator_that_was_late() -> None:
    def slow_to_make(number: int) -> bytes:
        time.sleep(0.1 if number == 1 else 0)
        return b""

    with serving(lambda talk: talk.close()) as server:
        result = loaded(server, count=3, lag_bound=0.05, requests=(Request("POST", body=slow_to_make),))
    assert (result.saturated, result.testimony) == (True, Witnessed.LOST)


def test_the_bound_of_requests_in_flight() -> None:
    def hangs(talk: Talk) -> None:
        talk.request()
        talk.head()

    with serving(hangs) as server:
        result = loaded(server, count=20, rate=500, max_in_flight=4, timeout=2.0)
    assert (result.lost, result.not_sent) == ({Lost.TIMEOUT: 4}, {NotSent.IN_FLIGHT: 16})
    assert result.saturated
    assert result.response.count == 20, "what was not sent for want of answers was not fast either"


def test_what_was_not_sent_is_no_good_news() -> None:
    go = threading.Event()

    def slow(talk: Talk) -> None:
        if talk.request():
            go.wait(PATIENCE)
            talk.answer()

    def last(number: int) -> bytes:
        if number == 9:
            go.set()
        return b""

    with serving(slow) as server:
        result = loaded(server, count=10, max_in_flight=1, requests=(Request("POST", body=last),))
    assert result.lost == {}
    assert result.not_sent[NotSent.IN_FLIGHT] >= 8
    assert result.testimony is Witnessed.UNKNOWN


@pytest.mark.parametrize("at_once", [False, True])
def test_a_run_that_is_stopped_waits_for_its_answers_unless_it_may_not(at_once: bool) -> None:
    made: list[Load] = []
    stopped = threading.Event()

    def third(talk: Talk) -> None:
        talk.request()
        if len(talk.server.asked) >= 3:
            made[0].stop(at_once=at_once)
            stopped.set()
        assert stopped.wait(PATIENCE)
        if at_once:
            talk.head()  # until the generator has left
        else:
            talk.answer()

    with serving(third) as server:
        result = loaded(server, count=1000, rate=50, load=made)
    sent = result.answered + result.lost_total
    assert 3 <= len(server.asked) <= sent < 1000
    assert result.not_sent == {NotSent.STOPPED: 1000 - sent}
    if at_once:  # what was about to be sent just then has not come
        assert result.lost == {Lost.ABANDONED: sent}
        assert result.testimony is Witnessed.UNKNOWN
    else:
        assert (result.answered, result.testimony) == (len(server.asked), Witnessed.NONE_LOST)


def test_a_run_that_is_stopped_before_it_began_saw_nothing() -> None:
    load = Load(Plan(parse_target("http://127.0.0.1:1/")))
    load.stop()
    result = adds_up(load.run())
    assert (result.answered, result.testimony, result.doubts) == (0, Witnessed.UNKNOWN, ("no request was sent",))


def test_a_run_ends_when_its_file_appears(tmp_path: Path) -> None:
    until = tmp_path / "enough"

    def tenth(talk: Talk) -> None:
        while talk.request():
            if len(talk.server.asked) >= 10:
                until.touch()
            talk.answer()

    with serving(tenth) as server:
        plan = Plan(parse_target(server.url), rate=100, seconds=100)
        result = adds_up(Load(plan, until=until).run())
    assert 10 <= result.answered < 1000
    assert result.not_sent == {NotSent.STOPPED: 10_000 - result.answered}


def test_a_switch_is_seen_live_and_afterwards() -> None:
    made: list[Load] = []
    seen = []

    def versions(talk: Talk) -> None:
        while asked := talk.request():
            number = int(asked.identity.rpartition("-")[2])
            if number == 30:
                made[0].mark("switch")
                seen.append(eventually(made[0].live, lambda live: old_ones(live.counts) == 30))
            talk.answer(X_Version="v1" if number < 30 else "v2", status=200 if number % 10 else 500)

    def old_ones(counts: Mapping[tuple[str, str], int]) -> int:
        return sum(count for (release, _), count in counts.items() if release == "v1")

    with serving(versions) as server:
        result = loaded(server, count=60, rate=200, load=made, release_header="X-Version")
    old, new = result.releases["v1"], result.releases["v2"]
    assert (old.statuses, new.statuses) == ({200: 27, 500: 3}, {200: 27, 500: 3})
    (mark,) = result.marks
    assert mark.label == "switch"
    assert old.first_sent <= old.last_sent < mark.at < new.last_done
    assert new.first_sent < mark.at
    assert old.last_sent >= 29 / 200
    (live,) = seen
    assert live.planned == 60
    assert (live.counts["v1", "2xx"], live.counts["v1", "5xx"]) == (27, 3)
    assert (live.lost, live.in_flight >= 1, live.due >= 31, live.ended) == (0, True, True, False)
    assert sum(second.counts["v2"]["5xx"] for second in result.timeline if "v2" in second.counts) == 3
    assert made[0].live().ended


def test_releases_without_number_do_not_fill_the_memory() -> None:
    def every(talk: Talk) -> None:
        while asked := talk.request():
            talk.answer(X_Version=asked.identity + "x" * 500)

    with serving(every) as server:
        result = loaded(server, count=100, rate=1000, release_header="X-Version")
    assert len(result.releases) <= 66
    assert max(map(len, result.releases)) <= 128
    assert sum(sum(release.statuses.values()) for release in result.releases.values()) == 100


def test_a_mix_of_operations_comes_as_its_weights_and_its_seed_say() -> None:
    requests = (
        Request("POST", "/pay/${n}", {"Idempotency-Key": "${id}"}, b'{"id": "${id}"}', weight=3),
        Request("GET", "/read"),
        Request("HEAD", "/read", name="look"),
    )

    def run(seed: int) -> list[Asked]:
        with serving(heads_too) as server:
            result = loaded(server, count=100, rate=1000, requests=requests, seed=seed, run="mix")
        assert result.answered == 100
        return sorted(server.asked, key=lambda asked: int(asked.identity[4:]))

    first, again, other = run(1), run(1), run(2)
    assert [asked.line for asked in first] == [asked.line for asked in again] != [asked.line for asked in other]
    posts = [asked for asked in first if asked.line.startswith("POST")]
    assert 45 <= len(posts) <= 75
    for asked in posts:
        number = asked.identity.removeprefix("mix-")
        assert asked.line == f"POST /pay/{number} HTTP/1.1"
        assert asked.headers["idempotency-key"] == asked.identity
        assert asked.body == b'{"id": "%b"}' % asked.identity.encode()


def heads_too(talk: Talk) -> None:
    """Answers HEAD with the length of a body that does not come."""
    while asked := talk.request():
        if asked.line.startswith("HEAD"):
            talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        else:
            talk.answer()


def test_a_fault_of_the_generator_ends_the_run_loudly() -> None:
    def broken(number: int) -> bytes:
        raise ZeroDivisionError(f"request {number}")

    with serving(polite) as server, pytest.raises(ZeroDivisionError, match="request 0"):
        loaded(server, requests=(Request("POST", body=broken),))
    with serving(polite) as server, pytest.raises(ZeroDivisionError, match="request 1"):
        loaded(server, requests=(Request("POST", body=lambda number: b"x" if number == 0 else broken(number)),))


def test_a_request_that_nobody_accounted_for_is_a_fault() -> None:
    tally = Tally(Plan(parse_target("http://127.0.0.1:1/")), None, 0.0)
    with pytest.raises(Miscounted, match="1 requests were planned, 0 accounted for"):
        tally.check(1)


def test_the_record_has_one_line_for_each_request(tmp_path: Path) -> None:
    def odd_ones_are_cut(talk: Talk) -> None:
        asked = talk.request()
        assert asked
        if int(asked.identity.rpartition("-")[2]) % 2:
            talk.say(b'HTTP/1.1 200 OK\r\nX-Version: "v1"\r\nContent-Length: 9\r\n\r\nx')
        else:
            talk.answer(X_Version='"v1"')

    path = tmp_path / "record.jsonl"
    with serving(odd_ones_are_cut) as server:
        plan = Plan(parse_target(server.url), rate=500, most=10, release_header="X-Version", run="r", keep_alive=False)
        result = adds_up(Load(plan, record=path).run())
    lines = sorted((json.loads(line) for line in path.read_text().splitlines()), key=lambda line: line["intended"])
    assert [line["id"] for line in lines] == [f"r-{n}" for n in range(10)]
    assert [line.get("lost") for line in lines] == [None, "cut"] * 5
    assert {(line["status"], line["release"], line["operation"]) for line in lines} == {(200, '"v1"', "GET /")}
    assert all(line["intended"] <= line["sent"] <= line["first"] <= line["ended"] for line in lines)
    assert lines[3]["intended"] == pytest.approx(result.started + 3 / 500, abs=1e-5)


def test_a_record_that_cannot_be_written() -> None:
    target = parse_target("http://127.0.0.1:1/")
    with pytest.raises(BadPlan, match=r"/nowhere/record cannot be written"):
        Load(Plan(target), record=Path("/nowhere/record"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is full")
def test_a_record_that_is_not_whole_is_a_doubt() -> None:
    with serving(polite) as server:
        plan = Plan(parse_target(server.url), rate=500, most=3, lag_bound=30.0)
        result = adds_up(Load(plan, record=Path("/dev/full")).run())
    assert (result.answered, result.testimony) == (3, Witnessed.UNKNOWN)
    assert "/dev/full is not whole: No space left on device" in result.doubts[0]


def test_poisson_arrivals_are_sent_when_they_are_due() -> None:
    plan = Plan(parse_target("http://127.0.0.1:1/"), rate=300, seconds=0.5, arrivals=Arrivals.POISSON, seed=7)
    with serving(polite) as server:
        result = loaded(server, count=1000, rate=300, seconds=0.5, arrivals=Arrivals.POISSON, seed=7)
    assert result.planned == len(plan.due()) == result.answered


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate: wanted a number above 0, found 0"),
        ({"rate": float("nan")}, "rate: wanted a number above 0, found nan"),
        ({"seconds": float("inf")}, "seconds: wanted a number above 0, found inf"),
        ({"most": 0}, "most: wanted 1 at least, found 0"),
        ({"rate": 1e6}, "found 1e\\+06/s for 10 s"),
        ({"rate": 99_999, "seconds": 1e9}, "make the run shorter or slower"),
        ({"run": "a b"}, "run: wanted letters"),
        ({"id_header": ""}, "id_header: wanted the name of a header"),
        ({"echo_header": "X Y"}, "echo_header: wanted the name of a header, found 'X Y'"),
        ({"requests": (Request(path="pay"),)}, "request 1: path: 'pay'"),
        ({"requests": (Request(), Request(path="/a b"))}, "request 2: path"),
        ({"requests": (Request("GE T"),)}, "method: 'GE T' is none"),
        ({"requests": (Request(weight=0),)}, "weight: wanted a number above 0"),
        ({"requests": (Request(headers={"X": "a\r\nY: b"}),)}, "headers: 'X' has a character"),
        ({"requests": (Request(headers={"content-LENGTH": "3"}),)}, "'content-LENGTH' is written by the generator"),
        ({"requests": (Request(headers={"x-request-id": "3"}),)}, "'x-request-id' is written by the generator"),
    ],
)
def test_plans_that_cannot_be(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadPlan, match=said):
        Plan(parse_target("http://127.0.0.1:1/"), **options)  # type: ignore[arg-type]
