"""Files that are no plain files are named, and never opened; nothing outside the root is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from readiness.facts.documentation import Documentation
from readiness.facts.repository import File, Repository
from readiness.model import Reading
from readiness.sources.repository import read
from readiness.sources.repository.disk import FILE_BYTES, UnreadableFileError


def test_links_are_followed_inside_the_root_only(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "README.md").write_text("inside")
    for name, target in {
        "README.md": "docs/README.md", "out": "../secret", "absolute": "/etc/passwd", "environ": "/proc/self/environ",
        "dangling": "nowhere", "self": "self", "folder": "docs", "up": "..", "Dockerfile": "../secret",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    supply = read(root)
    files = supply.facts[Repository].files  # type: ignore[attr-defined]
    assert {path: file.text for path, file in files.items()} == {"README.md": "inside", "docs/README.md": "inside"}
    told = {one.name: one.reading for one in supply.inputs}
    assert told["folder"] is Reading.IGNORED
    for name in ("out", "absolute", "environ", "dangling", "self", "up", "Dockerfile"):
        assert told[name] is Reading.NOT_EXAMINED, name
        assert any(gap.span is not None and gap.span.path == name for gap in supply.gaps), name
    (hidden,) = (gap for gap in supply.gaps if gap.span is not None and gap.span.path == "Dockerfile")
    assert hidden.hides(("Dockerfile",))
    assert not hidden.hides(("workflow",))


def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "compose.yaml")  # opening it would wait for ever
    (tmp_path / "link").symlink_to("compose.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        supply = read(tmp_path)
    reasons = {one.name: one.reason for one in supply.inputs if one.reading is Reading.NOT_EXAMINED}
    assert reasons == {
        "compose.yaml": "is a named pipe; it is not opened",
        "link": "is a named pipe; it is not opened",
        "socket": "is a socket; it is not opened",
    }


def test_large_files_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "data.csv").open("wb") as file:
        file.write(b"text\n" * 2_000)
        file.truncate(FILE_BYTES + 1)
    with (tmp_path / "image.png").open("wb") as file:
        file.write(b"\x89PNG\0")
        file.truncate(1 << 34)
    (tmp_path / "most.txt").write_bytes(b"x" * FILE_BYTES)
    supply = read(tmp_path)
    assert set(supply.facts[Repository].files) == {"most.txt"}  # type: ignore[attr-defined]
    told = {one.name: (one.reading, one.reason) for one in supply.inputs if one.reason}
    assert told["image.png"] == (Reading.IGNORED, "is binary and larger than 5 MiB")
    assert told["data.csv"][0] is Reading.NOT_EXAMINED
    assert [gap.span.path for gap in supply.gaps if gap.span] == ["data.csv"]


def _read_one(root: Path) -> File:
    (file,) = read(root).facts[Repository].files.values()  # type: ignore[attr-defined]
    assert isinstance(file, File)
    return file


def test_a_file_that_changes_after_it_was_listed_is_no_silence(tmp_path: Path) -> None:
    path = tmp_path / "root" / "a.txt"
    path.parent.mkdir()
    path.write_text("x")
    file = _read_one(path.parent)
    path.unlink()
    with pytest.raises(UnreadableFileError, match=r"a\.txt cannot be opened any more"):
        file.load()
    os.mkfifo(path)
    with pytest.raises(UnreadableFileError, match="named pipe"):
        file.load()
    path.unlink()
    (tmp_path / "secret").write_text("outside")
    path.symlink_to("../secret")
    with pytest.raises(UnreadableFileError, match="leads out of"):
        file.load()
    path.unlink()
    path.write_bytes(b"x" * (FILE_BYTES + 1))
    with pytest.raises(UnreadableFileError, match="grown"):
        file.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Dockerfile").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    gaps = read(tmp_path).gaps
    (tmp_path / "closed").chmod(0o700)
    assert {gap.span.path for gap in gaps if gap.span} == {"Dockerfile", "closed"}


@pytest.mark.parametrize(("name", "cause"), [("missing", "does not exist"), ("file", "is no folder")])
def test_a_root_that_is_none_brings_nothing_and_says_why(tmp_path: Path, name: str, cause: str) -> None:
    (tmp_path / "file").write_text("x")
    supply = read(tmp_path / name)
    assert supply.facts == {}
    assert [cause in gap.cause for gap in supply.gaps] == [True]


def test_excluded_files_are_listed_as_ignored(tmp_path: Path) -> None:
    for name in ("keep.txt", "data/a.csv", "data/keep.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    supply = read(tmp_path, exclude=("data/*", "!data/keep.csv"))
    assert set(supply.facts[Repository].files) == {"keep.txt", "data/keep.csv"}  # type: ignore[attr-defined]
    assert {one.name: one.reason for one in supply.inputs if one.reason} == {"data/a.csv": "excluded by the settings"}


def test_a_link_may_lead_to_what_the_settings_leave_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1\n")
    (tmp_path / "README.md").write_text("[the data](data/a.csv), [nothing](data/b.csv)\n")
    documentation = Documentation(read(tmp_path, exclude=["data/*"]).facts[Repository])
    assert "data/a.csv" in documentation.paths
    assert "data/b.csv" not in documentation.paths
