"""Without git, a `.gitignore` means what git makes of it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.facts.ignorefiles import decides, gitignore
from readiness.facts.repository import Repository
from readiness.sources.repository import read


def files(root: Path) -> set[str]:
    return set(read(root).facts[Repository].files)  # type: ignore[attr-defined]


def put(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_nested_ignore_files_and_taking_back(tmp_path: Path) -> None:
    put(tmp_path, {
        ".gitignore": "*.log\n/build/\n!keep.log\nnode_modules\n", "a.log": "", "keep.log": "", "build/x": "",
        "sub/build/x": "",
        "sub/.gitignore": "!a.log\n*.txt\n", "sub/a.log": "", "sub/b.txt": "", "sub/node_modules/x/y": "", "b.txt": "",
    })  # fmt: skip
    assert files(tmp_path) == {".gitignore", "keep.log", "sub/.gitignore", "sub/a.log", "sub/build/x", "b.txt"}


def test_a_nested_repository_is_named_and_left_alone(tmp_path: Path) -> None:
    put(tmp_path, {"a": "", "lib/.git/config": "", "lib/x": ""})
    supply = read(tmp_path)
    assert set(supply.facts[Repository].files) == {"a"}  # type: ignore[attr-defined]
    assert any(note.startswith("lib is a repository of its own") for note in supply.notes)


def test_a_pattern_cannot_take_exponential_time() -> None:
    patterns = gitignore("a*" * 60 + "b\n" + "**/a/" * 40 + "b\n" + "[a-z]*" * 40 + "!\n")
    assert decides(patterns, "/".join(["a" * 200] * 60), folder=False) is None


NAMES = st.sampled_from(["a", "b", "ab", "a.b", "build", "x y", "[a]", "a!", "#a"])
# A slash within brackets is left out: git looks for it before it knows of brackets.
LINES = st.lists(
    st.text(alphabet="ab*?/![]\\. #x-^", min_size=1, max_size=9).filter(lambda line: not re.search(r"\[[^\]]*/", line)),
    min_size=1,
    max_size=4,
)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8, unique=True)


@pytest.mark.needs("git")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, paths=PATHS)
def test_patterns_mean_what_git_makes_of_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], paths: list[str]
) -> None:
    root = tmp_path_factory.mktemp("ignored")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("\n".join(lines) + "\n")
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=root, input="\0".join(paths).encode(), capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    by_git = {name.decode() for name in asked.stdout.split(b"\0") if name}
    patterns = gitignore((root / ".gitignore").read_text())
    assert {path for path in paths if _ignored(patterns, path)} == by_git


def _ignored(patterns, path: str) -> bool:
    """As the walk asks: a folder that is ignored is not entered."""
    steps = path.split("/")
    heads = ("/".join(steps[:n]) for n in range(1, len(steps)))
    return any(decides(patterns, head, folder=True) for head in heads) or bool(decides(patterns, path, folder=False))
