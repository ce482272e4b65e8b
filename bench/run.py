"""Measures readiness and its peers on the same input and writes the table.

    python bench/run.py [--corpus DIR] [--synthetic DIR] [--times 5] [--out bench/results.md]

`make bench` gives it the installed program and the folder of the peers. A peer that is not there gets a row that says
so, and so does a run that broke: a program that stopped early is not a fast one.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
import schemas
import synthetic

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "payments"
MEGABYTE = 1_000_000
CORPUS_VARIABLE = "READINESS_BENCH_CORPUS"
# Exit codes with which a program has done its work: ready or not, valid or not, incomplete.
DONE: Mapping[str, frozenset[int]] = {
    "readiness": frozenset({0, 1, 3}),
    "kube-score": frozenset({0, 1}),
    "kubeconform": frozenset({0, 1}),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One row: what is measured, by which tool, and what is wanted of it in seconds of wall time and in bytes."""

    about: str
    tool: str
    command: Sequence[str]
    folder: Path = ROOT
    seconds: float | None = None
    memory: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    readiness: Path
    kube_score: Path
    kubeconform: Path
    schema_location: str | None


def starting(tools: Tools) -> Iterator[Case]:
    about = "start"
    yield Case(about, "readiness", [str(tools.readiness), "--help"], seconds=0.1)
    yield Case(about, "kube-score", [str(tools.kube_score), "version"])
    yield Case(about, "kubeconform", [str(tools.kubeconform), "-v"])


def example(tools: Tools) -> Iterator[Case]:
    about = "the example, staging"
    command = [str(tools.readiness), "check", "--env", "staging"]
    yield Case(about, "readiness", command, folder=EXAMPLE, seconds=0.6)
    yield from peers(about, tools, EXAMPLE / "deploy" / "staging")


def folder(
    about: str, tools: Tools, path: Path, seconds: float | None = None, memory: int | None = None
) -> Iterator[Case]:
    command = [str(tools.readiness), "check", str(path), "--format", "json"]
    yield Case(about, "readiness", command, seconds=seconds, memory=memory)
    yield from peers(about, tools, path)


def peers(about: str, tools: Tools, path: Path) -> Iterator[Case]:
    # kube-score takes files and no folders; templates are left out, since one of them makes it give up on everything.
    files = sorted(str(file) for file in path.rglob("*.y*ml") if "templates" not in file.parts)
    yield Case(about, "kube-score", [str(tools.kube_score), "score", "--output-format", "ci", *files])
    common = [str(tools.kubeconform), "-strict", "-summary", "-n", str(os.cpu_count() or 1)]
    if tools.schema_location:
        note = (
            f"validates schemas only; strict ones of Kubernetes {schemas.VERSION}, from disk; kinds without one skipped"
        )
        yield Case(
            about,
            "kubeconform",
            [*common, "-ignore-missing-schemas", "-schema-location", tools.schema_location, str(path)],
            note=note,
        )
    else:
        note = "parses only: without kubernetes-validate (`make install`) there are no schemas on disk"
        nowhere = "/nonexistent/{{.ResourceKind}}.json"
        yield Case(
            about,
            "kubeconform",
            [*common, "-ignore-missing-schemas", "-schema-location", nowhere, str(path)],
            note=note,
        )


def row(case: Case, times: int) -> str:
    """The Markdown row of one case, measured now."""
    print(f"{case.about}: {case.tool}", file=sys.stderr, flush=True)
    if not Path(case.command[0]).exists():
        how = "make install" if case.tool == "readiness" else "make peers"
        return cells(case, ["–"] * 6, f"not installed: {how}")
    cost = measure.several(case.command, case.folder, times)
    last = cost.last
    if last.code not in DONE[case.tool] or not last.output_bytes:
        return cells(case, ["–"] * 5 + [str(last.code)], f"**no result**: {last.said[:160] or 'not a word'}")
    numbers = [
        f"{cost.wall:.3f}",
        f"{cost.fastest:.3f}",
        f"{cost.cpu:.3f}",
        f"{cost.largest / MEGABYTE:.0f}",
        f"{cost.together / MEGABYTE:.0f}",
        str(last.code),
    ]
    return cells(case, numbers, "; ".join(part for part in (judged(case, cost), case.note) if part))


def judged(case: Case, cost: measure.Cost) -> str:
    """Whether what was wanted was met, in words; empty where nothing was."""
    parts = []
    if case.seconds is not None:
        parts.append(f"wanted ≤ {case.seconds:g} s: {'met' if cost.wall <= case.seconds else '**missed**'}")
    if case.memory is not None:
        met = "met" if cost.together <= case.memory else "**missed**"
        parts.append(f"wanted ≤ {case.memory / MEGABYTE:.0f} MB for all processes: {met}")
    return ", ".join(parts)


def cells(case: Case, numbers: Sequence[str], note: str) -> str:
    return "| " + " | ".join([case.about, case.tool, *numbers, note.replace("|", "\\|")]) + " |"


