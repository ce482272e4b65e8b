"""What git tracks is what is examined, and nothing that a repository configures is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from readiness.facts.repository import Repository
from readiness.model import Reading, Supply
from readiness.sources.repository import git, read

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q", "-b", "main", "repo")
    return tmp_path / "repo"


def run(folder: Path, *arguments: str, when: str = "2026-11-20T10:00:00+01:00") -> str:
    who = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Bob"}
    dates = {"GIT_COMMITTER_EMAIL": "bob@example.com", "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who, **dates}
    return subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def put(folder: Path, files: dict[str, str], message: str = "", when: str = "2026-11-20T10:00:00+01:00") -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if message:
        run(folder, "add", "--all", "--", ".")
        run(folder, "commit", "-q", "-m", message, when=when)


def repository(supply: Supply) -> Repository:
    found = supply.facts[Repository]
    assert isinstance(found, Repository)
    return found


def reasons(supply: Supply) -> dict[str, tuple[Reading, str]]:
    return {one.name: (one.reading, one.reason) for one in supply.inputs if one.reason}


def test_tracked_files_are_examined_and_others_are_told(repo: Path) -> None:
    put(repo, {"Dockerfile": "FROM scratch\n", ".gitignore": "*.log\n"}, "first")
    put(repo, {"new.yaml": "a: 1\n", "x.log": "noise"})
    supply = read(repo)
    assert set(repository(supply).files) == {"Dockerfile", ".gitignore"}
    assert repository(supply).tracked
    assert supply.gaps == ()
    assert any("new.yaml" in note and "x.log" not in note for note in supply.notes)


def test_the_working_tree_is_read_not_the_commit(repo: Path) -> None:
    put(repo, {"a.txt": "old\n", "gone.txt": "x"}, "first")
    (repo / "a.txt").write_text("new\n")
    (repo / "gone.txt").unlink()
    supply = read(repo)
    assert repository(supply).files["a.txt"].text == "new\n"
    assert "gone.txt" not in repository(supply).files
    assert reasons(supply)["gone.txt"][0] is Reading.IGNORED


def test_history_is_newest_first_with_paths_and_time_zone(repo: Path) -> None:
    put(repo, {"a": "1", "dir/b c": "1"}, "first", when="2026-11-01T10:00:00+00:00")
    put(repo, {"a": "2"}, "second: \x1f odd", when="2026-11-02T10:00:00+02:00")
    history = repository(read(repo)).history
    assert history is not None
    assert [(c.subject, c.author, c.paths) for c in history] == [
        ("second: \x1f odd", "Ann <ann@example.com>", ("a",)),
        ("first", "Ann <ann@example.com>", ("a", "dir/b c")),
    ]
    assert history[0].when.isoformat() == "2026-11-02T10:00:00+02:00"
    assert not repository(read(repo)).shallow


def test_a_part_of_a_repository_has_its_own_files_and_history(repo: Path) -> None:
    put(repo, {"svc/Dockerfile": "FROM scratch\n", "other/x": "1"}, "both")
    put(repo, {"other/x": "2"}, "other only")
    found = repository(read(repo / "svc"))
    assert set(found.files) == {"Dockerfile"}
    assert found.history is not None
    assert [(c.subject, c.paths) for c in found.history] == [("both", ("Dockerfile",))]


def test_a_history_that_is_cut_says_so(repo: Path) -> None:
    for number in range(3):
        put(repo, {"a": str(number)}, f"c{number}")
    found = repository(read(repo, commits=2))
    assert found.history is not None
    assert (len(found.history), found.shallow) == (2, True)
    assert not repository(read(repo, commits=3)).shallow
    run(repo.parent, "clone", "-q", "--depth=1", f"file://{repo}", "cut")
    assert repository(read(repo.parent / "cut")).shallow


def test_a_repository_without_commits_has_an_empty_history(repo: Path) -> None:
    put(repo, {"a": "1"})
    run(repo, "add", "a")
    found = repository(read(repo))
    assert (found.history, set(found.files)) == ((), {"a"})


def test_nested_repositories_and_submodules_are_named(repo: Path) -> None:
    run(repo.parent, "init", "-q", "lib")
    put(repo.parent / "lib", {"x": "1"}, "lib")
    put(repo, {"a": "1"}, "first")
    run(repo, "submodule", "--quiet", "add", str(repo.parent / "lib"), "modules/lib")
    run(repo.parent, "clone", "-q", str(repo.parent / "lib"), str(repo / "nested"))
    supply = read(repo)
    assert set(repository(supply).files) == {"a", ".gitmodules"}
    assert reasons(supply)["modules/lib"][0] is Reading.IGNORED
    assert reasons(supply)["nested"][0] is Reading.IGNORED
    assert any("modules/lib is a submodule" in note for note in supply.notes)


def test_nothing_that_a_repository_configures_is_run(repo: Path, tmp_path: Path) -> None:
    put(repo, {"a.txt": "1", ".gitattributes": "* filter=evil diff=evil\n"}, "first")
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {marker}\ncat\n')
    program.chmod(0o755)
    hooks = repo / ".git" / "hooks"
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"):
        (hooks / hook).write_text(program.read_text())
        (hooks / hook).chmod(0o755)
    signed = run(repo, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    (tmp_path / "signed").write_text(signed)
    commit = run(repo, "hash-object", "-t", "commit", "-w", str(tmp_path / "signed")).strip()
    (repo / ".git" / "refs" / "heads" / "main").write_text(commit + "\n")
    settings = {
        "core.fsmonitor": str(program),
        "core.hooksPath": str(hooks),
        "core.pager": str(program),
        "pager.log": str(program),
        "core.sshCommand": str(program),
        "core.askPass": str(program),
        "core.editor": str(program),
        "diff.external": str(program),
        "diff.evil.textconv": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "filter.evil.required": "true",
        "gpg.program": str(program),
        "log.showSignature": "true",
        "core.alternateRefsCommand": str(program),
        "alias.log": f"!{program}",
        "alias.ls-files": f"!{program}",
    }
    for name, value in settings.items():
        with (repo / ".git" / "config").open("a") as file:
            section, _, key = name.rpartition(".")
            head, _, sub = section.partition(".")
            file.write(f'[{head}{f" {chr(34)}{sub}{chr(34)}" if sub else ""}]\n\t{key} = "{value}"\n')
    (repo / "a.txt").write_text("changed, so that git would like to look")
    supply = read(repo)
    assert set(repository(supply).files) == {"a.txt", ".gitattributes"}
    assert len(repository(supply).history or ()) == 1
    assert not marker.exists(), marker.read_text()


def test_a_missing_object_is_not_fetched(repo: Path, tmp_path: Path) -> None:
    """A repository that claims to be a partial clone makes git call its remote for what it lacks."""
    put(repo, {"a": "1"}, "first")
    put(repo, {"b": "1"}, "second")
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    tree = run(repo, "rev-parse", "HEAD^{tree}").strip()
    (repo / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with (repo / ".git" / "config").open("a") as file:
        file.write(f'[remote "origin"]\n\turl = "ext::{program}"\n\tpromisor = true\n')
        file.write(
            '[extensions]\n\tpartialClone = origin\n[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n'
        )
    supply = read(repo)
    assert not marker.exists()
    assert any(gap.hides(("git history",)) for gap in supply.gaps)
    assert repository(supply).history is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_another_user_is_read(repo: Path) -> None:
    put(repo, {"a": "1"}, "first")
    for path in (repo, *repo.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    supply = read(repo)
    assert repository(supply).tracked
    assert supply.gaps == ()


def test_odd_names_are_kept_readable(repo: Path) -> None:
    put(repo, {"-rf": "1", "a\nb": "2", "\x1b]0;x\x07": "3", "::error::x": "4"})
    (repo.joinpath(os.fsdecode(b"\xff\xfe.txt"))).write_text("5")
    run(repo, "add", "--all", "--", ".")
    files = repository(read(repo)).files
    assert {name: file.text for name, file in files.items()} == {
        "-rf": "1", "a\nb": "2", "\x1b]0;x\x07": "3", "::error::x": "4", "\\xff\\xfe.txt": "5",
    }  # fmt: skip


def test_a_broken_index_is_a_gap_with_the_words_of_git(repo: Path) -> None:
    put(repo, {"Dockerfile": "FROM scratch\n"}, "first")
    (repo / ".git" / "index").write_bytes(b"DIRC nonsense")
    supply = read(repo)
    assert "Dockerfile" in repository(supply).files
    assert not repository(supply).tracked
    assert any("index" in gap.cause for gap in supply.gaps)


def test_pointers_of_large_file_storage_are_no_content(repo: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    put(repo, {".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer, "values.yaml": pointer, "b.txt": "x"}, "first")
    supply = read(repo)
    assert set(repository(supply).files) == {".gitattributes", "b.txt"}
    assert reasons(supply)["a.bin"][0] is Reading.IGNORED
    assert reasons(supply)["values.yaml"][0] is Reading.NOT_EXAMINED
    assert [(gap.span.path if gap.span else "", gap.advice) for gap in supply.gaps] == [
        ("values.yaml", "run `git lfs pull`")
    ]


def test_git_that_does_not_end_is_stopped(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(repo, {"a": "1"}, "first")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "SECONDS", 0.2)
    supply = read(repo)
    assert set(repository(supply).files) == {"a"}
    assert any("took longer than 0.2 s" in gap.cause for gap in supply.gaps)


def test_without_git_the_files_are_those_that_lie_there(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(repo, {"a": "1"}, "first")
    put(repo, {"untracked": "1"})
    monkeypatch.setenv("PATH", "/nonexistent")
    supply = read(repo)
    assert set(repository(supply).files) == {"a", "untracked"}
    assert not repository(supply).tracked
    assert repository(supply).history is None
    assert any("git is not installed" in note for note in supply.notes)


def test_more_files_than_are_taken_is_a_gap(repo: Path) -> None:
    put(repo, {f"f{n}": "1" for n in range(4)}, "first")
    supply = read(repo, most=3)
    assert len(repository(supply).files) == 3
    assert any("more than 3 files" in gap.cause for gap in supply.gaps)
    assert read(repo, most=4).gaps == ()
