"""Overlays as kustomize builds them, and the way back to base, patch and kustomization."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from readiness.facts.objects import Objects, Resource
from readiness.facts.writings import Writings
from readiness.model import Gap, Origin, Reading, Route, Span, Supply
from readiness.sources import kustomize

pytestmark = pytest.mark.needs("kubectl")

BASE = """resources: [deployment.yaml, service.yaml]
configMapGenerator:
  - name: settings
    literals:
      - LEVEL=info
      - MODE=plain
    options:
      labels: {made: here}
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: sidecar
          image: example.com/sidecar:1
        - name: web
          image: example.com/web:1
          env:
            - name: A
              value: base
          envFrom:
            - configMapRef: {name: settings}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
    - port: 80
"""
OVERLAY = """resources: [../../base]
components: [../../component]
namespace: shop
namePrefix: blue-
images:
  - name: example.com/web
    newTag: "2"
replicas:
  - name: web
    count: 3
labels:
  - pairs: {env: staging}
configMapGenerator:
  - name: settings
    behavior: merge
    literals: [MODE=staging]
patches:
  - path: memory.yaml
  - target: {kind: Service, name: web}
    patch: |-
      # the port
      - op: replace
        path: /spec/ports/0/port
        value: 8080
      - op: add
        path: /spec/ports/-
        value: {name: metrics, port: 9090}
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        template:
          spec:
            containers:
              - name: web
                env:
                  - name: A
                    value: overlay
"""
MEMORY = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          resources:
            limits: {memory: 1Gi}
"""
COMPONENT = """apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - patch: |-
      - op: add
        path: /spec/template/spec/priorityClassName
        value: high
    target: {kind: Deployment}
"""
FILES = {
    "base/kustomization.yaml": BASE,
    "base/deployment.yaml": DEPLOYMENT,
    "base/service.yaml": SERVICE,
    "component/kustomization.yaml": COMPONENT,
    "overlays/staging/kustomization.yaml": OVERLAY,
    "overlays/staging/memory.yaml": MEMORY,
}
RUN = """apiVersion: v1
kind: Run
metadata:
  name: x
  annotations:
    config.kubernetes.io/function: 'exec: {path: ./x}'
"""
STAGING = "overlays/staging"


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def read(root: Path, path: str = STAGING) -> Supply:
    supply = kustomize.read([path], root)
    assert not supply.gaps, supply.gaps
    return supply


def of(supply: Supply, kind: str) -> Resource:
    objects = supply.facts[Objects]
    assert isinstance(objects, Objects)
    return next(o for o in objects if o.kind == kind)


def routes(value: Any, route: Route = ()) -> Iterator[Route]:
    yield route
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from routes(inner, (*route, step))


# The containers that a patch names come first in what is built.
CONTAINERS: Route = ("spec", "template", "spec", "containers")
CONTAINER: Route = (*CONTAINERS, 0)


@pytest.mark.parametrize(
    ("kind", "route", "path", "written"),
    [
        ("Deployment", (), "base/deployment.yaml", "apiVersion: apps/v1"),
        ("Deployment", ("kind",), "base/deployment.yaml", "kind: Deployment"),
        ("Deployment", ("metadata", "name"), "base/deployment.yaml", "name: web"),
        ("Deployment", ("metadata", "namespace"), f"{STAGING}/kustomization.yaml", "namespace: shop"),
        ("Deployment", ("metadata", "labels", "env"), f"{STAGING}/kustomization.yaml", "env: staging"),
        ("Deployment", ("spec", "replicas"), f"{STAGING}/kustomization.yaml", "count: 3"),
        ("Deployment", ("spec", "strategy", "type"), "base/deployment.yaml", "spec:"),
        ("Deployment", (*CONTAINERS, 1, "image"), "base/deployment.yaml", "image: example.com/sidecar:1"),
        (
            "Deployment",
            ("spec", "template", "spec", "priorityClassName"),
            "component/kustomization.yaml",
            "value: high",
        ),
        ("Deployment", (*CONTAINER, "name"), "base/deployment.yaml", "name: web"),
        ("Deployment", (*CONTAINER, "image"), f"{STAGING}/kustomization.yaml", 'newTag: "2"'),
        ("Deployment", (*CONTAINER, "livenessProbe"), "base/deployment.yaml", "name: web"),
        ("Deployment", (*CONTAINER, "resources", "limits", "memory"), f"{STAGING}/memory.yaml", "memory: 1Gi"),
        ("Deployment", (*CONTAINER, "resources", "limits", "cpu"), f"{STAGING}/memory.yaml", "limits: {mem"),
        ("Deployment", (*CONTAINER, "env", 0, "value"), f"{STAGING}/kustomization.yaml", "value: overlay"),
        ("Deployment", (*CONTAINER, "envFrom", 0, "configMapRef", "name"), "base/deployment.yaml", "name: settings"),
        ("Service", ("spec", "ports", 0, "port"), f"{STAGING}/kustomization.yaml", "value: 8080"),
        ("Service", ("spec", "ports", 1, "port"), f"{STAGING}/kustomization.yaml", "port: 9090"),
        ("ConfigMap", ("metadata", "name"), f"{STAGING}/kustomization.yaml", "name: settings"),
        ("ConfigMap", ("metadata", "labels", "made"), "base/kustomization.yaml", "made: here"),
        ("ConfigMap", ("data", "LEVEL"), "base/kustomization.yaml", "LEVEL=info"),
        ("ConfigMap", ("data", "MODE"), f"{STAGING}/kustomization.yaml", "MODE=staging"),
        ("ConfigMap", ("data",), "base/kustomization.yaml", "name: settings"),
    ],
)
def test_a_route_leads_to_what_wrote_it(tmp_path: Path, kind: str, route: Route, path: str, written: str) -> None:
    write(tmp_path, FILES)
    span = of(read(tmp_path), kind).span(route)
    assert span is not None
    assert (span.path, span.rendered) == (path, False)
    found = (tmp_path / path).read_text().splitlines()[span.line - 1][span.column - 1 :].removeprefix("- ")
    assert found.startswith(written), (span, found)


