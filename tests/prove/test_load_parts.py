"""The parts of the generator that need no network: answers, histograms, schedules, targets, files of requests."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readiness_prove.load import BadPlan, Histogram, Request, parse_target, read_requests
from readiness_prove.load.answer import Answer, Malformed
from readiness_prove.load.schedule import constant, poisson

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: Chunked\r\n\r\n"

WHOLE = [
    pytest.param(OK + b"Content-Length: 5\r\nX-A:  b \r\n\r\nhello", 200, True, id="length"),
    pytest.param(OK + b"Content-Length: 0\r\n\r\n", 200, True, id="no body"),
    pytest.param(OK + b"content-length: 2\r\nContent-Length: 2\r\n\r\nok", 200, True, id="said twice"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, True, id="204"),
    pytest.param(b"HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", 304, True, id="304 and no reason"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", 200, True, id="100 first"),
    pytest.param(b"HTTP/1.1 103 H\r\nA: b\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", 200, True, id="103 first"),
    pytest.param(OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, False, id="close"),
    pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, False, id="1.0"),
    pytest.param(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, True, id="1.0 kept"),
    pytest.param(CHUNKED + b"4;a=b\r\nwiki\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, True, id="chunks"),
    pytest.param(CHUNKED + b"2\r\n\r\n\r\n0\r\nX-T: y\r\n\r\n", 200, True, id="trailers"),
]


@pytest.mark.parametrize(("data", "status", "lasting"), WHOLE)
def test_a_whole_answer_is_whole_at_its_last_byte_and_not_before(data: bytes, status: int, lasting: bool) -> None:
    answer = Answer()
    for at in range(len(data)):
        assert not answer.complete, f"after {data[:at]!r}"
        answer.feed(data[at : at + 1])
    assert (answer.complete, answer.status, answer.lasting) == (True, status, lasting)


@pytest.mark.parametrize(("data", "status", "lasting"), WHOLE)
def test_a_whole_answer_at_once_and_in_two(data: bytes, status: int, lasting: bool) -> None:
    for cut in range(len(data)):
        answer = Answer()
        answer.feed(data[:cut])
        assert not answer.complete
        answer.feed(data[cut:])
        assert (answer.complete, answer.status, answer.lasting) == (True, status, lasting)
    with pytest.raises(Malformed):
        Answer().feed(data + b"x")


def test_headers_of_an_answer() -> None:
    answer = Answer()
    answer.feed(b"HTTP/1.1 103 H\r\nX-Version: no\r\n\r\n" + OK + b"X-Version:\tv1 \r\nContent-Length: 0\r\n\r\n")
    assert answer.headers == {"x-version": "v1", "content-length": "0"}


def test_a_head_without_its_body() -> None:
    answer = Answer(head_only=True)
    answer.feed(OK + b"Content-Length: 5\r\n\r\n")
    assert answer.complete


def test_an_answer_that_ends_with_its_connection() -> None:
    answer = Answer()
    answer.feed(OK + b"\r\nsome")
    answer.feed(b"thing")
    assert not answer.complete
    answer.closed()
    assert (answer.complete, answer.lasting) == (True, False)


@pytest.mark.parametrize("data", [b"", b"HTTP", OK, OK + b"Content-Length: 3\r\n\r\nab", CHUNKED])
def test_an_answer_that_has_not_ended_is_not_made_whole_by_the_end_of_its_connection(data: bytes) -> None:
    answer = Answer()
    answer.feed(data)
    answer.closed()
    assert not answer.complete


@pytest.mark.parametrize(
    "data",
    [
        b"HTP",
        b"\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"no header\r\n\r\n",
        OK + b"Content-Length : 1\r\n\r\nx",
        OK + b" folded: line\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1, 1\r\n\r\nx",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\n",
        CHUNKED + b"hello\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"2\r\nabc\r\n",
        CHUNKED + b"" + b"0" * 5000,
        OK + b"X: " + b"y" * 70_000,
    ],
)
def test_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(Malformed):
        Answer().feed(data)


@given(st.lists(st.floats(0, 5000), min_size=1), st.sampled_from([1, 50, 90, 99, 99.9, 100]))
def test_percentiles_are_those_of_the_sorted_list_and_never_flatter(durations: list[float], percent: float) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    exact = sorted(durations)[math.ceil(len(durations) * percent / 100) - 1]
    found = histogram.percentile(percent)
    assert found is not None
    assert exact <= found + 1e-9
    assert found <= exact * 1.008 + 1.1e-6
    assert histogram.percentile(100) == max(durations)


@given(st.lists(st.floats(0, 100)), st.lists(st.floats(0, 100)))
def test_merged_histograms_are_as_one(first: list[float], second: list[float]) -> None:
    one, other, both = Histogram(), Histogram(), Histogram()
    for duration in first:
        one.add(duration)
        both.add(duration)
    for duration in second:
        other.add(duration)
        both.add(duration)
    one.merge(Histogram.from_json(json.loads(json.dumps(other.to_json()))))
    merged, whole = one.to_json(), both.to_json()
    assert merged.pop("mean") == pytest.approx(whole.pop("mean"))
    assert merged.pop("total") == pytest.approx(whole.pop("total"))
    assert merged == whole


def test_a_histogram_of_nothing_says_nothing() -> None:
    assert Histogram().percentile(99) is None
    assert Histogram().to_json()["max"] is None


@pytest.mark.parametrize(
    ("rate", "seconds", "most", "due"),
    [
        (10, 0.5, 99, [0, 0.1, 0.2, 0.3, 0.4]),
        (10, 0.41, 99, [0, 0.1, 0.2, 0.3, 0.4]),
        (10, 9, 3, [0, 0.1, 0.2]),
        (0.1, 5, 99, [0]),
        (3, 1, 99, [0, 1 / 3, 2 / 3]),
    ],
)
def test_even_arrivals(rate: float, seconds: float, most: int, due: list[float]) -> None:
    assert list(constant(rate, seconds, most)) == pytest.approx(due)


def test_independent_arrivals() -> None:
    due = poisson(1000, 20, 10**6, seed=3)
    assert list(due) == list(poisson(1000, 20, 10**6, seed=3)) != list(poisson(1000, 20, 10**6, seed=4))
    assert len(due) == pytest.approx(20_000, rel=0.03)
    assert 0 < due[0] <= due[-1] < 20
    gaps = [b - a for a, b in pairwise(due)]
    assert min(gaps) >= 0
    assert sum(gap > 0.001 for gap in gaps) / len(gaps) == pytest.approx(1 / math.e, abs=0.02)
    assert len(poisson(1000, 20, 50, seed=3)) == 50


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0:80/",
        "http://[::]:80/",
        "http://[::ffff:127.0.0.1]:80/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://2130706433/",
        "http://127.1/",
        "https://127.0.0.1/",
        "127.0.0.1:80",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http:///",
        "http://[::1/",
        "unix:relative",
        "unix:/" + "x" * 108,
        "",
    ],
)
def test_other_machines_and_what_is_no_address_are_refused(url: str) -> None:
    with pytest.raises(BadPlan, match=r"127\.0\.0\.1:PORT|107 at most"):
        parse_target(url)


def test_a_login_in_the_target_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadPlan) as refused:
        parse_target("http://user:hunter2@127.0.0.1/")
    assert "hunter2" not in str(refused.value)


def test_a_file_of_requests(tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    path.write_text(
        '[{"method": "POST", "path": "/pay", "json": {"id": "${id}"}, "weight": 2.5, "name": "pay"},\n'
        ' {"path": "/x?${n}", "headers": {"A": "b"}, "body": "ü"}, {}]'
    )
    assert read_requests(path) == (
        Request("POST", "/pay", {"Content-Type": "application/json"}, b'{"id": "${id}"}', 2.5, "pay"),
        Request("GET", "/x?${n}", {"A": "b"}, "ü".encode()),
        Request(),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{},\n{]", ":2: this is not JSON"),
        ("{}", ":1: found an object; wanted a list such as"),
        ("[]", ":1: found an empty list"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ("[{},\n\n  7]", ":3: found a number"),
        ('[{},\n{"wieght": 3}]', ":2: 'wieght' is not known; known are name, method"),
        ('[{},\n{"path": 3}]', ":2: path: found a number"),
        ('[\n{"weight": true}]', ":2: weight: found true or false"),
        ('[\n{"weight": NaN}]', ":2: weight: wanted a number above 0"),
        ('[\n{"weight": 1' + "0" * 400 + "}]", ":2: weight: wanted a number above 0"),
        ('[{},\n{"headers": {"A": 1}}]', ":2: headers: wanted texts"),
        ('[{},\n{"body": "", "json": 1}]', ":2: body and json exclude each other"),
        ('[{},\n{"body": "\\ud800"}]', ":2: body: it holds half of a character"),
        ('[{},\n{"path": "pay"}]', ":2: path: 'pay' does not begin with /"),
    ],
)
def test_files_of_requests_that_cannot_be(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    path.write_text(text)
    with pytest.raises(BadPlan, match=said):
        read_requests(path)


def test_files_of_requests_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="cannot be read: No such file"):
        read_requests(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"[\xff]")
    with pytest.raises(BadPlan, match="it is not UTF-8"):
        read_requests(tmp_path / "latin")
