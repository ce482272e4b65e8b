"""Runs `readiness check` on every folder of a corpus, on each chart and overlay in it, and says what came of it.

    python tools/corpus.py FOLDER [--reports FOLDER] [--jobs N]

Each folder directly below FOLDER is checked twice: as a path, and from within, as one does who has no settings.
Each folder with a Chart.yaml or a kustomization is checked as a path of its own. One line is printed per run.

Exit 1, with the reasons, where a run crashed, printed a traceback, gave no report that can be read, said READY though
something was not examined, or where a YAML or JSON file below a folder is neither checked nor ignored nor not examined.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENDINGS = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
PROGRAM = Path(sys.executable).parent / "readiness"
KNOWN_EXITS = (0, 1, 3)
LONGEST = 600
AS_OF = "2026-11-21T00:00:00Z"
COUNTED = ("checked", "ignored", "not_examined")


@dataclass(frozen=True, slots=True)
class Job:
    """One run: `what` it is, its `path` relative to the corpus, and the folder whose files must all be listed."""

    what: str
    path: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a job. `report` is the JSON report, empty where there was none."""

    job: Job
    code: int
    seconds: float
    report: dict[str, Any]
    faults: tuple[str, ...]


def jobs(corpus: Path) -> Iterator[Job]:
    """The runs that a corpus asks for, in the order of paths."""
    folders = sorted(p.name for p in corpus.iterdir() if p.is_dir())
    for folder in folders:
        yield Job("folder", folder, whole=True)
        yield Job("no settings", folder, whole=True)
    for name, files in _walk(corpus):
        if "Chart.yaml" in files:
            yield Job("chart", name, whole=False)
        if any(k in files for k in KUSTOMIZATIONS):
            yield Job("kustomization", name, whole=False)


def check(job: Job, corpus: Path) -> Run:
    """Run one job with the `readiness` of this Python."""
    program = [str(PROGRAM), "check", "--format", "json", "--as-of", AS_OF]
    here = job.what == "no settings"
    command = program if here else [*program, job.path]
    before = time.monotonic()
    done = subprocess.run(
        command,
        cwd=corpus / job.path if here else corpus,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=LONGEST,
        check=False,
    )
    seconds = time.monotonic() - before
    report, faults = _report(done.stdout)
    faults += _faults(done.returncode, done.stderr.decode("utf-8", "replace"), report)
    if job.whole and report:
        faults += [f"not listed: {name}" for name in _unlisted(job, corpus, report)]
    return Run(job, done.returncode, seconds, report, tuple(faults))


def _report(text: bytes) -> tuple[dict[str, Any], list[str]]:
    try:
        value = json.loads(text)
    except ValueError as fault:
        return {}, [f"the report cannot be read: {fault}"]
    return (value, []) if isinstance(value, dict) else ({}, ["the report is no object"])


def _faults(code: int, said: str, report: dict[str, Any]) -> list[str]:
    faults = []
    if code not in KNOWN_EXITS:
        faults.append(f"exit {code}: {said.strip()[-300:]}")
    if "Traceback" in said or "Traceback (most recent" in json.dumps(report):
        faults.append("a traceback was printed")
    for run in report.get("runs", []):
        broken = [o["id"] for o in run["outcomes"] if o["reason"].startswith("the check itself")]
        faults += [f"{name} failed in {run['environment']}" for name in broken]
        lost = [i["name"] for i in run["inputs"] if i["reading"] == "not_examined"]
        if run["exit_code"] == 0 and (lost or run["gaps"]):
            faults.append(f"{run['environment']} is {run['verdict']} though something was not examined")
    return faults


def _unlisted(job: Job, corpus: Path, report: dict[str, Any]) -> list[str]:
    """The YAML and JSON files below the folder that no run of the report names."""
    prefix = "" if job.what == "no settings" else f"{job.path}/"
    named = {os.path.normpath(i["name"]) for run in report["runs"] for i in run["inputs"]}
    below = [
        name if folder == "." else f"{folder}/{name}"
        for folder, files in _walk(corpus / job.path)
        for name in files
        if name.endswith(ENDINGS)
    ]
    return [name for name in below if os.path.normpath(prefix + name) not in named]


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """The folders below a root by relative name, with their files, in order; what git keeps for itself is left out."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield os.path.relpath(folder, root), sorted(files)


def row(run: Run) -> list[str]:
    """The line of the table for one run."""
    runs = run.report.get("runs", [])
    inputs = [i["reading"] for one in runs for i in one["inputs"]]
    found = sum(o["findings_total"] for one in runs for o in one["outcomes"])
    counts = [str(inputs.count(reading)) for reading in COUNTED]
    verdict = str(run.report.get("verdict", "-"))
    return [run.job.what, run.job.path, str(run.code), verdict, *counts, str(found), f"{run.seconds:.1f}"]


def print_table(runs: Sequence[Run]) -> None:
    """A Markdown table, one row per run."""
    head = ["run", "path", "exit", "verdict", "checked", "ignored", "not examined", "findings", "seconds"]
    for cells in [head, ["---"] * len(head), *(row(run) for run in runs)]:
        print("| " + " | ".join(cells) + " |")


def _keep(runs: Sequence[Run], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, run in enumerate(runs):
        name = f"{number:03d}-{run.job.what}-{run.job.path}".replace("/", "_").replace(" ", "-")
        (folder / f"{name}.json").write_text(json.dumps(run.report, indent=1, sort_keys=True), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a corpus. Returns 0 where nothing is wrong with the program, whatever the verdicts are."""
    parser = argparse.ArgumentParser(description="Run readiness check on a corpus of real manifests.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--reports", type=Path, help="keep each JSON report in this folder")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    given = parser.parse_args(arguments)
    if not given.corpus.is_dir():
        parser.error(f"{given.corpus}: wanted a folder with a folder per project in it")
    with ThreadPoolExecutor(max(1, given.jobs)) as pool:
        runs = list(pool.map(lambda job: check(job, given.corpus), list(jobs(given.corpus))))
    print_table(runs)
    if given.reports:
        _keep(runs, given.reports)
    faults = [f"{run.job.what} {run.job.path}: {fault}" for run in runs for fault in run.faults]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not runs:
        print(f"error: {given.corpus} holds nothing to check", file=sys.stderr)
    return 1 if faults or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
