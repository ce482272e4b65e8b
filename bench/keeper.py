"""Measures what the keeper costs: the same requests with no proxy, through the keeper, and through HAProxy.

Everything runs on this machine, on 127.0.0.1, one after the other and in turns. What is between client and application
has one processor for itself; the client and the application share the others.

    python bench/keeper.py [--seconds 3] [--rounds 3] [--rate 500] [--uvloop] [--json keeper.json]

Exit code 1 where a request was not answered with 200: what was measured then is not the cost of serving.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Release: r1\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET /some/path?with=query HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
LONGEST_SECONDS = 30.0
LAST_ANSWERS = 2.0
"""Seconds after the end of a measurement in which the last answers may come; what is open then is an error."""
HAPROXY = """
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option forwardfor
    http-reuse safe
frontend entry
    bind 127.0.0.1:{port}
    default_backend blue
backend blue
    server blue 127.0.0.1:{app}
"""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Small requests, each client sending the next when it has its answer. `cpu` is microseconds of one processor
    that whatever is between spent on each request; None where nothing is. `errors` are answers other than 200, and
    requests that never got a whole one."""

    per_second: float
    cpu: float | None
    errors: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from sending to the end of the answer, at a fixed rate of arrivals. `errors` are answers other than
    200."""

    p50: float
    p99: float
    errors: int
    lost: int
    saturated: bool


class App(asyncio.Protocol):
    """The smallest application that keeps connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *heads, self._buffer = self._buffer.split(b"\r\n\r\n")
        self._transport.write(ANSWER * len(heads))


class Client(asyncio.Protocol):
    """Asks again and again until its time is over. Who loses the connection before stays `waiting`."""

    answered = 0
    errors = 0

    def __init__(self, until: float) -> None:
        self._until = until
        self._buffer = b""
        self.waiting = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(b"\r\n\r\nok"):
            return
        if self._buffer.startswith(b"HTTP/1.1 200 "):
            Client.answered += 1
        else:
            Client.errors += 1
        self._buffer = b""
        if time.perf_counter() < self._until:
            self._transport.write(REQUEST)
        else:
            self.waiting = False
            self._transport.close()


