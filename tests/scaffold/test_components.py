"""What becomes of a test whose component is missing: pytest, run on a small suite with a PATH of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
SUITE = """
import pytest

@pytest.mark.needs("helm")
def test_renders():
    pass

@pytest.mark.needs("helm", "shellcheck")
def test_renders_and_lints():
    pass

def test_alone():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A project of its own with the real conftest, one test file, and an empty folder ``bin`` for PATH."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("conftest.py", "components.py"):
        shutil.copy(TESTS / name, tests / name)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib --strict-markers\npythonpath = tests\n"
    )
    (tests / "test_suite.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, *arguments: str, require: str = "", kubeconfig: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(suite / "bin"), "HOME": str(suite), "READINESS_REQUIRE": require}
    environment["READINESS_TEST_KUBECONFIG"] = kubeconfig
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


def program(suite: Path, name: str, body: str = "exit 0") -> None:
    path = suite / "bin" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def closing_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [
        line
        for line in done.stdout.splitlines()
        if "Bring it:" in line and "SKIPPED" not in line and "FAILED" not in line
    ]


def test_a_missing_component_skips_its_tests_and_is_named_once_with_its_command(suite: Path) -> None:
    done = run(suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 2 skipped" in done.stdout
    assert closing_lines(done) == [
        "helm: 2 tests skipped. Bring it: bash .ci/install helm",
        "shellcheck: 1 test skipped. Bring it: bash .ci/install shellcheck",
    ]


def test_the_closing_lines_survive_worker_processes(suite: Path) -> None:
    pytest.importorskip("xdist")
    done = run(suite, "-n", "2")
    assert "1 passed, 2 skipped" in done.stdout, done.stdout + done.stderr
    assert "helm: 2 tests skipped. Bring it: bash .ci/install helm" in closing_lines(done)


def test_a_required_component_that_is_missing_fails_its_tests(suite: Path) -> None:
    done = run(suite, require="git, helm")
    assert done.returncode == 1
    assert "1 passed, 2 errors" in done.stdout
    assert (
        "needs helm, which READINESS_REQUIRE promises: helm not on PATH. Bring it: bash .ci/install helm" in done.stdout
    )


def test_a_present_component_lets_its_tests_run(suite: Path) -> None:
    program(suite, "helm")
    program(suite, "shellcheck")
    done = run(suite, require="helm,shellcheck")
    assert done.returncode == 0
    assert "3 passed" in done.stdout
    assert closing_lines(done) == []


def test_a_program_that_cannot_answer_is_missing(suite: Path) -> None:
    program(suite, "helm", "echo 'cannot execute: wrong architecture' >&2; exit 126")
    done = run(suite, "-rs")
    assert "1 passed, 2 skipped" in done.stdout
    assert "needs helm: helm ended with 126: cannot execute: wrong architecture" in done.stdout


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("exit 0", "1 passed"), ("echo refused >&2; exit 1", "needs cluster: kubectl ended with 1: refused")],
)
def test_a_cluster_is_there_only_when_its_api_answers(suite: Path, answer: str, outcome: str) -> None:
    live = "import pytest\n@pytest.mark.needs('cluster')\ndef test_live():\n    pass\n"
    (suite / "tests" / "test_suite.py").write_text(live)
    (suite / "kubeconfig").touch()
    program(suite, "kubectl", f'[ "$1 $2" = "--kubeconfig kubeconfig" ] || exit 2; {answer}')
    assert outcome in run(suite, "-rs", kubeconfig="kubeconfig").stdout


def test_a_kubeconfig_that_is_no_file_is_no_cluster(suite: Path) -> None:
    (suite / "tests" / "test_suite.py").write_text(SUITE.replace('"helm"', '"cluster"'))
    done = run(suite, "-rs", kubeconfig="nowhere")
    assert "needs cluster: READINESS_TEST_KUBECONFIG names nowhere, which is not a file" in done.stdout


@pytest.mark.parametrize("where", ["READINESS_REQUIRE", "mark"])
def test_a_misspelt_component_is_an_error_not_a_skip(suite: Path, where: str) -> None:
    if where == "mark":
        (suite / "tests" / "test_suite.py").write_text(SUITE.replace('"helm", "shellcheck"', '"hlem"'))
    done = run(suite, require="hlem" if where == "READINESS_REQUIRE" else "")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "names the component 'hlem'; known are: chromium, cluster, corpus, docker, git," in done.stderr + done.stdout