def test_an_overlay_brings_its_objects(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    supply = read(tmp_path)
    assert (supply.source, supply.origin) == ("kustomize", Origin.RENDERED)
    assert [(i.name, i.reading, i.objects) for i in supply.inputs] == [(STAGING, Reading.CHECKED, 3)]
    assert str(of(supply, "Service")) == "<Service shop/blue-web rendered>"


def test_what_nothing_written_explains_is_a_line_of_the_build_and_says_so(tmp_path: Path) -> None:
    replacement = """
replacements:
  - source: {kind: Deployment, fieldPath: spec.replicas}
    targets:
      - select: {kind: Service}
        fieldPaths: [spec.ports.0.port]
"""
    write(tmp_path, {**FILES, "base/kustomization.yaml": BASE + replacement})
    span = of(read(tmp_path, "base"), "Service").span(("spec", "ports", 0, "port"))
    assert span is not None
    assert (span.path, span.rendered) == ("base/kustomization.yaml", True)
    built = subprocess.run(["kubectl", "kustomize", str(tmp_path / "base")], capture_output=True, text=True, check=True)
    assert built.stdout.splitlines()[span.line - 1] == "  - port: 1"


def test_two_objects_of_one_name_are_told_apart_by_namespace(tmp_path: Path) -> None:
    one = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: %s}\nspec: {type: ClusterIP}\n"
    write(tmp_path, {"k/kustomization.yaml": "resources: [s.yaml]\n", "k/s.yaml": one % "red" + "---\n" + one % "blue"})
    supply = read(tmp_path, "k")
    lines = {o.namespace: o.span(("spec", "type")).line for o in supply.facts[Objects]}  # type: ignore[attr-defined]
    assert lines == {"red": 4, "blue": 9}


def test_one_base_used_twice_is_told_apart_by_prefix(tmp_path: Path) -> None:
    top = "resources: [a, b]\n"
    inner = "resources: [../base]\nnamePrefix: %s-\nreplicas: [{name: web, count: %d}]\n"
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [deployment.yaml]\n",
            "base/deployment.yaml": DEPLOYMENT,
            "a/kustomization.yaml": inner % ("a", 2),
            "b/kustomization.yaml": inner % ("b", 3),
            "kustomization.yaml": top,
        },
    )
    supply = read(tmp_path, ".")
    found = {o.name: o.span(("spec", "replicas")) for o in supply.facts[Objects]}  # type: ignore[attr-defined]
    assert {name: span.path for name, span in found.items()} == {
        "a-web": "a/kustomization.yaml",
        "b-web": "b/kustomization.yaml",
    }


def test_two_bases_with_the_same_names_are_told_apart_by_their_files(tmp_path: Path) -> None:
    files = {"kustomization.yaml": "resources: [a, b]\n"}
    for name in ("a", "b"):
        files |= {
            f"{name}/kustomization.yaml": f"resources: [s.yaml]\nnamespace: {name}\n",
            f"{name}/s.yaml": SERVICE,
        }
    write(tmp_path, files)
    found = {o.namespace: o.span(("spec",)) for o in read(tmp_path, ".").facts[Objects]}  # type: ignore[attr-defined]
    assert {name: span.path for name, span in found.items()} == {"a": "a/s.yaml", "b": "b/s.yaml"}


