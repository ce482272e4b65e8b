"""The gate of a pipeline: what a change to the example's staging turns, where it says so, and what it lets pass."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from example.payments import DAY, check, copy, readiness

pytestmark = pytest.mark.needs("git")
RULE = "availability/disruption-budget"
BUDGET, DEPLOYMENT = "deploy/staging/disruption-budget.yaml", "deploy/staging/deployment.yaml"


def git(folder: Path, *arguments: str) -> None:
    identity = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": DAY,
        "GIT_COMMITTER_DATE": DAY,
        **identity,
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, timeout=300)


def commit(folder: Path, subject: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", subject)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The example on its branch main, and a branch for a change, which is checked out."""
    folder = copy(tmp_path / "payments")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "The service")
    git(folder, "switch", "--quiet", "--create", "change")
    return folder


def down_a_line(file: Path) -> None:
    """What is in the file stands one line further down; nothing else changes."""
    file.write_text("# Looked through.\n" + file.read_text())


def privileged(file: Path) -> None:
    text = file.read_text()
    assert "privileged: false" in text
    text = text.replace("privileged: false", "privileged: true")
    file.write_text(text.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"))


def sarif(path: Path) -> list[Mapping[str, Any]]:
    (run,) = json.loads(path.read_text())["runs"]
    results: list[Mapping[str, Any]] = run["results"]
    return results


def test_a_change_that_removes_the_budget_is_stopped_and_sarif_names_the_place(repository: Path, tmp_path: Path):
    report = tmp_path / "readiness.sarif"
    before = readiness(repository, "--env", "staging", "--output", f"sarif={report}")
    assert before.returncode == 0, before.stdout + before.stderr
    assert RULE not in {result["ruleId"] for result in sarif(report)}

    git(repository, "rm", "--quiet", BUDGET)
    down_a_line(repository / DEPLOYMENT)  # the first line is also what is named where no line is known
    commit(repository, "No budget")
    after = readiness(repository, "--env", "staging", "--output", f"sarif={report}")
    assert after.returncode == 1, after.stdout + after.stderr

    (result,) = [result for result in sarif(report) if result["ruleId"] == RULE]
    place = result["locations"][0]["physicalLocation"]
    assert (result["level"], place["artifactLocation"]["uri"]) == ("error", DEPLOYMENT)
    lines = (repository / DEPLOYMENT).read_text().splitlines()
    assert place["region"]["startLine"] > 1
    assert lines[place["region"]["startLine"] - 1 :][:2] == ["apiVersion: apps/v1", "kind: Deployment"]


@pytest.fixture
def baseline(repository: Path) -> Path:
    """What main is known for, as the pipeline of main wrote it."""
    path = repository.parent / "baseline.json"
    done = readiness(repository, "--env", "staging", "--write-baseline", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_a_change_is_judged_by_what_it_adds(repository: Path, baseline: Path):
    git(repository, "rm", "--quiet", BUDGET)
    commit(repository, "No budget")
    said = check(repository, "--env", "staging", "--baseline", str(baseline), "--new-only")
    assert said.code == 1
    assert {rule for rule, _ in said.open} == {RULE}


def test_moved_lines_are_nothing_new(repository: Path, baseline: Path):
    known = check(repository, "--env", "staging").open
    assert known, "with nothing found, nothing could be taken for new"
    for name in ("Dockerfile", DEPLOYMENT):
        down_a_line(repository / name)
    commit(repository, "Comments")
    assert check(repository, "--env", "staging").open == known
    said = check(repository, "--env", "staging", "--baseline", str(baseline), "--new-only")
    assert (said.code, said.open) == (0, [])


def test_a_known_fault_passes_and_a_new_one_beside_it_does_not(repository: Path, tmp_path: Path):
    git(repository, "rm", "--quiet", BUDGET)
    commit(repository, "A debt")
    old, report = str(tmp_path / "baseline.json"), tmp_path / "readiness.sarif"
    assert readiness(repository, "--env", "staging", "--write-baseline", old).returncode == 1

    down_a_line(repository / DEPLOYMENT)
    commit(repository, "Comments")
    judged = ("--env", "staging", "--baseline", old, "--new-only", "--output", f"sarif={report}")
    assert check(repository, *judged).code == 0
    assert check(repository, "--env", "staging").code == 1

    privileged(repository / DEPLOYMENT)
    commit(repository, "A debugging session")
    said = check(repository, *judged)
    rules = {rule for rule, _ in said.open}
    assert said.code == 1
    assert "security/privileged" in rules
    assert RULE not in rules
    states = {(result["ruleId"], result["baselineState"]) for result in sarif(report)}
    assert ("security/privileged", "new") in states
    assert (RULE, "new") not in states
