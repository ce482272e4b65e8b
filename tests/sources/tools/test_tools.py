"""Which programs are on PATH, and at which version: asked of real, small programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.facts.tools import Tool, Tools
from readiness.model import Reading
from readiness.sources import tools
from readiness.sources.programs import Bounds


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def says(folder: Path, name: str, text: str, to: str = "") -> None:
    program(folder, name, f"/bin/cat {to} <<'END'\n{text}\nEND")


def ask(name: str, wanted: str = "", root: Path | None = None) -> Tool:
    found = tools.read({name: wanted}, root).facts[Tools]
    assert isinstance(found, Tools)
    return found.tools[name]


# What the programs themselves say.
@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("docker", "Docker version 20.10.24+dfsg1, build 297e128", "20.10.24+dfsg1"),
        ("kubectl", "Client Version: v1.32.4\nKustomize Version: v5.5.0", "1.32.4"),
        ("helm", "v3.19.0+g3d8990f", "3.19.0+g3d8990f"),
        ("helm", "v3.22", "3.22"),
        ("kustomize", "v5.4.3", "5.4.3"),
        ("python3", "Python 3.11.2", "3.11.2"),
        ("git", "git version 2.39.5", "2.39.5"),
        ("node", "v20.11.1", "20.11.1"),
        ("npm", "9.2.0", "9.2.0"),
        ("go", "go version go1.24.1 linux/amd64", "1.24.1"),
        ("terraform", "Terraform v1.5.7\non linux_amd64\n\nYour version of Terraform is out of date!", "1.5.7"),
        ("psql", "psql (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "15.14"),
        ("cargo", "cargo 1.65.0", "1.65.0"),
        ("make", "GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu", "4.3"),
        ("jq", "jq-1.6", "1.6"),
        ("bash", "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", "5.2.15"),
        ("zstd", "*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***", "1.5.4"),
        ("yq", "yq (https://github.com/mikefarah/yq/) version v4.44.1", "4.44.1"),
        ("less", "less 590 (GNU regular expressions)", "590"),
    ],
)
def test_the_version_is_read_from_what_a_program_says(bin_: Path, name: str, text: str, version: str) -> None:
    says(bin_, name, text)
    assert ask(name).version == version
    assert ask(name).path == str(bin_ / name)


def test_a_version_may_be_said_on_the_other_stream(bin_: Path) -> None:
    says(bin_, "java", 'openjdk version "17.0.15" 2025-04-15', ">&2")
    assert ask("java").version == "17.0.15"


@pytest.mark.parametrize(
    ("name", "words"),
    [("go", "version"), ("kubectl", "version --client"), ("java", "-version"), ("thing", "--version")],
)
def test_each_program_is_asked_in_its_own_words(bin_: Path, name: str, words: str) -> None:
    program(bin_, name, f'[ "$*" = "{words}" ] && echo 1.2.3 || exit 1')
    assert ask(name).version == "1.2.3"


def test_a_missing_program_is_a_fact_with_the_command_that_brings_it(bin_: Path) -> None:
    program(bin_, "apt-get", "exit 1")
    supply = tools.read({"jq": ">=1.6", "thing": ""})
    found = supply.facts[Tools].tools  # type: ignore[attr-defined]
    assert found["jq"] == Tool("jq", wanted=">=1.6", install="apt-get install jq")
    assert found["thing"].install == "install thing from its project's page"
    assert supply.gaps == ()
    assert [(i.name, i.reading, i.reason) for i in supply.inputs] == [
        ("tool jq", Reading.CHECKED, "missing"),
        ("tool thing", Reading.CHECKED, "missing"),
    ]


@pytest.mark.parametrize(
    ("manager", "name", "command"),
    [
        ("apt-get", "docker", "apt-get install docker.io"),
        ("dnf", "docker", "dnf install moby-engine"),
        ("apk", "node", "apk add nodejs"),
        ("pacman", "python3", "pacman -S python"),
        ("brew", "psql", "brew install libpq"),
        ("apt-get", "mvn", "apt-get install maven"),
        ("apt-get", "kustomize", "go install sigs.k8s.io/kustomize/kustomize/v5@latest"),
        ("brew", "kustomize", "brew install kustomize"),
        ("", "jq", "install jq from its project's page"),
    ],
)
def test_what_brings_a_program_depends_on_the_platform(bin_: Path, manager: str, name: str, command: str) -> None:
    if manager:
        program(bin_, manager, "exit 1")
    assert tools.how_to_install(name) == command


def test_a_program_that_hangs_has_a_fault(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_BOUNDS", Bounds(seconds=0.3))
    program(bin_, "slow", "exec /bin/sleep 60")
    tool = ask("slow")
    assert tool.found
    assert (tool.version, tool.fault) == ("", "it gave no answer within 0.3 s and was ended")


def test_what_a_failing_program_says_is_no_version(bin_: Path) -> None:
    program(bin_, "broken", "echo 'error 404.1: no such command' >&2; exit 2")
    tool = ask("broken")
    assert tool.version == ""
    assert tool.fault == "`broken --version` says: error 404.1: no such command"


def test_a_program_that_says_no_version_has_a_fault(bin_: Path) -> None:
    says(bin_, "mute", "hello")
    assert "says: hello" in ask("mute").fault
    program(bin_, "silent", "exit 3")
    assert "ended with 3 and said nothing" in ask("silent").fault


def test_control_characters_of_a_program_reach_nobody(bin_: Path) -> None:
    program(bin_, "rude", r"printf '\033]0;owned\007\033[31mno\n'; exit 1")
    assert ask("rude").fault == "`rude --version` says: no"


def test_nothing_in_the_tree_is_started_and_a_note_says_so(
    tmp_path: Path, bin_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    program(tree / "bin", "jq", f"echo > {tmp_path}/ran; echo jq-9.9")
    monkeypatch.setenv("PATH", f"{tree}/bin:{bin_}")
    supply = tools.read({"jq": ""}, tree)
    assert not supply.facts[Tools].tools["jq"].found  # type: ignore[attr-defined]
    assert supply.notes == (f"{tree}/bin/jq lies in the tree that is checked, so it was not asked",)
    says(bin_, "jq", "jq-1.6")
    assert ask("jq", root=tree).version == "1.6"
    assert not (tmp_path / "ran").exists()
    assert tools.read({"jq": ""}).notes == ()


def test_a_name_that_is_a_path_is_no_program(bin_: Path, tmp_path: Path) -> None:
    for name in ("../bin/jq", f"{tmp_path}/jq", "-rf", "a b", "", "jq;ls"):
        tool = ask(name)
        assert not tool.found
        assert tool.fault == "this is no name of a program"


def test_a_program_learns_nothing_of_our_surroundings(
    bin_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2")
    program(bin_, "curious", f"/usr/bin/env > {tmp_path}/env; echo 1.0")
    assert ask("curious").version == "1.0"
    assert "hunter2" not in (tmp_path / "env").read_text()


def test_any_version_may_be_asked_for_in_two_ways(bin_: Path) -> None:
    says(bin_, "jq", "jq-1.6")
    assert ask("jq", "*").wanted == ask("jq", "").wanted == ""
    assert ask("jq", ">=1.5,<2").wanted == ">=1.5,<2"
