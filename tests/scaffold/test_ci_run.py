"""What `.ci/run` does around `make`: components, a cluster for as long as it is needed, and the exit code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = """#!/bin/sh
echo "make $* | $READINESS_REQUIRE | $READINESS_TEST_KUBECONFIG" >> {deeds}
case "$*" in *check*) echo '== 3 passed, 1 failed in 0.1s =='; echo 'helm: 1 test skipped. Bring it: x'
    exit {code} ;; esac
"""
LAUNCHER = """#!/bin/sh
case $1 in
  env) echo "export KUBECONFIG={folder}/kubeconfig   # a remark" ;;
  up) echo up >> {folder}/deeds; touch {folder}/kubeconfig; exit {code} ;;
  *) echo "$1" >> {folder}/deeds; rm {folder}/kubeconfig ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone in ``clone`` on a machine where each program answers and ``make`` writes down what it was asked."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / ".ci", clone / ".ci")
    (tmp_path / "bin").mkdir()
    known = ("git", "helm", "kubectl", "kustomize", "shellcheck", "chromium", "postgres", "haproxy", "prometheus")
    for name in known:
        program(tmp_path, name, '#!/bin/sh\ncase "$*" in *readyz*) exit 1 ;; esac\necho v1\n')
    program(tmp_path, "make", MAKE.format(deeds=tmp_path / "deeds", code=0))
    return tmp_path


def program(machine: Path, name: str, text: str) -> Path:
    path = machine / "bin" / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{machine / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        ["bash", machine / "clone" / ".ci" / "run"],
        env={"PATH": path, "HOME": str(machine), "CI": "true", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def deeds(machine: Path) -> list[str]:
    return (machine / "deeds").read_text().splitlines()


def test_without_a_cluster_the_gate_runs_and_says_what_is_left_out(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 0, done.stdout + done.stderr
    promised = "git,kubectl,kustomize,helm,shellcheck,chromium,postgresql,haproxy,prometheus"
    assert deeds(machine) == [f"make --keep-going check | {promised} | ", f"make demo | {promised} | "]
    assert "no cluster: the tests on a live Kubernetes do not run here" in done.stdout


def test_a_launcher_brings_a_cluster_that_is_required_and_then_taken_down(machine: Path) -> None:
    launcher = program(machine, "launcher", LAUNCHER.format(folder=machine, code=0))
    done = run(machine, READINESS_KUBE=str(launcher), READINESS_REQUIRE="git")
    assert done.returncode == 0, done.stdout + done.stderr
    kubeconfig = machine / "kubeconfig"
    assert deeds(machine) == [
        "up",
        f"make --keep-going check | git,cluster,images,go | {kubeconfig}",
        f"make demo | git,cluster,images,go | {kubeconfig}",
        "down",
    ]


def test_a_launcher_beside_the_clone_is_found(machine: Path) -> None:
    folder = machine / "beside" / "kube"
    folder.mkdir(parents=True)
    shutil.move(program(machine, "launcher", LAUNCHER.format(folder=machine, code=0)), folder / "cluster")
    assert run(machine).returncode == 0
    assert deeds(machine)[0] == "up"


def test_a_cluster_that_was_there_before_stays(machine: Path) -> None:
    launcher = program(machine, "launcher", LAUNCHER.format(folder=machine, code=0))
    (machine / "kubeconfig").touch()
    program(machine, "kubectl", "#!/bin/sh\necho v1\n")
    assert run(machine, READINESS_KUBE=str(launcher)).returncode == 0
    assert not {"up", "down"} & set(deeds(machine))
    assert "cluster,images,go | " in deeds(machine)[0]


def test_a_red_gate_is_red_the_cluster_goes_and_the_last_words_are_those_of_pytest(machine: Path) -> None:
    launcher = program(machine, "launcher", LAUNCHER.format(folder=machine, code=0))
    program(machine, "make", MAKE.format(deeds=machine / "deeds", code=2))
    done = run(machine, READINESS_KUBE=str(launcher))
    assert done.returncode == 2
    assert deeds(machine)[-1] == "down"
    assert not [deed for deed in deeds(machine) if deed.startswith("make demo")]
    closing = done.stdout[done.stdout.rindex("pytest said:") :]
    assert "== 3 passed, 1 failed in 0.1s ==" in closing
    assert "helm: 1 test skipped. Bring it: x" in closing
    assert "FAILED with 2" in closing


def test_a_test_that_skips_what_is_required_by_itself_is_red(machine: Path) -> None:
    for said, code in (("no Docker here", 0), ("no PostgreSQL here", 1)):
        said = f"SKIPPED [1] a.py:3: {said}\nhelm: 1"
        program(machine, "make", MAKE.format(deeds=machine / "deeds", code=0).replace("helm: 1", said))
        assert run(machine).returncode == code, said


def test_a_cluster_that_does_not_come_up_is_a_failure(machine: Path) -> None:
    launcher = program(machine, "launcher", LAUNCHER.format(folder=machine, code=5))
    assert run(machine, READINESS_KUBE=str(launcher)).returncode == 5
    assert deeds(machine) == ["up", "down"]
    assert run(machine, READINESS_KUBE=str(machine / "nowhere")).returncode == 1


def test_a_required_name_that_nobody_can_bring_is_left_to_the_tests(machine: Path) -> None:
    done = run(machine, READINESS_REQUIRE="git,docker")
    assert done.returncode == 0
    assert "make --keep-going check | git,docker | " in deeds(machine)