def test_a_patch_of_the_version_is_where_the_version_is_written(tmp_path: Path) -> None:
    patch = "patches:\n- target: {kind: Service}\n  patch: |-\n    - {op: replace, path: /apiVersion, value: v2}\n"
    write(tmp_path, {"k/kustomization.yaml": "resources: [s.yaml]\n" + patch, "k/s.yaml": SERVICE})
    service = of(read(tmp_path, "k"), "Service")
    assert service.span(("apiVersion",)) == Span("k/kustomization.yaml", 5, 40)
    assert service.span(("kind",)) == Span("k/s.yaml", 2, 1)


def test_comments_are_those_of_the_written_files(tmp_path: Path) -> None:
    text = DEPLOYMENT.replace("  replicas: 1\n", "  replicas: 1  # readiness: ignore a/b\n")
    write(tmp_path, {"k/kustomization.yaml": "resources: [d.yaml]\n", "k/d.yaml": text})
    writings = read(tmp_path, "k").facts[Writings]
    assert isinstance(writings, Writings)
    (file,) = [w for w in writings if w.path == "k/d.yaml"]
    assert [(n.line, n.text) for n in file.notes] == [(6, "readiness: ignore a/b")]


def test_a_key_that_is_written_twice_is_a_gap_in_its_file(tmp_path: Path) -> None:
    text = DEPLOYMENT.replace("  replicas: 1\n", "  paused: false\n  paused: false\n")
    write(tmp_path, {"k/kustomization.yaml": "resources: [d.yaml]\n", "k/d.yaml": text})
    cause, span = refused(tmp_path)
    assert "already defined" in cause
    assert "run.go" not in cause
    assert span == Span("k/d.yaml", 7, 3)


def gaps(root: Path, path: str = "k") -> tuple[Gap, ...]:
    supply = kustomize.read([path], root)
    assert [i.reading for i in supply.inputs] == [Reading.NOT_EXAMINED]
    assert not supply.facts
    assert str(root) not in " ".join(g.cause for g in supply.gaps)
    return supply.gaps


def refused(root: Path, path: str = "k") -> tuple[str, Span | None]:
    (gap,) = gaps(root, path)
    return gap.cause, gap.span


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/o/r//deploy?ref=v1",
        "github.com/o/r/deploy?ref=v1",
        "git@github.com:o/r.git",
        "ssh://git@example.com/o/r",
        "git::https://example.com/o/r",
        "http://127.0.0.1:1/x.yaml",
        "o/r?ref=main",
    ],
)
@pytest.mark.parametrize("field", ["resources", "bases", "components"])
def test_what_is_remote_is_refused_at_its_line(tmp_path: Path, address: str, field: str) -> None:
    write(tmp_path, {"k/kustomization.yaml": f"{field}:\n  - {address}\n"})
    cause, span = refused(tmp_path)
    assert "is remote" in cause
    assert span == Span("k/kustomization.yaml", 2, 5)


def test_a_credential_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    write(tmp_path, {"k/kustomization.yaml": "resources: ['https://me:hunter2@example.com/x']\n"})
    assert "hunter2" not in refused(tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("resources:\n  - a.yaml\n  - gone.yaml\n", Span("k/kustomization.yaml", 3, 5), "there is no gone.yaml"),
        ("resources: [empty]\n", Span("k/kustomization.yaml", 1, 13), "has no kustomization.yaml"),
        ("resources: [../k]\n", Span("k/kustomization.yaml", 1, 13), "a cycle"),
        ("resources: [../secret.yaml]\n", Span("k/kustomization.yaml", 1, 13), "lies outside"),
        (
            "configMapGenerator:\n- name: a\n  files: [p=../secret.yaml]\n",
            Span("k/kustomization.yaml", 3, 11),
            "lies outside",
        ),
        ("patches: [{path: gone.yaml}]\n", Span("k/kustomization.yaml", 1, 12), "there is no gone.yaml"),
        ("patches: [{path: 'https://e.com/p'}]\n", Span("k/kustomization.yaml", 1, 12), "is remote"),
        (
            "resources: [a.yaml]\npatches:\n- patch: 'a: ['\n",
            Span("k/kustomization.yaml", 3, 3),
            "patch cannot be read",
        ),
        ("helmCharts:\n- name: x\n", Span("k/kustomization.yaml", 1, 1), "run helm"),
        ("transformers: [run.yaml]\n", Span("k/kustomization.yaml", 1, 16), "run a program"),
        ("- a\n", Span("k/kustomization.yaml", 1), "wanted a mapping"),
        ("", Span("k/kustomization.yaml", 1), "empty"),
        ("resources: [\n", Span("k/kustomization.yaml", 2, 1), "YAML"),
        ("resources: [broken.yaml]\n", Span("k/broken.yaml", 2, 4), "YAML"),
        ("labels: []\n", Span("k/kustomization.yaml", 1), ""),
    ],
)
def test_a_fault_in_the_graph_is_a_gap_at_its_line(tmp_path: Path, text: str, span: Span, words: str) -> None:
    files = {"k/a.yaml": SERVICE, "secret.yaml": "a: hunter2\n", "k/run.yaml": RUN, "k/broken.yaml": "a: b\n  c: [\n"}
    write(tmp_path, {**files, "k/kustomization.yaml": text})
    (tmp_path / "k" / "empty").mkdir()
    cause, found = refused(tmp_path)
    assert words in cause
    assert found == span, cause


