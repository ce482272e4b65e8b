"""Every overlay in `broken/` breaks its own area, as its README says, and no other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from example.payments import EXAMPLE, Said, check, copy

BROKEN = EXAMPLE / "broken"
_ROW = re.compile(r"^\| \[([a-z]+)\]\((\S+)\) \| .+ \| `(\S+)` \|$", re.MULTILINE)
# Area, and the check that the README promises to name it.
PROMISED = [
    (area, wanted, "/kustomization." in link) for area, link, wanted in _ROW.findall((BROKEN / "README.md").read_text())
]
OBJECTS = [(area, wanted) for area, wanted, overlay in PROMISED if overlay]
FILES = [(area, wanted) for area, wanted, overlay in PROMISED if not overlay]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(tmp_path_factory.mktemp("example") / "payments")


@pytest.fixture(scope="module")
def intact_objects(example: Path) -> Said:
    return check(example, "--settings", "broken/readiness.yaml", "--env", "intact")


@pytest.fixture(scope="module")
def intact_files(example: Path) -> Said:
    return check(example, "--env", "staging")


def lay_over(area: str, target: Path) -> subprocess.CompletedProcess[str]:
    script = BROKEN / "lay-over.sh"
    return subprocess.run([script, area, str(target)], capture_output=True, text=True, timeout=300)


@pytest.mark.needs("kubectl")
@pytest.mark.parametrize(("area", "wanted"), OBJECTS)
def test_an_overlay_breaks_its_area_and_no_other(area: str, wanted: str, example: Path, intact_objects: Said):
    turned(intact_objects, check(example, "--settings", "broken/readiness.yaml", "--env", area), area, wanted)


@pytest.mark.parametrize(("area", "wanted"), FILES)
def test_files_laid_over_break_their_area_and_no_other(area: str, wanted: str, intact_files: Said, tmp_path: Path):
    done = lay_over(area, tmp_path / "payments")
    assert done.returncode == 0, done.stderr
    turned(intact_files, check(tmp_path / "payments", "--env", "staging"), area, wanted)


def turned(intact: Said, broken: Said, area: str, wanted: str) -> None:
    assert (intact.code, intact.run["verdict"], intact.run["gaps"]) == (0, "READY", [])
    assert intact.status(wanted) in ("passed", "not_applicable")
    assert (broken.code, broken.run["verdict"], broken.run["gaps"]) == (1, "NOT READY", [])
    assert broken.status(wanted) == "failed"
    assert broken.areas.keys() == intact.areas.keys()
    assert {name for name, value in broken.areas.items() if value != intact.areas[name]} == {area}, broken.open


def test_every_area_has_something_that_breaks_it(intact_files: Said):
    assert {area for area, _, _ in PROMISED} == intact_files.areas.keys()


def test_the_readme_knows_every_folder():
    assert {path.name for path in BROKEN.iterdir() if path.is_dir()} == {area for area, _, _ in PROMISED}


@pytest.mark.parametrize(
    ("area", "there", "said"),
    [
        ("security", False, "security has neither files/ nor remove.txt"),
        ("docs", True, "is there already"),
        ("../docs/../nowhere", False, "has neither files/ nor remove.txt"),
    ],
)
def test_nothing_is_laid_over_where_that_would_be_wrong(area: str, there: bool, said: str, tmp_path: Path):
    target = tmp_path / "payments"
    if there:
        target.mkdir()
        (target / "mine").write_text("")
    done = lay_over(area, target)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == (["payments", "mine"] if there else [])


@pytest.mark.needs("shellcheck")
def test_the_script_is_clean():
    done = subprocess.run(["shellcheck", BROKEN / "lay-over.sh"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
