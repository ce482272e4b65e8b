"""Fragments become a release, and what is no fragment is named."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RELEASED = "# Changelog\n\n<!-- releases -->\n\n## 0.1.0 (2026-01-02)\n\n### Added\n\n- It began.\n"


@pytest.fixture(scope="module")
def changelog() -> ModuleType:
    spec = importlib.util.spec_from_file_location("changelog_tool", ROOT / "tools" / "changelog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("how to write one")
    (folder / "b.fixed.md").write_text("A second thing\nis right.\n")
    (folder / "a.fixed.md").write_text("A first thing is right.\n")
    (folder / "z.added.md").write_text("There is a new thing.\n")
    (tmp_path / "CHANGELOG.md").write_text(RELEASED)
    return tmp_path


def test_a_release_stands_above_the_older_one_and_takes_its_fragments(changelog: ModuleType, repository: Path) -> None:
    assert changelog.release(repository, "0.2.0", date(2026, 3, 4)) == 3
    text = (repository / "CHANGELOG.md").read_text()
    assert text == (
        "# Changelog\n\n<!-- releases -->\n\n## 0.2.0 (2026-03-04)\n\n"
        "### Added\n\n- There is a new thing.\n\n"
        "### Fixed\n\n- A first thing is right.\n- A second thing is right.\n\n"
        "## 0.1.0 (2026-01-02)\n\n### Added\n\n- It began.\n"
    )
    assert [path.name for path in (repository / "changelog.d").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("new.feature.md", "A thing.", "'feature' is no kind of change"),
        ("New Thing.added.md", "A thing.", "wanted a name like"),
        ("thing.added.txt", "A thing.", "wanted a name like"),
        ("thing.added.md", " \n", "is empty"),
        ("thing.added.md", "- A thing.", "without a heading or list mark"),
        ("thing.added.md", "A thing", "full stop"),
    ],
)
def test_a_wrong_fragment_is_named_and_nothing_is_released(
    changelog: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, words: str
) -> None:
    (repository / "changelog.d" / name).write_text(text)
    before = sorted(path.name for path in (repository / "changelog.d").iterdir())
    for verb in (["check"], ["release", "0.2.0"]):
        assert changelog.main(["--root", str(repository), *verb]) == 1
        error = capsys.readouterr().err
        assert f"changelog.d/{name}: " in error
        assert words in error
    assert (repository / "CHANGELOG.md").read_text() == RELEASED
    assert sorted(path.name for path in (repository / "changelog.d").iterdir()) == before


@pytest.mark.parametrize(("version", "words"), [("v2", "like 1.2.3"), ("0.1.0", "is there already")])
def test_a_version_is_released_once_and_has_its_form(
    changelog: ModuleType, repository: Path, version: str, words: str
) -> None:
    with pytest.raises(changelog.ChangelogError, match=words):
        changelog.release(repository, version, date(2026, 3, 4))
    assert (repository / "CHANGELOG.md").read_text() == RELEASED


def test_nothing_to_release_is_said(changelog: ModuleType, repository: Path) -> None:
    for path in (repository / "changelog.d").glob("*.*.md"):
        path.unlink()
    with pytest.raises(changelog.ChangelogError, match="nothing to release"):
        changelog.release(repository, "0.2.0", date(2026, 3, 4))


def test_the_fragments_of_this_repository_are_whole(changelog: ModuleType) -> None:
    changelog.read(ROOT)