PAGE = """# What it costs

Written by `make bench` on {date} UTC. Each program ran once to warm the caches and then {times} times. Times
are seconds: *median* and *fastest* are wall time, *CPU* is user and system time of the program and its
workers. Memory is in units of 10⁶ bytes: *largest* is the peak resident memory of the program's largest
process (the measuring process puts a floor of {floor} under it), *all* is the peak of all its processes
together (proportional set size, looked at every 20 ms; never below *largest*). Python ran from compiled
bytecode. The tools answer different questions: see what each one checks before comparing.

{facts}

| input | tool | median | fastest | CPU | largest | all | exit | |
|---|---|---|---|---|---|---|---|---|
{rows}

## Commands

{commands}
"""


def page(rows: Sequence[str], cases: Sequence[Case], times: int, left_out: Sequence[str], tools: Tools) -> str:
    commands = dict.fromkeys(f"{case.about}, {case.tool}: `{shown(case)}`" for case in cases)
    return PAGE.format(
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M}",
        times=times,
        floor=f"{measure.once(['true'], ROOT).largest / MEGABYTE:.0f}",
        facts="\n".join([*(f"- {fact}" for fact in machine(tools)), *(f"- not measured: {line}" for line in left_out)]),
        rows="\n".join(rows),
        commands="\n".join(f"- {command}" for command in commands),
    )


def shown(case: Case) -> str:
    words = [word.replace(str(ROOT) + "/", "") for word in case.command]
    words[0] = case.tool
    if len(words) > 12:
        words = [*words[:4], "…", f"({len(words) - 4} files)"]
    inside = "" if case.folder == ROOT else f"cd {case.folder.relative_to(ROOT)} && "
    return inside + shlex.join(words).replace("'…'", "…").replace("'(", "(").replace(")'", ")")


def machine(tools: Tools) -> Iterator[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield f"machine: {os.cpu_count()} cores ({processor()}), {memory:.0f} GB, {platform.system()} {platform.release()}"
    yield f"load after the last run: {os.getloadavg()[0]:.1f}"
    commit = ask("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    yield f"Python {platform.python_version()}, readiness at commit {commit}"
    # Built with `go install`, both call themselves "development": the module's version tells more.
    for name, path in (("kube-score", tools.kube_score), ("kubeconform", tools.kubeconform)):
        if path.exists():
            built = [line.split() for line in ask("go", "version", "-m", str(path)).splitlines()]
            yield f"{name} {next((words[2] for words in built if words[:1] == ['mod']), 'of unknown version')}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description="Measures readiness and its peers.")
    parser.add_argument("--readiness", type=Path, default=Path(sys.executable).with_name("readiness"))
    parser.add_argument("--peers", type=Path, default=ROOT / "peers" / "bin", help="the folder that `make peers` fills")
    parser.add_argument(
        "--corpus", type=Path, default=os.environ.get(CORPUS_VARIABLE) or None, help="a folder of real manifests"
    )
    parser.add_argument(
        "--synthetic", type=Path, help="a folder that bench/synthetic.py has written; made when not given"
    )
    parser.add_argument("--apps", type=int, default=2000, help="the size of the synthetic set that is made")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results.md")
    given = parser.parse_args(arguments)
    for name in ("corpus", "synthetic"):
        path = getattr(given, name)
        if path is not None and not Path(path).is_dir():
            parser.error(f"--{name}: wanted a folder, found {path}")
    if given.times < 1 or given.apps < 1:
        parser.error("--times and --apps: wanted a number of at least 1")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    given = options(arguments)
    subprocess.run([sys.executable, "-m", "compileall", "-q", ROOT / "readiness", ROOT / "checks"], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "synthetic"
        if given.synthetic is None:
            print(f"writing the synthetic set: {synthetic.write(made, given.apps)} objects", file=sys.stderr)
        location = schemas.write(Path(scratch) / "schemas")
        binaries = given.peers.absolute()
        tools = Tools(given.readiness.absolute(), binaries / "kube-score", binaries / "kubeconform", location)
        cases = [*starting(tools), *example(tools)]
        left_out = []
        if given.corpus is None:
            left_out.append(f"a corpus of real manifests (name one: --corpus DIR or {CORPUS_VARIABLE})")
        else:
            cases += folder("corpus", tools, Path(given.corpus).resolve())
        cases += folder("synthetic", tools, (given.synthetic or made).resolve(), seconds=5.0, memory=400 * MEGABYTE)
        rows = [row(case, given.times) for case in cases]
        text = page(rows, cases, given.times, left_out, tools)
        # Paths of this machine mean nothing to a reader elsewhere.
        for name, path in (("CORPUS", given.corpus), ("SYNTHETIC", given.synthetic or made), ("SCRATCH", scratch)):
            if path is not None:
                text = text.replace(str(Path(path).resolve()), name)
    given.out.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
