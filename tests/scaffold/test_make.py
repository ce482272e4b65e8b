"""The Makefile's virtual environment, and the shell scripts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = [".ci/install", ".ci/run", "tools/install-peers", "tools/make-venv"]


def make_venv(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "tools" / "make-venv", folder],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def interpreter(path: Path, version: str, *, makes_environments: bool = True) -> Path:
    """A stand-in for a Python that answers the three questions of the script and makes a marked folder."""
    old = int(version.split(".")[1]) < 11
    path.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *version_info\\[:3\\]*) echo {version} ;;'
        f' *"version_info < "*) exit {int(old)} ;;'
        f" *ensurepip*) exit {int(not makes_environments)} ;;"
        ' "-m venv "*) mkdir -p "$3/bin" && echo "$0" > "$3/bin/maker" ;; *) exit 9 ;; esac\n'
    )
    path.chmod(0o755)
    return path


def test_the_first_python_that_is_new_enough_and_whole_is_taken(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", "3.9.2")
    interpreter(tmp_path / "python3.13", "3.13.1", makes_environments=False)
    good = interpreter(tmp_path / "python3.12", "3.12.4")
    interpreter(tmp_path / "python3.11", "3.11.2")
    (tmp_path / "python3.14").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.14").chmod(0o755)
    done = make_venv(tmp_path / "venv", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "venv" / "bin" / "maker").read_text().strip() == str(good)


def test_without_a_good_python_it_says_what_it_found_and_what_to_do(tmp_path: Path) -> None:
    old = interpreter(tmp_path / "old", "3.9.2")
    bare = interpreter(tmp_path / "bare", "3.11.2", makes_environments=False)
    done = make_venv(tmp_path / "venv", PYTHON=f"{old} {bare} nowhere")
    assert done.returncode == 1
    assert "wanted Python 3.11 or newer" in done.stderr
    assert f"{old} is Python 3.9.2" in done.stderr
    assert f"{bare} is Python 3.11.2, but cannot make a virtual environment" in done.stderr
    assert "apt-get install" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "letters.txt").write_text("dear")
    done = make_venv(folder, PYTHON=str(interpreter(tmp_path / "python", "3.12.1")))
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["letters.txt"]


def test_make_alone_lists_what_the_readers_are_told_to_type() -> None:
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^make ([a-z-]+) ", done.stdout, re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        told = set(re.findall(r"`make ([a-z-]+)`", (ROOT / page).read_text()))
        assert told <= listed, page
    assert {"demo", "test", "check"} <= listed


@pytest.mark.needs("shellcheck")
@pytest.mark.parametrize("script", SHELL)
def test_shell_scripts_are_clean(script: str) -> None:
    done = subprocess.run(
        ["shellcheck", "--severity=style", ROOT / script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SHELL)
def test_scripts_can_be_started(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    assert (ROOT / script).read_text().startswith("#!")
