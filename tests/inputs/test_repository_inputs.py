# ruff: noqa: E501 (a table reads across)
"""Dockerfiles, Compose files and other files of a repository in the forms that trip readers up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from inputs.manifests import config_map, workload
from inputs.running import check

PIPED, BASE = "deployment/dockerfile-piped-downloads", "images/base-tag"
PIPE = "curl -fsS https://example.com/i.sh | sh"
SECRET = "hunter2-hunter2-hunter2"
COMPOSE = "services:\n  web:\n    image: registry.example.com/web:1.2.3\n"
FOUND = (
    ("a heredoc", {"Dockerfile": f"FROM debian:13.1\nRUN <<EOF\napt-get update\n{PIPE}\nEOF\n"}, PIPED, "Dockerfile", 4),
    ("comments between the lines of one", {"Dockerfile": f"FROM debian:13.1\nRUN a && \\\n# why\n  # more\n  {PIPE}\n"},
     PIPED, "Dockerfile", 5),
    ("lower case", {"Dockerfile": f"from debian:13.1\nrun {PIPE}\n"}, PIPED, "Dockerfile", 2),
    ("a mark and CR LF", {"Dockerfile": f"\ufeffFROM debian:13.1\r\n\r\nRUN {PIPE}\r\n"}, PIPED, "Dockerfile", 3),
    ("another escape", {"Dockerfile": f"# escape=`\nFROM debian:13.1\nRUN a && `\n {PIPE}\n"}, PIPED, "Dockerfile", 4),
    ("an image by an argument", {"Dockerfile": "ARG TAG=latest\nFROM debian:$TAG\n"}, BASE, "Dockerfile", 2),
    ("an address that is added", {"Dockerfile": "FROM debian:13.1\nADD http://example.com/a /a\n"},
     "deployment/dockerfile-remote-add", "Dockerfile", 2),
    ("a secret in the environment", {"Dockerfile": f"FROM debian:13.1\nENV API_TOKEN={SECRET}\n"},
     "deployment/dockerfile-secrets", "Dockerfile", 2),
    ("a heredoc without an end", {"Dockerfile": "FROM debian:13.1\nRUN <<EOF\na\n"}, "deployment/dockerfile-valid",
     "Dockerfile", 2),
    ("no FROM", {"Dockerfile": "RUN a\n"}, "deployment/dockerfile-valid", "Dockerfile", 1),
    ("a stage of itself", {"Dockerfile": "FROM a AS a\nCOPY --from=a /x /y\n"}, BASE, "Dockerfile", 1),
    ("Compose: merge keys", {"compose.yaml": "x-web: &w\n  privileged: true\n" + COMPOSE + "    <<: *w\n"},
     "deployment/compose-privileges", "compose.yaml", 2),
    ("Compose: a secret", {"compose.yaml": COMPOSE + f"    environment:\n      API_TOKEN: {SECRET}\n"},
     "deployment/compose-secrets", "compose.yaml", 5),
    ("Compose: the same key twice", {"compose.yaml": COMPOSE + "    image: web\n"}, "deployment/compose-image-tag",
     "compose.yaml", 4),
)  # fmt: skip
GAPS = (
    ("Compose that is broken", {"compose.yaml": "services: [\n"}, "compose.yaml"),
    ("a workflow that is broken", {".github/workflows/ci.yaml": "on: push\njobs: {a: [\n"}, ".github/workflows/ci.yaml"),
    ("JSON that is broken", {"package.json": '{"name": "a",}'}, "package.json"),
    ("TOML that is broken", {"pyproject.toml": "[project\n"}, "pyproject.toml"),
    ("a bomb of aliases", {"compose.yaml": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 10))}, "compose.yaml"),
)  # fmt: skip


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in {"deploy/m.yaml": config_map("a"), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


@pytest.mark.parametrize(("files", "name", "file", "line"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_a_fault_is_found_at_its_line(
    files: Mapping[str, str], name: str, file: str, line: int, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    write(folder, files)
    said = check(folder)
    places = [(f["file"], f["line"]) for found, f in said.findings() if found == name]
    assert (file, line) in places, (places, said.err)
    assert f"{file}:{line}:" in said.words
    assert said.faulty_checks() == []
    assert SECRET not in said.out + said.err


@pytest.mark.parametrize(("files", "file"), [row[1:] for row in GAPS], ids=[row[0] for row in GAPS])
def test_what_cannot_be_read_is_listed_and_nothing_is_green(
    files: Mapping[str, str], file: str, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    write(folder, files)
    said = check(folder)
    assert said.code in (1, 3)
    assert any(g["file"] == file and g["line"] >= 1 for g in said.entries("gaps")), said.out
    read = {i["name"]: i["reading"] for i in said.entries("inputs")}
    assert read[file] == "not_examined"
    assert read["deploy/m.yaml"] == "checked"
    assert said.faulty_checks() == []


def test_what_nobody_can_know_is_not_guessed(tmp_path: Path) -> None:
    """An argument without a default, and a base of nothing: neither a bad tag nor a good one."""
    folder = tmp_path / "shop"
    write(folder, {"a.Dockerfile": "ARG IMAGE\nFROM $IMAGE\n", "b.Dockerfile": "FROM scratch\nCOPY a /a\n"})
    said = check(folder)
    assert [f["file"] for name, f in said.findings() if name == BASE] == []


def test_a_very_long_line_is_read_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder, {"Dockerfile": "FROM debian\nRUN " + "a && " * 20_000 + "b\n", ".dockerignore": "*a" * 5_000 + "b\n"})
    said = check(folder)
    assert (BASE, "Dockerfile", 1) in {(name, f["file"], f["line"]) for name, f in said.findings()}
    assert said.faulty_checks() == []


ODD = workload("odd", replicas="replicas: 1")
COMPACT = (
    b'{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"odd","namespace":"shop"},"spec":{"replicas":1}}'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("odd.yaml", ODD.encode("utf-16")), ("odd.yaml", b"\xef\xbb\xbf" + ODD.encode()), ("odd.json", COMPACT)],
    ids=["UTF-16", "a mark", "JSON on one line"],
)
def test_a_manifest_in_another_form_is_found_without_settings(name: str, text: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text)
    found = {(check_, f["file"]) for check_, f in check(tmp_path).findings()}
    assert ("availability/replicas", name) in found


def test_a_component_is_no_environment_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder, {"base/kustomization.yaml": "resources: []\n", "part/kustomization.yaml": "kind: Component\n"})
    assert {run["environment"] for run in check(folder).report["runs"]} == {"base", "manifests"}
