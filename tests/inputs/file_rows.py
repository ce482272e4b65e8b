"""Files that are none, names that are more than names, links that lead away."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from inputs.manifests import config_map, workload
from inputs.rows import Row

ONE = workload("one", replicas="replicas: 1")
ESCAPE = "\x1b]0;owned\x07"


def sparse(folder: Path) -> None:
    with (folder / "m.yaml").open("wb") as stream:
        stream.truncate(1 << 30)


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "m.yaml")


def unix_socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("m.yaml")
    finally:
        os.chdir(here)


def links(folder: Path) -> None:
    (folder / "passwd.yaml").symlink_to("/etc/passwd")
    (folder / "environ.yaml").symlink_to("/proc/self/environ")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "nowhere.yaml").symlink_to("gone.yaml")
    (folder / "itself.yaml").symlink_to("itself.yaml")
    (folder / "etc").symlink_to("/etc")


def circle(folder: Path) -> None:
    (folder / "a" / "loop").symlink_to("..")
    (folder / "a" / "again.yaml").symlink_to("m.yaml")


def odd_names(folder: Path) -> None:
    broken = b"a: [\n"
    for name in (b"a\nb.yaml", b"-rf.yaml", b"::error::x.yaml", f"{ESCAPE}.yaml".encode(), b"caf\xe9.yaml",
                 b"n" * 250 + b".yaml"):  # fmt: skip
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(broken)  # noqa: PTH118 (names are bytes)


def not_regular(*files: str) -> tuple[tuple[tuple[str, int], str], ...]:
    return tuple(((file, 1), "this is no regular file") for file in files)


OUTSIDE = "a link out of the folder"
ROWS = (
    Row("a hole of 1 GiB", {}, 3, gaps=((("m.yaml", 1), "more than 5,242,880"),), make=sparse, seconds=0.5, mib=20),
    Row("50 MiB in one line", {"m.yaml": b"a: " + b"x" * (50 << 20)}, 3,
        gaps=((("m.yaml", 1), "more than 5,242,880"),), seconds=0.5, mib=20),
    Row("a pipe", {}, 3, gaps=not_regular("m.yaml"), make=pipe, seconds=0.5),
    Row("a socket", {}, 3, gaps=not_regular("m.yaml"), make=unix_socket),
    Row("links that lead out", {}, 3, gaps=((("passwd.yaml", 1), OUTSIDE), *not_regular("zero.yaml"),
        (("nowhere.yaml", 1), "cannot be read"), (("itself.yaml", 1), "cannot be read"), (("etc", 1), OUTSIDE)),
        inputs={"environ.yaml": "not_examined"}, never=("root:", "PATH="), make=links),
    Row("links in a circle", {"a/m.yaml": ONE}, 1, (("availability/replicas", ("a/m.yaml", 5)),),
        inputs={"a/m.yaml": "checked", "a/again.yaml": "ignored"}, make=circle, seconds=0.5),
    Row("names that are more than names", {}, 3, gaps=((("-rf.yaml", 2), "YAML"),), make=odd_names,
        never=(ESCAPE, "\x1b", "\n::error::")),
    Row("a name with commands in it", {"m.yaml": config_map('"a\\e[31m</script><b>"')}, 1,
        (("deployment/object-names", ("m.yaml", 3)),), never=("\x1b",)),
    Row("waivers by the handful", {"m.yaml": "# readiness: ignore ALL\n" + ONE.replace("replicas: 1",
        "replicas: 1  # readiness: ignore availability/replicas")}, 1,
        (("availability/replicas", ("m.yaml", 6)), ("governance/waivers", ("m.yaml", 1)),
         ("governance/waivers", ("m.yaml", 6)))),
    Row("a waiver in a text", {"m.yaml": ONE.replace("replicas: 1", "paused: '# readiness: ignore availability/replicas"
        ' reason="it is only a text here" owner=a until=2027-01-01\'')}, 1,
        (("availability/replicas", ("m.yaml", 4)),)),
)  # fmt: skip
