"""Runs tiers and writes the page. Exit code 1 where one failed or a promise broke, else 0."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from proof import found, machine, page
from proof.promises import BROKEN, PROMISES, Promise, Shown
from proof.reading import Unreadable, rows
from proof.running import Outcome, Ran, run
from proof.tiers import TIERS, Tier

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs") / "proof.md"
SIDE_BY_SIDE = 4
"""Tiers that run at a time, of those that measure no time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tiers that are named, or all."""
    given = _options(arguments)
    # A shell that starts it in the background has it ignore Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    where = machine.look(ROOT)
    wanted = set(given.tiers or [tier.name for tier in TIERS])
    bugs = found.read(ROOT)
    with tempfile.TemporaryDirectory(prefix="readiness-proof-") as scratch:
        folder = given.folder.resolve() if given.folder else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        results = _results([replace(t, budget=t.budget * given.patience) for t in TIERS], folder, wanted)
    promises = [(promise, _shown(promise, results)) for promise in PROMISES]
    where = replace(where, seconds=time.monotonic() - began)
    _out(page.page(results, promises, where, bugs), given.out, whole=not given.tiers)
    return _told(results, promises)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make proof", description="Runs the tiers of proof and writes docs/proof.md.")
    parser.add_argument("tiers", nargs="*", metavar="TIER", help=f"some of: {' '.join(t.name for t in TIERS)}")
    parser.add_argument("--out", type=Path, help=f"where the page belongs; {PAGE} where all tiers are run")
    parser.add_argument("--folder", type=Path, help="keep figures and logs there")
    parser.add_argument("--patience", type=float, default=1.0, help="so many times the usual time for each tier (1)")
    given = parser.parse_args(arguments)
    if not 1 <= given.patience <= 100:
        parser.error("--patience: wanted a number from 1 to 100")
    if unknown := sorted(set(given.tiers) - {tier.name for tier in TIERS}):
        parser.error(f"no tier is called {unknown[0]}; known are: {' '.join(t.name for t in TIERS)}")
    return given


def _results(tiers: Sequence[Tier], folder: Path, wanted: set[str]) -> list[page.Result]:
    """Those that may run side by side, the longest first, then the others; in the order of the tiers."""
    stop, found = threading.Event(), dict[str, page.Result]()
    beside = sorted((tier for tier in tiers if not tier.alone), key=lambda tier: -tier.budget)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            running = {tier.name: pool.submit(_result, tier, folder, wanted, stop) for tier in beside}
            found.update((name, one.result()) for name, one in running.items())
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    found.update((tier.name, _result(tier, folder, wanted, threading.Event())) for tier in tiers if tier.alone)
    return [found[tier.name] for tier in tiers]


def _result(tier: Tier, folder: Path, wanted: set[str], stop: threading.Event) -> page.Result:
    if tier.name not in wanted:
        return page.Result(Ran(tier, Outcome.NOT_RUN, "not asked for"), ())
    print(f"{tier.name}: at most {tier.budget:g} s", flush=True)
    ran = run(tier, ROOT, folder / tier.name, stop=stop)
    try:
        figures = rows(ran)
    except Unreadable as fault:
        ran, figures = replace(ran, outcome=Outcome.FAILED, why=f"{ran.why}; {fault}".removeprefix("; ")), []
    print(f"{tier.name}: {ran.outcome} after {ran.seconds:.0f} s{f': {ran.why}' if ran.why else ''}", flush=True)
    return page.Result(ran, figures)


def _shown(promise: Promise, results: Sequence[page.Result]) -> Shown:
    result = next(result for result in results if result.ran.tier.name == promise.tier)
    return promise.shown(result.ran, result.rows)


def _out(text: str, out: Path | None, *, whole: bool) -> None:
    """A page about some tiers never replaces the one about all."""
    path = out or (ROOT / PAGE if whole else None)
    if path is None:
        print(f"\n{text}\n{PAGE} is as it was: it is written when all tiers are run")
        return
    path.write_text(text, encoding="utf-8")
    print(f"{path} is written")


def _told(results: Sequence[page.Result], promises: Sequence[tuple[Promise, Shown]]) -> int:
    """The exit code. A promise of which a tier that passed has no figure is read under a name that nobody writes."""
    failed = [result.ran.tier.name for result in results if result.ran.outcome is Outcome.FAILED]
    broken = [promise.text for promise, shown in promises if shown.verdict == BROKEN]
    passed = {result.ran.tier.name for result in results if result.ran.outcome is Outcome.PASSED}
    lacking = [p.text for p, shown in promises if p.tier in passed and shown.n is None]
    for what, names in (("failed", failed), ("broken", broken), ("without a figure", lacking)):
        if names:
            print(f"{what}: {'; '.join(names)}", file=sys.stderr)
    return 1 if failed or broken or lacking else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except found.Unfit as fault:
        sys.exit(f"error: {fault}")
    except KeyboardInterrupt:
        sys.exit(130)
