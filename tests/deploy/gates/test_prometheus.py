"""The core of the truth table with the real Prometheus, which scrapes a release of ours."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from gates.truth import RealClock
from ports import reserved
from readiness_deploy.gates import LiveGates, Outside
from readiness_deploy.ports import Measurement, Subject, Verdict
from readiness_deploy.record import Release

from readiness.http import NoAnswer, Reader

PASS, FAIL, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
PATIENCE = 120.0
RESERVED: list[socket.socket] = []
ODD = 'v1.0+b|"x"\\y'

pytestmark = pytest.mark.needs("prometheus")


def exposed() -> str:
    """What the release says about itself: more with each scrape."""
    n = int(time.monotonic() * 1000)
    label = ODD.replace("\\", "\\\\").replace('"', '\\"')
    old = int((time.time() - 120) * 1000)
    return f"""
requests_total{{release="r-1",colour="green",version="{label}"}} {n}
errors_total{{release="r-1",colour="green",version="{label}"}} 7
requests_total{{release="r-0",colour="blue",version="v0.9"}} {n}
errors_total{{release="r-0",colour="blue",version="v0.9"}} {n // 2}
requests_total{{release="quiet",colour="green",version="v2"}} 0
errors_total{{release="quiet",colour="green",version="v2"}} 0
load{{release="r-1",core="0"}} 0.5
load{{release="r-1",core="1"}} 0.6
odd{{release="r-1"}} NaN
reported{{release="r-1"}} 0.01 {old}
"""


@pytest.fixture(scope="module")
def exporter() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = exposed().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def started(folder: Path, exporter: int) -> tuple[subprocess.Popen[bytes], str]:
    RESERVED.append(reserved())  # also before and after Prometheus has it
    port = RESERVED[-1].getsockname()[1]
    (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: us, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}
""")
    program = shutil.which("prometheus")
    assert program
    process = subprocess.Popen(
        [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=(folder / "log").open("wb"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return process, f"http://127.0.0.1:{port}"


def until(said: Callable[[], bool], about: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not said():
        assert time.monotonic() < deadline, about
        time.sleep(0.05)


def knows(address: str, query: str) -> bool:
    try:
        with Reader(address) as reader:
            return b'"value"' in reader.get("/api/v1/query", {"query": query}).body
    except NoAnswer:
        return False


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, exporter: int) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    process, address = started(folder, exporter)
    try:
        until(lambda: knows(address, "rate(requests_total[5s]) > 0"), "Prometheus does not scrape")
        yield address
    finally:
        process.kill()
        process.wait()


def asked(address: str, release: str = "r-1", version: str = ODD, **gate: Any) -> tuple[Verdict, list[Measurement]]:
    seen: list[Measurement] = []
    subject = Subject(release=Release(id=release, version=version), colour="green", before=False, duration=60)
    limits = {"name": "x", "count": 1, "inconclusive-limit": 0, "timeout": gate.pop("timeout", PATIENCE)}
    settings = {**limits, "prometheus": {"address": address, "max": 0.1, **gate}}
    series = LiveGates(RealClock(), Outside(variables={}), seen.append).begin([settings], subject)
    until(lambda: series.poll() is not None, "no verdict")
    return series.finish(), seen


RATIO = 'sum(rate(errors_total{release="{release}"}[5s])) / sum(rate(requests_total{release="{release}"}[5s]))'


@pytest.mark.parametrize(
    ("query", "release", "expected", "said"),
    [
        (RATIO, "r-1", PASS, ""),
        (RATIO, "r-0", FAIL, "it is 0."),
        (RATIO, "quiet", UNSURE, "no traffic"),
        (RATIO, "r-9", UNSURE, "found nothing"),
        ('sum(rate(errors_total{version="{version}"}[5s]))', "r-1", PASS, ""),
        ('sum(rate(errors_total{version=~"{version}"}[5s]))', "r-1", PASS, ""),
        ('1 - sum(up) / 0 * 0 + 0 * sum(load{release="{release}"})', "r-1", UNSURE, "NaN"),
        ('sum(load{release="{release}"}) / 0', "r-1", UNSURE, "+Inf"),
        ('odd{release="{release}"}', "r-1", UNSURE, "NaN"),
        ('load{release="{release}"}', "r-1", UNSURE, "found 2"),
        ('requests_total{release="{release}"}[5s]', "r-1", UNSURE, "a matrix"),
        ('scalar(0 * sum(load{release="{release}"}))', "r-1", PASS, ""),
        ('"{release}"', "r-1", UNSURE, "a string"),
        ('sum(load{release="{release}"}', "r-1", UNSURE, "answered 400: "),
        ('reported{release="{release}"}', "r-1", UNSURE, "s old"),
        ('requests_total{release="{release}"} * 0', "r-1", PASS, ""),
    ],
)
def test_what_the_gate_says(prometheus: str, query: str, release: str, expected: Verdict, said: str) -> None:
    def as_expected() -> bool:
        """A scrape for which a busy machine was late leaves a gap, of which a gate cannot tell; no more is borne."""
        verdict, seen = asked(prometheus, release, query=query)
        assert verdict in (expected, UNSURE), seen
        assert len(seen) == 1, seen
        return verdict is expected and said in seen[0].why

    until(as_expected, f"it never is {expected}: {said}")


def test_the_requests_behind_it_are_counted(prometheus: str) -> None:
    counted = 'sum(increase(requests_total{release="{release}"}[5s]))'
    said: list[Measurement] = []

    def passes() -> bool:
        verdict, said[:] = asked(prometheus, query=RATIO, samples=counted, **{"min-requests": 10})
        return verdict is PASS

    until(passes, "it never passes")
    (seen,) = said
    assert seen.window == 5.0
    assert seen.n is not None
    assert seen.n >= 10
    assert re.search(r"at least 10 requests", seen.threshold)

    def too_few() -> bool:
        verdict, (one,) = asked(prometheus, query=RATIO, samples=counted, **{"min-requests": 10**9})
        assert verdict is UNSURE
        return "1e+09 wanted" in one.why

    until(too_few, "it never says how many are wanted")


def test_a_prometheus_that_stands_still_or_is_killed(tmp_path: Path, exporter: int) -> None:
    process, address = started(tmp_path, exporter)
    query = 'scalar(0 * sum(load{release="{release}"}))'
    try:
        until(lambda: asked(address, query=query)[0] is PASS, "it never passes")
        process.send_signal(signal.SIGSTOP)
        assert asked(address, query=query, timeout=1)[0] is UNSURE
        process.send_signal(signal.SIGCONT)
        until(lambda: asked(address, query=query)[0] is PASS, "it does not come back")
    finally:
        process.kill()
        process.wait()
    verdict, (seen,) = asked(address, query=query)
    assert verdict is UNSURE
    assert "refused" in seen.why
