"""What the process does: read its arguments, make the load, print the account."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from readiness_prove.load.kinds import BadPlan, Witnessed
from readiness_prove.load.plan import Arrivals, Plan
from readiness_prove.load.requests_file import read_requests
from readiness_prove.load.result import Result
from readiness_prove.load.run import Live, Load
from readiness_prove.load.target import parse_target

OK, FAILED, USAGE, INCOMPLETE, INTERNAL = 0, 1, 2, 3, 70
_CODES = {Witnessed.NONE_LOST: OK, Witnessed.LOST: FAILED, Witnessed.UNKNOWN: INCOMPLETE}
_EPILOG = """
Ends with 0 when no request was lost, 1 when one was, 3 when that is not known (the generator was too slow, nothing was
sent), 2 for a load that cannot be made, and 70 when the generator itself failed. SIGTERM and SIGINT end the run and
print what was seen; the second one does not wait for answers.
"""


def run(arguments: Sequence[str]) -> int:
    """Make one load. Returns the exit code; the account goes to standard output."""
    asked = _parser().parse_args(arguments)
    try:
        load = Load(_plan(asked), record=asked.record, until=asked.until_file)
    except BadPlan as fault:
        sys.stderr.write(f"error: {fault}\n")
        return USAGE
    allow_descriptors()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _Stopper(load))
    if asked.marks:
        threading.Thread(target=_read_marks, args=(load,), daemon=True).start()
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(load, asked.live, ended), daemon=True)
    if asked.live:
        teller.start()
    try:
        result = load.run()
    except Exception as fault:  # noqa: BLE001 (whatever it is: a witness that broke down says so, and nothing else)
        sys.stderr.write(f"error: the generator itself failed, there is no account: {type(fault).__name__}: {fault}\n")
        return INTERNAL
    finally:
        ended.set()
        if asked.live:
            teller.join()
    _write(json.dumps(result.to_json()) if asked.json else summary(result))
    return _CODES[result.testimony]


def allow_descriptors() -> None:
    """Let this process open as many sockets as the system allows it: each slow answer holds one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # some systems tell a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def summary(result: Result) -> str:
    """The account in a few lines for a person."""
    lost = ", ".join(f"{count} {kind}" for kind, count in result.lost.items())
    unsent = ", ".join(f"{count} {reason}" for reason, count in result.not_sent.items())
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(result.statuses.items()))
    lines = [
        f"{result.target}: {result.rate:g}/s for {result.seconds:.1f} s, {result.arrivals}, "
        f"keep-alive {'on' if result.keep_alive else 'off'}",
        f"  planned   {result.planned}",
        f"  answered  {result.answered}" + (f"  ({statuses})" if statuses else ""),
        f"  lost      {result.lost_total}" + (f"  ({lost})" if lost else ""),
        f"  not sent  {sum(result.not_sent.values())}" + (f"  ({unsent})" if unsent else ""),
    ]
    for name, histogram in (("response", result.response), ("service", result.service), ("lag", result.lag)):
        lines.append(f"  {name:<9} " + "  ".join(f"p{p:g} {_ms(histogram.percentile(p))}" for p in (50, 99, 100)))
    for name, release in result.releases.items():
        counts = ", ".join(f"{count} × {status}" for status, count in sorted(release.statuses.items()))
        lines.append(f"  release {name or '(none)'}: {counts}, {release.first_done:.3f} s to {release.last_done:.3f} s")
    lines += [f"  lost {loss.identity}: {loss.kind}, {loss.detail} ({loss.ended:.3f} s)" for loss in result.losses[:10]]
    lines += [f"  doubt: {doubt}" for doubt in result.doubts]
    return "\n".join([*lines, f"  requests: {result.testimony}"])


class _Stopper:
    """The first signal ends the sending, the second one the waiting too."""

    def __init__(self, load: Load) -> None:
        self._load, self._asked = load, False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self._load.stop(at_once=self._asked)
        self._asked = True


def _plan(asked: argparse.Namespace) -> Plan:
    target = parse_target(asked.target)
    if asked.requests and target.path != "/":
        raise BadPlan(f"the target has the path {target.path!r}, but paths come from {asked.requests}: leave one out")
    if not 0 <= asked.live < float("inf"):
        raise BadPlan(f"--live: wanted seconds, found {asked.live:g}")
    names = (
        "rate", "seconds", "seed", "keep_alive", "connections", "timeout", "connect_timeout", "max_in_flight",
        "id_header", "release_header", "echo_header",
    )  # fmt: skip
    more = {name: getattr(asked, name) for name in names}
    if asked.run:
        more["run"] = asked.run
    return Plan(
        target,
        most=asked.count,
        requests=read_requests(asked.requests) if asked.requests else (),
        arrivals=Arrivals(asked.arrivals),
        lag_bound=asked.lag_bound / 1e3,
        **more,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m readiness_prove.load",
        description="Send requests to a server on this machine on a fixed schedule, and account for each of them.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("target", help="http://127.0.0.1:PORT/, http://localhost:PORT/, http://[::1]:PORT/ or unix:/path")
    add("--rate", type=float, default=10.0, help="requests a second (10)")
    add("--seconds", type=float, default=10.0, help="how long to send, at most (10)")
    add("--count", type=int, help="how many to send, at most")
    add("--arrivals", choices=[str(kind) for kind in Arrivals], default="constant", help="evenly, or as they come")
    add("--seed", type=int, default=1, help="of the arrivals and of the mix (1)")
    add("--keep-alive", action=argparse.BooleanOptionalAction, default=True, help="use connections again (yes)")
    add("--connections", type=int, default=8, help="connections that are held open at least (8)")
    add("--requests", type=Path, metavar="FILE", help="JSON list of what to send, by weight")
    add("--timeout", type=float, default=10.0, help="seconds for one request (10)")
    add("--connect-timeout", type=float, default=3.0, help="seconds for one connection (3)")
    add("--max-in-flight", type=int, default=10_000, help="requests without an answer, at most (10000)")
    add("--lag-bound", type=float, default=50.0, help="ms by which the generator may be late, p99 (50)")
    add("--id-header", default="X-Request-Id", help="header that carries the id (X-Request-Id)")
    add("--release-header", default="", help="header by which an answer names its release")
    add("--echo-header", default="", help="header in which the server gives the id back")
    add("--run", default="", help="how ids begin (made up)")
    add("--record", type=Path, metavar="FILE", help="write a line of JSON for each request")
    add("--until-file", type=Path, metavar="FILE", help="end when this file exists")
    add("--marks", action="store_true", help="each line of standard input marks an instant")
    add("--live", type=float, default=0.0, metavar="SECONDS", help="print a line of JSON so often while it runs")
    add("--json", action="store_true", help="print the account as one line of JSON")
    return parser


def _read_marks(load: Load) -> None:
    # Not by sys.stdin: its lock would be held when the process ends.
    waiting = b""
    while piece := os.read(0, 4096):
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            load.mark(line.decode("utf-8", "replace").strip())


def _tell(load: Load, every: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        _write(json.dumps({"live": _plain(load.live())}))


def _plain(live: Live) -> dict[str, object]:
    counts: dict[str, dict[str, int]] = {}
    for (release, what), count in live.counts.items():
        counts.setdefault(release, {})[what] = count
    return {
        "at": live.at, "planned": live.planned, "due": live.due, "in_flight": live.in_flight,
        "answered": live.answered, "lost": live.lost, "not_sent": live.not_sent, "counts": counts,
    }  # fmt: skip


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e3:.2f} ms"


def _write(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more. What is not written yet must not fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
