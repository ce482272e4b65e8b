"""What a version may be: a commit, a folder or an archive; and what a hostile one does."""

from __future__ import annotations

import gzip
import io
import os
import socket
import stat
import subprocess
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy import releases
from readiness_deploy.releases.tree import remove

from readiness.config.deploy import DeploySettings

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    remove(folder)


def make(root: Path, state: Path, version: str = "", source: str = ".", **caps: int) -> Any:
    settings = DeploySettings.model_validate({"run": {"command": ["x"]}, "release": {"source": source}})
    told: list[str] = []
    release = releases.make(
        settings, root, version, state, lambda what, **_: told.append(what), surroundings=os.environ,
        caps=releases.Caps(**caps),
    )  # fmt: skip
    return release, Path(release.details["folder"]), told


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "service" / "bin").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "service" / "bin" / "serve").write_text("#!/bin/sh\n")
    (root / "service" / "bin" / "serve").chmod(0o755)
    (root / "service" / "page").write_text("one")
    (root / "service" / "link").symlink_to("page")
    (root / "service" / "empty").write_text("")
    (root / "readme").write_text("top")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "tag", "v1")
    (root / "service" / "page").write_text("two")
    git(root, "commit", "-q", "-a", "-m", "two")
    git(root, "branch", "feature/x")
    return root


def test_a_ref_is_a_version(repository: Path, state: Path) -> None:
    release, inside, told = make(repository, state, "v1")
    assert (release.version, release.id.rpartition("-")[0]) == ("v1", "v1")
    assert (inside / "service" / "page").read_text() == "one"
    assert (inside / "service" / "empty").read_text() == ""
    assert os.access(inside / "service" / "bin" / "serve", os.X_OK)
    assert (inside / "service" / "link").readlink() == Path("page")
    assert release.details["commit"] == git(repository, "rev-parse", "v1")
    assert release.details["committed"].startswith("20")
    assert told == ["release made"]
    other, inside, _ = make(repository, state, "feature/x")
    assert other.id.startswith("feature-x-")
    assert (inside / "service" / "page").read_text() == "two"


def test_without_a_version_it_is_what_is_checked_out_and_says_what_is_not_in_it(repository: Path, state: Path) -> None:
    (repository / "service" / "page").write_text("not committed")
    release, inside, told = make(repository, state)
    assert (inside / "service" / "page").read_text() == "two"
    assert release.version == git(repository, "rev-parse", "HEAD")[:12]
    assert "uncommitted" in told
    git(repository, "checkout", "-q", "--", ".")
    assert "uncommitted" not in make(repository, state)[2]
    (repository / "new").write_text("x")
    assert "uncommitted" in make(repository, state)[2]
    (repository / "new").unlink()
    assert "uncommitted" not in make(repository, state)[2]
    (repository / "readme").unlink()
    assert "uncommitted" in make(repository, state)[2]


def test_a_service_in_a_part_of_a_repository_gets_that_part(repository: Path, state: Path) -> None:
    _, inside, _ = make(repository / "service", state, "v1")
    assert sorted(f.name for f in inside.iterdir()) == ["bin", "empty", "link", "page"]


def test_a_commit_and_a_folder_with_the_same_files_amount_to_the_same(repository: Path, state: Path) -> None:
    from_git, _, _ = make(repository / "service", state, "feature/x")
    from_disk, _, _ = make(repository / "service", state, "./.")
    assert from_git.details["digest"] == from_disk.details["digest"]


