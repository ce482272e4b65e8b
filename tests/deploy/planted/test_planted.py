"""The suite catches the bugs that other deployers had, planted one at a time into a copy of the rollout.

Where READINESS_PROOF_DIR is set, all are tried and the whole trial is shown to be green on an unchanged copy; otherwise
those that an undisturbed run gives away.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from simulator.proof import FULL, figures

_HERE = Path(__file__).resolve().parent
_SPEC = importlib.util.spec_from_file_location("planted_bugs", _HERE / "bugs.py")
assert _SPEC
assert _SPEC.loader
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules["planted_bugs"] = _MODULE
_SPEC.loader.exec_module(_MODULE)
BUGS = _MODULE.BUGS
TRIED = [bug for bug in BUGS if FULL or bug.part == "clean"]
_ROOM = _HERE.parents[2] / "deploy" / "readiness_deploy"


def _copy(folder: Path) -> Path:
    """The rollout without its adapters: the modules at the top, and the deeds."""
    copy = folder / "readiness_deploy"
    shutil.copytree(_ROOM / "deeds", copy / "deeds", ignore=shutil.ignore_patterns("__pycache__"))
    for module in _ROOM.glob("*.py"):
        shutil.copy(module, copy)
    return copy


def _trial(folder: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    """The trial in a process of its own, which imports the copy and nothing else of that name."""
    paths = os.pathsep.join((str(folder), str(_HERE.parent)))
    program = (
        "import readiness_deploy, sys; "
        f"assert readiness_deploy.__file__.startswith({str(folder)!r}), readiness_deploy.__file__; "
        "from simulator.trial import main; sys.exit(main(sys.argv[1:]))"
    )
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "READINESS_PROOF_DIR": ""}
    command = [sys.executable, "-P", "-c", program, *parts]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)


@pytest.mark.parametrize("bug", BUGS, ids=lambda b: b.name)
def test_each_fits_the_rollout_as_it_is(bug: _MODULE.Bug) -> None:  # type: ignore[name-defined]
    text = (_ROOM / bug.file).read_text()
    assert text.count(bug.old) == 1, f"`{bug.old}` is {text.count(bug.old)} times in {bug.file}: plant it anew"


@pytest.mark.parametrize("bug", TRIED, ids=lambda b: b.name)
def test_each_is_caught(bug: _MODULE.Bug, tmp_path: Path) -> None:  # type: ignore[name-defined]
    planted = _copy(tmp_path) / bug.file
    planted.write_text(planted.read_text().replace(bug.old, bug.new))
    done = _trial(tmp_path, bug.part)
    assert done.returncode == 1, (
        f"survived `{bug.part}` with {done.returncode}: {done.stdout[-500:]}{done.stderr[-2000:]}"
    )
    assert done.stdout.strip(), f"no promise was found broken; the trial itself failed: {done.stderr[-2000:]}"
    print(f"{bug.name}: caught by {done.stdout.strip().splitlines()[-1]}")


def test_the_rollout_as_it_is_stands_trial(tmp_path: Path) -> None:
    """Without this, a trial that fails always would catch every bug."""
    _copy(tmp_path)
    parts = () if FULL else ("clean", "foreign")
    done = _trial(tmp_path, *parts)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_figures() -> None:
    """For the table of proofs: a bug that survives fails its own test, and then this figure says nothing."""
    with figures("planted-bugs") as counts:
        counts["planted"] = len(TRIED)
    assert TRIED