def test_a_link_to_a_file_outside_is_not_loaded(tmp_path: Path) -> None:
    write(tmp_path, {"k/kustomization.yaml": "resources: [s.yaml]\n", "secret.yaml": "password: hunter2\n"})
    (tmp_path / "k" / "s.yaml").symlink_to(tmp_path / "secret.yaml")
    cause, span = refused(tmp_path)
    assert "lies outside" in cause
    assert span == Span("k/kustomization.yaml", 1, 13)


def test_what_kustomize_says_of_a_failure_is_kept(tmp_path: Path) -> None:
    patch = "patches:\n  - path: p.yaml\n"
    write(tmp_path, {"k/kustomization.yaml": "resources: [s.yaml]\n" + patch, "k/s.yaml": SERVICE, "k/p.yaml": MEMORY})
    cause, span = refused(tmp_path)
    assert "no matches for Id" in cause
    assert "run.go" not in cause
    assert span is not None
    assert span.path == "k/kustomization.yaml"


def test_one_broken_overlay_does_not_hide_another(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "bad/kustomization.yaml": "resources: [gone.yaml]\n"})
    supply = kustomize.read(["bad", "nowhere", STAGING], tmp_path)
    assert [i.reading for i in supply.inputs] == [Reading.NOT_EXAMINED, Reading.NOT_EXAMINED, Reading.CHECKED]
    assert len(supply.gaps) == 2
    assert of(supply, "Deployment").name == "blue-web"


def test_a_patch_without_an_object_is_a_gap(tmp_path: Path) -> None:
    idle = "  - target: {kind: Deployment, name: wbe}\n    path: memory.yaml\n"
    write(tmp_path, {**FILES, f"{STAGING}/kustomization.yaml": OVERLAY + idle})
    supply = kustomize.read([STAGING], tmp_path)
    (gap,) = supply.gaps
    assert "changes nothing" in gap.cause
    assert gap.span is not None
    line = (OVERLAY + idle).splitlines()[gap.span.line - 1]
    assert line == "    path: memory.yaml"
    assert of(supply, "Deployment").name == "blue-web"


def test_a_bomb_of_bases_ends_at_once(tmp_path: Path) -> None:
    files = {f"l{n}/kustomization.yaml": f"resources: [../l{n + 1}, ../l{n + 1}/.]\n" for n in range(40)}
    write(tmp_path, {**files, "l40/kustomization.yaml": "resources: []\n"})
    assert any("kustomizations in all" in g.cause for g in gaps(tmp_path, "l0"))


def test_without_a_program_the_gap_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FILES)
    monkeypatch.setenv("PATH", str(tmp_path))
    (gap,) = gaps(tmp_path, STAGING)
    assert "neither kustomize nor kubectl" in gap.cause
    assert "install it" in gap.advice
    assert gap.span == Span(f"{STAGING}/kustomization.yaml", 1)


@pytest.mark.parametrize(
    ("name", "script", "words"),
    [
        ("kubectl", """echo '{"clientVersion": {"gitVersion": "v1.20.2"}}'""", "kustomize v2.0.3"),
        ("kustomize", "echo v3.9.1", "wanted 4 or newer"),
        ("kustomize", "echo what >&2; exit 1", "what"),
        (
            "kustomize",
            'test "$1" = version && echo v5.0.0 || env >&2; exit $(test "$1" = version && echo 0 || echo 1)',
            "PATH=",
        ),
    ],
)
def test_a_program_that_is_too_old_or_fails_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str, words: str
) -> None:
    write(tmp_path / "r", FILES)
    fake = tmp_path / "bin" / name
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (gap,) = gaps(tmp_path / "r", STAGING)
    assert words in gap.cause
    assert "hunter2" not in gap.cause


def test_a_program_within_the_tree_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {**FILES, "bin/kustomize": f"#!/bin/sh\ntouch {tmp_path}/ran\n"})
    (tmp_path / "bin" / "kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}.")
    monkeypatch.chdir(tmp_path / "bin")
    assert gaps(tmp_path, STAGING)
    assert not (tmp_path / "ran").exists()


def test_every_line_of_a_whole_overlay_is_explained(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    objects = read(tmp_path).facts[Objects]
    for resource in objects:  # type: ignore[attr-defined]
        for route in routes(resource.body):
            span = resource.span(route)
            assert span is not None
            assert not span.rendered, (resource, route)
