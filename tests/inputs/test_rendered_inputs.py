"""Charts and overlays that cannot be rendered: named at their line, and the manifests beside them are as ever."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from inputs.manifests import budget, config_map, stream, workload, write_good_files
from inputs.running import Said, check

CHART = {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"}
TEMPLATE = workload().replace("replicas: 3", "replicas: {{ .Values.replicas }}")
OVERLAY = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def chart(template: str = TEMPLATE, values: str = "replicas: 3\n", **more: str) -> dict[str, str]:
    return {**CHART, "values.yaml": values, "templates/d.yaml": template, **more}


def dependent(repository: str) -> dict[str, str]:
    text = CHART["Chart.yaml"] + f"dependencies:\n  - {{name: sub, version: 1.0.0, repository: '{repository}'}}\n"
    return {**chart(), "Chart.yaml": text}


def link_out(folder: Path) -> None:
    (folder / "templates" / "passwd.yaml").symlink_to("/etc/passwd")


Broken = tuple[str, Mapping[str, str], str, str, Callable[[Path], None] | None]
CHARTS: tuple[Broken, ...] = (
    ("a value that is required", chart('a: {{ required "give a name" .Values.name }}\n'), "templates/d.yaml:1",
     "give a name", None),
    ("a nil pointer", chart("kind: Service\na: {{ .Values.deep.name }}\n"), "templates/d.yaml:2", "nil pointer", None),
    ("a call without end", chart('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}\n'),
     "templates/d.yaml:1", "", None),
    ("a template that is cut off", chart("a: {{ if .Values.x }}\n"), "templates/d.yaml:", "", None),
    ("a dependency that is not there", dependent("https://charts.example.com"), "Chart.yaml:5",
     "nothing is downloaded here", None),
    ("a dependency out of the tree", dependent("file://../../x"), "Chart.yaml:5", "sub", None),
    ("values that are a list", chart(values="- a\n"), "Chart.yaml:1", "cannot load values.yaml", None),
    ("a schema that refers to a device", {**chart(), "values.schema.json": '{"$ref": "file:///dev/zero"}'},
     "values.schema.json:1", "", None),
    ("a link out of the chart", chart(), "templates/passwd.yaml:1", "", link_out),
    ("YAML that is broken", chart("kind: Service\na: [\n"), "templates/d.yaml:", "", None),
)  # fmt: skip
OVERLAYS: tuple[Broken, ...] = (
    ("a base on the network", {"kustomization.yaml": OVERLAY + "resources:\n- https://example.com/base?ref=v1\n"},
     "kustomization.yaml:4", "", None),
    ("a base over ssh", {"kustomization.yaml": OVERLAY + "resources: ['ssh://git@example.com/base']\n"},
     "kustomization.yaml:3", "", None),
    ("a file out of the tree", {"kustomization.yaml": OVERLAY + "configMapGenerator:\n- name: a\n  files:\n"
     "  - ../../../../../../../../etc/passwd\n"}, "kustomization.yaml:6", "", None),
    ("a base that is not there", {"kustomization.yaml": OVERLAY + "resources: [gone.yaml]\n"}, "kustomization.yaml:3",
     "gone.yaml", None),
    ("bases in a circle", {"kustomization.yaml": OVERLAY + "resources: [a]\n",
     "a/kustomization.yaml": OVERLAY + "resources: [..]\n"}, "a/kustomization.yaml:3", "a cycle", None),
    ("a patch for nobody", {"kustomization.yaml": OVERLAY + "resources: [m.yaml]\npatches:\n"
     "- target: {kind: Deployment, name: ghost}\n  patch: |\n    - {op: remove, path: /spec/replicas}\n",
     "m.yaml": config_map("a")}, "kustomization.yaml:6", "no object is what its target says", None),
    ("a plugin", {"kustomization.yaml": OVERLAY + "generators: [g.yaml]\n", "g.yaml": "apiVersion: v1\nkind: G\n"
     "metadata: {name: g, annotations: {config.kubernetes.io/function: 'exec: {path: ./run}'}}\n"}, "", "", None),
    ("a chart in an overlay", {"kustomization.yaml": OVERLAY + "helmCharts: [{name: a, repo: 'https://example.com'}]\n"},
     "kustomization.yaml:3", "", None),
    ("YAML that is broken", {"kustomization.yaml": OVERLAY + "resources: [\n"}, "kustomization.yaml:", "", None),
)  # fmt: skip


def write(folder: Path, files: Mapping[str, str], make: Callable[[Path], None] | None) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if make:
        make(folder)


def run_of(said: Said, environment: str) -> Mapping[str, Any]:
    (run,) = [run for run in said.report["runs"] if run["environment"] == environment]
    return run


def answers(run: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [(o["id"], o["status"], o["looked_at"], o["well"], o["findings"]) for o in run["outcomes"]]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    folder = tmp_path_factory.mktemp("company") / "shop"
    folder.mkdir()
    write_good_files(folder / "good")
    return folder, check(folder, "good")


def expect(said: Said, environment: str, place: str, words: str) -> None:
    """The environment is incomplete, for a reason at that place."""
    run = run_of(said, environment)
    assert run["verdict"] == "INCOMPLETE", said.out
    gaps = [f"{g['file']}:{g['line']}: {g['cause']}" for g in run["gaps"]]
    assert any(g.startswith(f"bad/{place}") and words in g for g in gaps), gaps
    assert f"bad/{place}" in said.words
    for never in ("Traceback (most recent", "root:x:"):
        assert never not in said.out + said.err


@pytest.mark.needs("helm")
@pytest.mark.parametrize(("files", "place", "words", "make"), [c[1:] for c in CHARTS], ids=[c[0] for c in CHARTS])
def test_a_bad_chart(
    files: Mapping[str, str],
    place: str,
    words: str,
    make: Callable[[Path], None] | None,
    good: tuple[Path, Said],
    tmp_path: Path,
) -> None:
    _beside_good_files(files, "chart", place, words, make, good, tmp_path)


@pytest.mark.needs("kubectl")
@pytest.mark.parametrize(("files", "place", "words", "make"), [c[1:] for c in OVERLAYS], ids=[c[0] for c in OVERLAYS])
def test_a_bad_overlay(
    files: Mapping[str, str],
    place: str,
    words: str,
    make: Callable[[Path], None] | None,
    good: tuple[Path, Said],
    tmp_path: Path,
) -> None:
    _beside_good_files(files, "overlay", place, words, make, good, tmp_path)


def _beside_good_files(
    files: Mapping[str, str],
    environment: str,
    place: str,
    words: str,
    make: Callable[[Path], None] | None,
    good: tuple[Path, Said],
    tmp_path: Path,
) -> None:
    company, alone = good
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "good").symlink_to(company / "good")
    write(folder / "bad", files, make)
    said = check(folder, "bad", "good")
    assert said.code == 3, said.out + said.err
    expect(said, environment, place, words)
    (before,) = alone.report["runs"]
    assert answers(run_of(said, "manifests")) == answers(before)


@pytest.mark.needs("helm")
def test_a_chart_that_renders_is_judged_at_its_template(tmp_path: Path) -> None:
    write(tmp_path / "bad", chart(stream(TEMPLATE, budget("maxUnavailable: 0")), "replicas: 1\n"), None)
    said = check(tmp_path, "bad")
    places = {(name, f["file"], f["line"]) for name, f in said.findings()}
    assert said.code == 1
    assert ("availability/replicas", "bad/templates/d.yaml", 5) in places


@pytest.mark.parametrize("environment", ["chart", "overlay"])
def test_a_missing_program_is_named_with_its_command(
    environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = {"kustomization.yaml": OVERLAY + "resources: [m.yaml]\n", "m.yaml": config_map("a")}
    write(tmp_path / "bad", chart() if environment == "chart" else overlay, None)
    monkeypatch.setenv("PATH", os.devnull)
    said = check(tmp_path, "bad")
    assert said.code == 3
    assert " on PATH" in said.words
    assert "install" in run_of(said, environment)["gaps"][0]["advice"]
