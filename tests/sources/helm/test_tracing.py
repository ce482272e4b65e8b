"""From rendered objects back to the lines of the templates."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sources.helm.charts import archive, chart

from readiness.facts.objects import Objects, Resource
from readiness.model import Route, Span, Supply
from readiness.sources import helm
from readiness.sources.helm.tokens import mark, origins

pytestmark = pytest.mark.needs("helm")

DEPLOYMENT = """{{- if .Values.enabled -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}  # the name
  annotations:
    checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  {{- /* nobody knows
         how many */ -}}
  {{- with .Values.replicas }}
  replicas: {{ . }}
  {{- end }}
  template:
    metadata:
      labels:
        {{- include "web.labels" . | nindent 8 }}
      annotations:
        {{- include "web.local" . | nindent 8 }}
    spec:
      containers:
        {{- range $index, $name := .Values.names }}
        - name: {{ $name }}
          image: "{{ $name }}:{{ $.Values.tag }}"
          resources:
{{ toYaml $.Values.resources | indent 12 }}
          {{- if eq $index 1 }}
          command: ["sh", "-c", "echo }} {{ "{{" }}"]
          {{- else }}
          args: {{ list "a" "b" | toJson }}
          {{- end }}
        {{- end }}
      volumes: [{name: data, emptyDir: {}}]
{{- end }}
{{- define "web.local" -}}
a: {{ .Chart.Name }}
b: "2"
{{- end }}
"""
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: config
data:
  random: {{ randAlphaNum 8 | quote }}
  script: |
    first
    {{ .Values.tag }}
    last
  after: "1"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: second}
data:
  only: here
"""
HELPERS = """{{- define "web.name" -}}
web
{{- end }}
{{ define "web.labels" }}app: web
tier: front{{ end }}
"""
VALUES = """enabled: true
replicas: 2
names: [a, b]
tag: "1.0"
resources:
  limits:
    memory: 1Gi
"""
FILES = {
    "templates/deployment.yaml": DEPLOYMENT,
    "templates/config.yaml": CONFIG,
    "templates/_helpers.tpl": HELPERS,
    "values.yaml": VALUES,
}


def read(root: Path, path: str) -> Supply:
    supply = helm.read([helm.Chart(path)], root)
    assert not supply.gaps, supply.gaps
    return supply


def named(supply: Supply, name: str) -> Resource:
    objects = supply.facts[Objects]
    assert isinstance(objects, Objects)
    return next(o for o in objects if o.name == name)


def line(root: Path, span: Span | None) -> str:
    assert span is not None
    assert not span.rendered, span
    text = (root / span.path).read_text(encoding="utf-8").splitlines()[span.line - 1]
    return text[span.column - 1 :]


def routes(value: Any, route: Route = ()) -> Iterator[Route]:
    yield route
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from routes(inner, (*route, step))


@pytest.mark.parametrize(
    ("route", "written"),
    [
        ((), "apiVersion: apps/v1"),
        (("metadata", "name"), 'name: {{ include "web.name" . }}  # the name'),
        (("metadata", "annotations", "checksum/config"), "checksum/config: {{"),
        (("metadata", "labels"), 'labels: {{- include "web.labels" . | nindent 4 }}'),
        (("metadata", "labels", "tier"), 'labels: {{- include "web.labels" . | nindent 4 }}'),
        (("spec",), "spec:"),
        (("spec", "replicas"), "replicas: {{ . }}"),
        (("spec", "missing"), "spec:"),
        (("spec", "template", "metadata", "labels"), "labels:"),
        (("spec", "template", "metadata", "labels", "app"), '{{- include "web.labels" . | nindent 8 }}'),
        (("spec", "template", "metadata", "annotations", "b"), '{{- include "web.local" . | nindent 8 }}'),
        (("spec", "template", "spec", "containers", 0, "name"), "name: {{ $name }}"),
        (("spec", "template", "spec", "containers", 1), "name: {{ $name }}"),
        (("spec", "template", "spec", "containers", 1, "image"), 'image: "{{ $name }}'),
        (("spec", "template", "spec", "containers", 0, "resources"), "resources:"),
        (("spec", "template", "spec", "containers", 1, "resources", "limits", "memory"), "{{ toYaml $.Values.res"),
        (("spec", "template", "spec", "containers", 0, "args", 1), "args: {{ list"),
        (("spec", "template", "spec", "containers", 1, "command"), 'command: ["sh", "-c"'),
        (("spec", "template", "spec", "volumes", 0, "emptyDir"), "emptyDir: {}"),
    ],
)
def test_a_route_leads_to_the_line_that_wrote_it(tmp_path: Path, route: Route, written: str) -> None:
    supply = read(tmp_path, chart(tmp_path, FILES))
    span = named(supply, "web").span(route)
    found = line(tmp_path, span)
    assert found.startswith(written), (span, found)


def test_random_values_and_second_documents_are_traced_too(tmp_path: Path) -> None:
    supply = read(tmp_path, chart(tmp_path, FILES))
    config = named(supply, "config")
    assert line(tmp_path, config.span(("data", "random"))).startswith("random: {{ rand")
    assert line(tmp_path, config.span(("data", "after"))) == 'after: "1"'
    assert line(tmp_path, named(supply, "second").span(("data", "only"))) == "only: here"


def test_no_line_of_the_whole_chart_is_left_untraced(tmp_path: Path) -> None:
    supply = read(tmp_path, chart(tmp_path, FILES))
    for resource in supply.facts[Objects]:  # type: ignore[attr-defined]
        for route in routes(resource.body):
            span = resource.span(route)
            assert span is not None
            assert not span.rendered, (resource, route)


def test_crds_are_their_own_lines(tmp_path: Path) -> None:
    text = "# about it\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b.c\n"
    supply = read(tmp_path, chart(tmp_path, {**FILES, "crds/crd.yaml": text}))
    assert named(supply, "a.b.c").span(("metadata", "name")) == Span("chart/crds/crd.yaml", 5, 3)


def test_a_chart_within_a_chart_is_traced_under_its_alias(tmp_path: Path) -> None:
    inner = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Chart.Name }}\n"
    parent = (
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
        "- {name: db, version: 1.0.0, alias: store, repository: ''}\n"
    )
    files = {
        "Chart.yaml": parent,
        "charts/db-1/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "charts/db-1/templates/s.yaml": inner,
    }
    supply = read(tmp_path, chart(tmp_path, files))
    assert named(supply, "store").span(("metadata", "name")) == Span("chart/charts/db-1/templates/s.yaml", 4, 3)


def test_a_chart_within_an_archive_is_traced_into_it(tmp_path: Path) -> None:
    path = chart(tmp_path, FILES)
    inner = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: inner\n"
    (tmp_path / path / "charts").mkdir()
    (tmp_path / path / "charts" / "db-1.0.0.tgz").write_bytes(
        archive({"db/Chart.yaml": b"apiVersion: v2\nname: db\nversion: 1.0.0\n", "db/templates/s.yaml": inner})
    )
    span = named(read(tmp_path, path), "inner").span(("metadata", "name"))
    assert span == Span("chart/charts/db-1.0.0.tgz/templates/s.yaml", 4, 3)


def test_what_cannot_be_traced_is_a_line_of_the_output_and_says_so(tmp_path: Path) -> None:
    text = "{{ range list 1 2 }}\n---\napiVersion: v1\nkind: Secret # \ue000\nmetadata:\n  name: s{{ . }}\n{{ end }}"
    path = chart(tmp_path, {**FILES, "templates/secret.yaml": text})
    span = named(read(tmp_path, path), "s2").span(("metadata", "name"))
    assert span is not None
    assert (span.path, span.rendered) == ("chart/templates/secret.yaml", True)
    command = ["helm", "template", "web", str(tmp_path / path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown[span.line - 1] == "  name: s2"


def test_marks_leave_the_text_as_it_is() -> None:
    marked = mark(DEPLOYMENT)
    assert marked is not None
    assert origins(marked.replace("{{ ", "").replace(" }}", ""))[0] != []
    plain = "a: 1\n\n  b: 2 \n"
    assert origins(mark(plain) or "") == (plain.split("\n"), [1, 1, 3, 3])


@pytest.mark.parametrize("text", ["{{ if }", "a: {{ `x", "{{ if .x }}", "{{" + " " * 200_000, '{{ "' * 50_000])
def test_a_template_that_is_not_understood_is_not_marked(text: str) -> None:
    assert mark(text) is None