async def serve_app(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(App, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def serve_keeper(port: int, app: int, folder: Path) -> None:
    from readiness_deploy.keeper.board import Board
    from readiness_deploy.keeper.entry import Entry
    from readiness_deploy.keeper.proxy import Proxy
    from readiness_deploy.keeper.shared import Shared

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    board = Board()
    board.place("blue", ("127.0.0.1", app), "r1")
    board.point("blue")
    await Proxy(board, Entry(), Shared(folder / "inflight"), lambda *_, **__: None).serve([listener])
    await asyncio.Event().wait()


async def ask(port: int, seconds: float, clients: int) -> tuple[int, int]:
    """Requests that were answered, and those that were not."""
    loop, until = asyncio.get_running_loop(), time.perf_counter() + seconds
    Client.answered = Client.errors = 0
    asking = [(await loop.create_connection(lambda: Client(until), "127.0.0.1", port))[1] for _ in range(clients)]
    await asyncio.sleep(seconds)
    while any(client.waiting for client in asking) and time.perf_counter() < until + LAST_ANSWERS:
        await asyncio.sleep(0.05)
    return Client.answered, Client.errors + sum(client.waiting for client in asking)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, processors: set[int]) -> Iterator[int]:
    """A server on that port, and its process id. It is ended afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.sched_setaffinity(process.pid, processors)
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise SystemExit(f"{command[0]} does not listen") from None
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_of(process: int) -> float:
    """Seconds that a process has spent on processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def throughput(port: int, process: int | None, seconds: float) -> Throughput:
    before = cpu_of(process) if process else 0.0
    answered, errors = asyncio.run(ask(port, seconds, 32))
    spent = (cpu_of(process) - before) / answered * 1e6 if process and answered else None
    return Throughput(answered / seconds, spent, errors)


def latency(port: int, rate: float, seconds: float) -> Latency:
    command = [sys.executable, "-m", "readiness_prove.load", f"http://127.0.0.1:{port}/", "--rate", str(rate)]
    command += ["--seconds", str(seconds), "--json"]
    said = subprocess.run(command, capture_output=True, check=False, timeout=seconds + LONGEST_SECONDS)
    summary: dict[str, Any] = json.loads(said.stdout)
    service, statuses = summary["service"], summary["statuses"]
    if not statuses:
        raise SystemExit(f"port {port}: no request of {summary['planned']} was answered")
    errors = sum(count for status, count in statuses.items() if status != "200")
    return Latency(service["p50"] * 1e3, service["p99"] * 1e3, errors, summary["lost"], summary["saturated"])


@contextmanager
def between(folder: Path, app: int, *, uvloop: bool) -> Iterator[dict[str, tuple[int, int | None]]]:
    """What the requests go through, by name: its port and its process."""
    processors = os.sched_getaffinity(0)
    own = {min(processors)}
    ports = {"no proxy": app, "keeper": free_port(), "HAProxy": free_port()}
    words = [sys.executable, __file__, "--serve-keeper", str(ports["keeper"]), str(app), str(folder)]
    with running([*words, *(["--uvloop"] if uvloop else [])], ports["keeper"], own) as keeper:
        found: dict[str, tuple[int, int | None]] = {"no proxy": (app, None), "keeper": (ports["keeper"], keeper)}
        haproxy = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if haproxy is None:
            print("HAProxy is not installed: it is left out", file=sys.stderr)
            yield found
            return
        settings = folder / "haproxy.cfg"
        settings.write_text(HAPROXY.format(port=ports["HAProxy"], app=app))
        with running([haproxy, "-db", "-f", str(settings)], ports["HAProxy"], own) as process:
            yield found | {"HAProxy": (ports["HAProxy"], process)}


def measured(given: argparse.Namespace) -> dict[str, Any]:
    processors = os.sched_getaffinity(0)
    others = processors - {min(processors)} or processors
    os.sched_setaffinity(0, others)
    fast: dict[str, list[Throughput]] = {}
    slow: dict[str, list[Latency]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        app = free_port()
        with running([sys.executable, __file__, "--serve-app", str(app)], app, others):
            os.sched_setaffinity(0, processors)
            with between(Path(scratch), app, uvloop=given.uvloop) as ways:
                os.sched_setaffinity(0, others)
                for _ in range(given.rounds):
                    for name, (port, process) in ways.items():
                        fast.setdefault(name, []).append(throughput(port, process, given.seconds))
                        slow.setdefault(name, []).append(latency(port, given.rate, given.seconds))
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {len(processors)} processors",
        "uvloop": given.uvloop,
        "rate": given.rate,
        "throughput": {name: [asdict(one) for one in all_of] for name, all_of in fast.items()},
        "latency": {name: [asdict(one) for one in all_of] for name, all_of in slow.items()},
    }


def failures(found: dict[str, Any], way: str) -> int:
    """Requests that got no answer, or another one than 200, in all rounds."""
    return sum(one["errors"] + one.get("lost", 0) for kind in ("throughput", "latency") for one in found[kind][way])


def refused(found: dict[str, Any]) -> list[str]:
    """Why these are no measurements of requests that were served, one line for each way of which that is so."""
    lines = []
    for way, rounds in found["throughput"].items():
        if failed := failures(found, way):
            lines.append(f"{way}: {failed} requests were not answered with 200")
        elif not all(one["per_second"] for one in rounds):
            lines.append(f"{way}: nothing was answered")
    return lines


def table(found: dict[str, Any]) -> str:
    """Medians over the rounds; what is added is against no proxy, in the same run."""
    lines = [
        f"Python {found['python']}, {found['machine']}{', uvloop' if found['uvloop'] else ''}; medians of all rounds",
        "",
        f"| way | requests/s | CPU µs each | p50 ms at {found['rate']:g}/s | p99 ms | added p50 | added p99 | failed |",
        "|---|---|---|---|---|---|---|---|",
    ]

    def middle(kind: str, way: str, name: str) -> float:
        return statistics.median(one[name] or 0.0 for one in found[kind][way])

    for way in found["throughput"]:
        p50, p99 = middle("latency", way, "p50"), middle("latency", way, "p99")
        added = [p - middle("latency", "no proxy", q) for p, q in ((p50, "p50"), (p99, "p99"))]
        failed = failures(found, way)
        cpu = f"{middle('throughput', way, 'cpu'):.0f}" if way != "no proxy" else "–"
        lines.append(
            f"| {way} | {middle('throughput', way, 'per_second'):,.0f} | {cpu} | {p50:.2f} | {p99:.2f} "
            f"| {added[0]:+.2f} | {added[1]:+.2f} | {failed} |"
        )
    if any(one["saturated"] for rounds in found["latency"].values() for one in rounds):
        lines += ["", "The load generator could not keep its schedule in some rounds: this machine was busy otherwise."]
    return "\n".join(lines)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/keeper.py", description="Measures what the keeper costs.")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second for the latencies")
    parser.add_argument("--uvloop", action="store_true", help="the keeper on uvloop, which is to be installed")
    parser.add_argument("--json", "--out", type=Path, metavar="FILE", help="write all figures there, as JSON")
    parser.add_argument("--serve-app", nargs=1, help=argparse.SUPPRESS)
    parser.add_argument("--serve-keeper", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if not (0 < given.seconds <= LONGEST_SECONDS and 0 < given.rounds <= 20 and 0 < given.rate <= 2000):
        parser.error(f"wanted at most {LONGEST_SECONDS:g} seconds, 20 rounds and 2000 requests a second")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    given = options(arguments)
    if given.uvloop and given.serve_keeper:
        import importlib

        importlib.import_module("uvloop").install()
    if given.serve_app:
        asyncio.run(serve_app(int(given.serve_app[0])))
    elif given.serve_keeper:
        port, app, folder = given.serve_keeper
        asyncio.run(serve_keeper(int(port), int(app), Path(folder)))
    else:
        found = measured(given)
        print(table(found))
        if given.json:
            given.json.write_text(json.dumps(found, indent=2) + "\n")
        if lines := refused(found):
            print("; ".join(lines), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
