"""The pages that people follow are followed here: settings load, commands exist, and the guide ends in a new check."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.cli.program import COMMANDS, program
from readiness.config import load
from readiness.engine.registry import installed

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
GUIDE = (ROOT / "docs/adding-a-check.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TITLED = re.compile(r"^`([^`\n]+)`:\n\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTINGS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (kind, text) in enumerate(BLOCK.findall(page.read_text()))
    if kind == "yaml" and text.startswith("# readiness.yaml")
]


@pytest.mark.parametrize("text", SETTINGS)
def test_settings_in_a_page_can_be_used(text: str, tmp_path: Path):
    path = tmp_path / "readiness.yaml"
    path.write_text(text)
    assert load.load(path, installed().checks, {}).environments


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_commands_and_flags_in_a_page_exist(page: Path):
    words = re.findall(r"(?:^|`|\$ )readiness ([a-z]+)((?: [^\n`#|]*)?)", page.read_text(), re.MULTILINE)
    for name, rest in words:
        assert name in COMMANDS, f"{page.name}: readiness {name}"
        command = program.get_command(None, name)
        known = {flag for option in command.params for flag in option.opts} | {"--help"}
        assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest)) <= known, f"{page.name}: readiness {name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_in_a_page_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_checks_that_pages_speak_of_exist():
    known = installed().checks
    areas = {check_id.partition("/")[0] for check_id in known}
    for page in PAGES:
        for name in re.findall(r"`([a-z]+/[a-z-]+)`", BLOCK.sub("", page.read_text())):
            if name.partition("/")[0] in areas and not (ROOT / name).exists() and name != "governance/purpose":
                assert name in known, f"{page.name}: {name}"


def run(arguments: list[str], cwd: Path, first: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with `first` before everything that is installed."""
    environment = {**os.environ, "PYTHONPATH": str(first), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )


READINESS = ["-c", "from readiness.cli import main; main()"]


def test_a_new_check_is_two_files_by_hand(tmp_path: Path):
    for name in ("checks", "tests/checks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = tests tests/checks\n")
    files = dict(TITLED.findall(GUIDE))
    for name in ("checks/readiness_checks/governance/purpose.py", "tests/checks/governance/purpose.yaml"):
        (tmp_path / name).write_text(files[name])
    first = tmp_path / "checks"
    done = run(["-m", "pytest", "-q", "--import-mode=importlib", "tests/checks", "-k", "purpose"], tmp_path, first)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[23] passed", done.stdout), done.stdout
    # Is it really this case file that is asked?
    case = tmp_path / "tests/checks/governance/purpose.yaml"
    case.write_text(case.read_text().replace("# ok", "", 1))
    done = run(["-m", "pytest", "-q", "--import-mode=importlib", "tests/checks", "-k", "purpose"], tmp_path, first)
    assert "said, not expected" in done.stdout
    # `make docs` writes the rest.
    assert run([*READINESS, "docs"], tmp_path, first).returncode == 0
    assert (tmp_path / "docs/checks/governance/purpose.md").is_file()
    assert "governance/purpose" in (tmp_path / "docs/checks/README.md").read_text()
    explained = run([*READINESS, "explain", "governance/purpose"], tmp_path, first)
    assert "says in a sentence what it is for" in explained.stdout


def test_a_package_brings_its_checks_by_the_entry_point(tmp_path: Path):
    files = dict(TITLED.findall(GUIDE))
    source, target = tmp_path / "acme", tmp_path / "installed"
    module = source / "src/acme_readiness/naming/team_prefix.py"
    module.parent.mkdir(parents=True)
    (module.parent / "__init__.py").touch()
    (module.parent.parent / "__init__.py").touch()
    module.write_text(files["src/acme_readiness/naming/team_prefix.py"])
    (source / "pyproject.toml").write_text(files["pyproject.toml"])
    install(source, target)
    (tmp_path / "web.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
    done = run([*READINESS, "check", "web.yaml", "--format", "json"], tmp_path, target)
    outcomes = {o["id"]: o for o in json.loads(done.stdout)["runs"][0]["outcomes"]}
    (finding,) = outcomes["acme_readiness:naming/team-prefix"]["findings"]
    assert finding["message"] == "is called web, wants pay- or shop-"
    assert (finding["file"], finding["line"]) == ("web.yaml", 3)


def install(source: Path, target: Path) -> None:
    """As a wheel would be: the package and the entry points that its project names. No build, no network."""
    import tomllib

    project = tomllib.loads((source / "pyproject.toml").read_text())
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    shutil.copytree(source / package, target / Path(package).name)
    name, version = project["project"]["name"], project["project"]["version"]
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = project["project"]["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