def test_nothing_of_the_repository_runs(repository: Path, state: Path, tmp_path: Path) -> None:
    """Filters, hooks and a monitor that the repository's settings name would all leave a mark."""
    mark = tmp_path / "mark"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    for key in ("filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "core.fsmonitor", "tar.tar.command"):
        git(repository, "config", key, str(script))
    (repository / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (repository / ".git" / "hooks" / hook).write_text(script.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    make(repository, state, "v1")
    make(repository, state)
    assert not mark.exists()


def test_a_ref_that_is_also_a_path_has_to_be_told_apart(repository: Path, state: Path) -> None:
    (repository / "v1").mkdir()
    (repository / "v1" / "f").write_text("x")
    with pytest.raises(releases.Unmade, match=r"\./v1"):
        make(repository, state, "v1")
    assert (make(repository, state, "./v1")[1] / "f").read_text() == "x"
    assert (make(repository, state, "refs/tags/v1")[1] / "readme").read_text() == "top"


@pytest.mark.parametrize("version", ["v9", "--output=/tmp/x", "-h", "v1..main", "a b", "HEAD:readme", "\0"])
def test_what_means_nothing_is_named(repository: Path, state: Path, version: str) -> None:
    with pytest.raises(releases.Unmade):
        make(repository, state, version)


def test_a_submodule_and_a_large_file_pointer_are_refused(repository: Path, state: Path) -> None:
    (repository / "big.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    git(repository, "add", "big.bin")
    git(repository, "commit", "-q", "-m", "lfs")
    with pytest.raises(releases.Unmade, match=r"Git LFS where big\.bin"):
        make(repository, state)
    git(repository, "rm", "-q", "--cached", "big.bin")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{git(repository, 'rev-parse', 'HEAD')},sub")
    git(repository, "commit", "-q", "-m", "sub")
    with pytest.raises(releases.Unmade, match="submodule sub"):
        make(repository, state)


def test_a_commit_with_a_link_that_leads_out_is_refused(repository: Path, state: Path) -> None:
    (repository / "out").symlink_to("../../etc/passwd")
    git(repository, "add", "out")
    git(repository, "commit", "-q", "-m", "out")
    with pytest.raises(releases.Unmade, match="link out"):
        make(repository, state)


def test_a_damaged_repository_is_said(repository: Path, state: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:readme")
    path = repository / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.unlink()
    with pytest.raises(releases.Unmade, match="cannot be read"):
        make(repository, state)


def test_a_folder_is_taken_without_its_repository_and_without_the_state(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").write_text("x")
    (root / "page").write_text("x")
    state = root / ".state"
    _, inside, _ = make(root, state, "./.")
    assert [f.name for f in inside.iterdir()] == ["page"]
    _, inside, _ = make(root, state, "./.")
    assert len(list((state / "releases").glob("*-*"))) == 1
    remove(state)


def pipe(root: Path) -> None:
    os.mkfifo(root / "odd")


def sock(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "odd"))


def link_out(root: Path) -> None:
    (root / "odd").symlink_to("/etc/passwd")


def link_up(root: Path) -> None:
    (root / "odd").symlink_to("../root2")


def link_by_way_of_a_link(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "here").symlink_to("..")
    (root / "odd").symlink_to("sub/here/../../state")


def bad_name(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe")).write_text("x")


@pytest.mark.parametrize("plant", [pipe, sock, link_out, link_up, link_by_way_of_a_link, bad_name])
def test_what_a_release_cannot_hold_is_refused(tmp_path: Path, state: Path, plant: Callable[[Path], None]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "page").write_text("x")
    plant(root)
    with pytest.raises(releases.Unmade, match=r"odd|UTF-8"):
        make(root, state, "./.")


def test_an_empty_folder_is_no_version(tmp_path: Path, state: Path) -> None:
    (tmp_path / "root").mkdir()
    with pytest.raises(releases.Unmade, match="holds no file"):
        make(tmp_path / "root", state, "./.")


def test_caps_hold(tmp_path: Path, state: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(20):
        (root / str(number)).write_bytes(b"x" * 1000)
    assert make(root, state, "./.", entries=20, total=20_000)
    with pytest.raises(releases.Unmade, match="more than 19 entries"):
        make(root, state, "./.", entries=19)
    with pytest.raises(releases.Unmade, match="more than 19,999 bytes"):
        make(root, state, "./.", total=19_999)


Member = tuple[str, Any]


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], packed: bool = True) -> Path:
    with tarfile.open(path, "w:gz" if packed else "w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, target, mode
    return made


@pytest.mark.parametrize("packed", [True, False])
def test_a_tar_archive_is_a_version(tmp_path: Path, state: Path, packed: bool) -> None:
    path = tar(
        tmp_path / ("v7.tar.gz" if packed else "v7.tar"),
        (member("./", tarfile.DIRTYPE), b""),
        (member("./bin", tarfile.DIRTYPE), b""),
        (member("./bin/serve", mode=0o4755), b"#!/bin/sh\n"),
        (member("./same", tarfile.LNKTYPE, "./bin/serve"), b""),
        (member("link", tarfile.SYMTYPE, "bin/serve"), b""),
        packed=packed,
    )
    release, inside, _ = make(tmp_path, state, path.name)
    assert release.version == "v7"
    assert (inside / "bin" / "serve").stat().st_mode & 0o7777 == 0o555
    assert (inside / "same").read_bytes() == (inside / "link").read_bytes() == b"#!/bin/sh\n"


def test_a_zip_archive_is_a_version(tmp_path: Path, state: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v8.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry("bin/serve", stat.S_IFREG | 0o755), "#!/bin/sh\n")
        archive.writestr(entry("link", stat.S_IFLNK | 0o777), "bin/serve")
        archive.writestr("plain", "x")
        archive.mkdir("folder")
    release, inside, _ = make(tmp_path, state, "./v8.zip")
    assert release.version == "v8"
    assert os.access(inside / "bin" / "serve", os.X_OK)
    assert (inside / "link").readlink() == Path("bin/serve")
    assert (inside / "folder").is_dir()
    assert (inside / "plain").stat().st_mode & 0o777 == 0o444


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = 3, mode << 16
    return made


GOOD = (member("page"), b"x")


@pytest.mark.parametrize(
    "bad",
    [
        [(member("../out"), b"x")],
        [(member("/tmp/out"), b"x")],
        [(member("a/../../out"), b"x")],
        [(member("a//b"), b"x")],
        [(member("page"), b"y")],
        [(member("out", tarfile.SYMTYPE, "/etc"), b"")],
        [(member("out", tarfile.SYMTYPE, ".."), b"")],
        [(member("d", tarfile.SYMTYPE, "."), b""), (member("d/x"), b"x")],
        [(member("out", tarfile.LNKTYPE, "/etc/passwd"), b"")],
        [(member("out", tarfile.LNKTYPE, "../../etc/passwd"), b"")],
        [(member("l", tarfile.SYMTYPE, "page"), b""), (member("out", tarfile.LNKTYPE, "l"), b"")],
        [(member("page/x"), b"x")],
        [(member("dev", tarfile.CHRTYPE), b"")],
        [(member("fifo", tarfile.FIFOTYPE), b"")],
    ],
)
def test_a_hostile_tar_archive_is_refused_and_writes_nothing(
    tmp_path: Path, state: Path, bad: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    tar(tmp_path / "v.tar.gz", GOOD, *bad)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(releases.Unmade):
        make(tmp_path, state, "v.tar.gz")
    assert [f for f in sorted(tmp_path.iterdir()) if f != state] == before
    assert [f.name for f in (state / "releases").iterdir()] == [".lock"]


def test_a_name_that_comes_twice_is_named(tmp_path: Path, state: Path) -> None:
    tar(tmp_path / "v.tar.gz", GOOD, (member("./page"), b"another"))
    with pytest.raises(releases.Unmade, match="has page twice"):
        make(tmp_path, state, "v.tar.gz")


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "a//b"])
def test_a_hostile_zip_archive_is_refused(tmp_path: Path, state: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("page", "x")
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(releases.Unmade):
        make(tmp_path, state, "v.zip")


def test_a_bomb_ends_at_its_cap(tmp_path: Path, state: Path) -> None:
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        big = member("zeros")
        big.size = 64 << 20
        file.write(big.tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))
    with pytest.raises(releases.Unmade, match="more than 1,048,576 bytes"):
        make(tmp_path, state, "bomb.tar.gz", total=1 << 20)


def test_a_header_that_wants_all_memory_gets_none(tmp_path: Path, state: Path) -> None:
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        header = member("x", tarfile.XHDTYPE)
        header.size = 256 << 20
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(256):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(releases.Unmade, match="header"):
            make(tmp_path, state, "bomb.tar.gz")
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def test_no_cut_or_flipped_archive_ends_in_a_traceback(tmp_path: Path, state: Path) -> None:
    whole = tar(tmp_path / "v.tar.gz", GOOD, (member("more"), os.urandom(3000))).read_bytes()
    with zipfile.ZipFile(tmp_path / "v.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("page", "x" * 500)
    for name, data in (("v.tar.gz", whole), ("v.zip", (tmp_path / "v.zip").read_bytes())):
        broken = [data[:cut] for cut in range(4, len(data), len(data) // 40 or 1)]
        broken += [
            data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :] for at in range(2, len(data), len(data) // 80 or 1)
        ]
        for one in broken:
            (tmp_path / name).write_bytes(one)
            try:
                make(tmp_path, state, name)
            except releases.Unmade:
                continue


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8bxxxx", b"PK\x03\x04xxxx"])
def test_what_is_no_archive_is_said(tmp_path: Path, state: Path, content: bytes) -> None:
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(releases.Unmade, match=r"v\.bin"):
        make(tmp_path, state, "v.bin")


def test_a_source_that_is_not_there_is_said(tmp_path: Path, state: Path) -> None:
    with pytest.raises(releases.Unmade, match=r"deploy\.release\.source"):
        make(tmp_path, state, source="gone")
