"""Charts as Helm renders them: objects, values, versions, hooks, warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sources.helm.charts import CONFIG, chart

from readiness.facts.objects import Objects, Resource
from readiness.facts.writings import Writings
from readiness.model import Origin, Reading, Span, Supply
from readiness.sources import helm
from readiness.sources.helm.values import given

HEAD = CONFIG.partition("\ndata:\n")[0] + "\ndata:\n"
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b.c\n"

pytestmark = pytest.mark.needs("helm")


def objects(supply: Supply) -> Objects:
    found = supply.facts[Objects]
    assert isinstance(found, Objects)
    return found


def one(supply: Supply) -> Resource:
    assert not supply.gaps, supply.gaps
    (resource,) = objects(supply)
    return resource


def data(root: Path, template: str, defaults: str = "", **settings: Any) -> dict[str, Any]:
    """The `data` of a ConfigMap whose entries are `template`."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config\ndata:\n"
    path = chart(root, {"templates/config.yaml": head + template, "values.yaml": defaults})
    found = one(helm.read([helm.Chart(path, **settings)], root)).body["data"]
    assert isinstance(found, dict)
    return found


def test_a_chart_brings_its_objects_with_release_and_namespace(tmp_path: Path) -> None:
    names = "{name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}"
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {names}\n"
    path = chart(tmp_path, {"templates/config.yaml": text})
    supply = helm.read([helm.Chart(path), helm.Chart(path, release="blue")], tmp_path, namespace="shop")
    assert [str(o) for o in objects(supply)] == ["<ConfigMap shop/web rendered>", "<ConfigMap shop/blue rendered>"]
    assert [(i.name, i.reading, i.objects) for i in supply.inputs] == [("chart", Reading.CHECKED, 1)] * 2
    assert (supply.source, supply.origin, supply.gaps) == ("helm", Origin.RENDERED, ())


def test_values_files_win_in_their_order_and_single_values_over_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one: a\ntwo: a\nthree: a\n")
    (tmp_path / "b.yaml").write_text("two: b\nthree: b\n")
    found = data(
        tmp_path,
        "  all: {{ .Values.zero }}-{{ .Values.one }}-{{ .Values.two }}-{{ .Values.three }}\n",
        "zero: d\none: d\ntwo: d\nthree: d\n",
        values=("a.yaml", "b.yaml"),
        set={"three": "s"},
    )
    assert found == {"all": "d-a-b-s"}


def test_single_values_keep_their_type(tmp_path: Path) -> None:
    settings = {
        "number": 10_000_000,
        "text": "3",
        "flag": True,
        "gone": None,
        "hosts": ["a", "b"],
        "deep.er.key": "x=1,y",
        "list[1].name": "second",
        "share": 1.5,
        "map": {"x": "1"},
        "map.y": "2",
    }
    template = (
        "  number: 'n{{ .Values.number }}'\n  text: '{{ kindOf .Values.text }}'\n  flag: '{{ kindOf .Values.flag }}'\n"
        "  gone: '{{ hasKey .Values \"gone\" }}'\n  hosts: '{{ join \"+\" .Values.hosts }}'\n"
        "  deep: '{{ .Values.deep.er.key }}'\n"
        "  second: '{{ (index .Values.list 1).name }}'\n  share: '{{ .Values.share }}'\n"
        "  map: '{{ .Values.map.x }}{{ .Values.map.y }}'\n"
    )
    wanted = {
        "number": "n10000000",
        "text": "string",
        "flag": "bool",
        "gone": "false",
        "hosts": "a+b",
        "deep": "x=1,y",
        "second": "second",
        "share": "1.5",
        "map": "12",
    }
    assert data(tmp_path / "mixed", template, "gone: here\nlist: [{name: a}, {name: b}]\n", set=settings) == wanted
    texts = {"text": "3", "deep.er.key": "x=1,y", "flag": True}
    template = (
        "  all: '{{ kindOf .Values.text }} {{ .Values.deep.er.key }} {{ .Values.deep.other }} {{ .Values.flag }}'\n"
    )
    assert data(tmp_path / "plain", template, "deep: {other: kept}\n", set=texts) == {"all": "string x=1,y kept true"}


def test_texts_do_not_show_in_the_arguments() -> None:
    flags, stdin = given({"database.password": "hunter2", "replicas": 3})
    assert "hunter2" not in " ".join(flags)
    assert b"hunter2" in stdin


def test_templates_see_the_kubernetes_version_and_the_apis_that_are_asked_for(tmp_path: Path) -> None:
    template = (
        "  version: '{{ .Capabilities.KubeVersion.Version }}'\n"
        "  monitors: '{{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}'\n"
    )
    path = chart(tmp_path, {"templates/config.yaml": HEAD + template})
    plain = one(helm.read([helm.Chart(path)], tmp_path, kubernetes="1.31"))
    assert plain.body["data"] == {"version": "v1.31.0", "monitors": "false"}
    asked = one(helm.read([helm.Chart(path, api_versions=("monitoring.coreos.com/v1",))], tmp_path, kubernetes="1.31"))
    assert asked.body["data"]["monitors"] == "true"
    guessed = helm.read([helm.Chart(path)], tmp_path)
    assert any("Kubernetes 1." in note for note in guessed.notes)


def test_hooks_and_crds_are_there_and_test_hooks_are_named(tmp_path: Path) -> None:
    def hook(kind: str) -> str:
        return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {kind}\n  annotations: {{helm.sh/hook: '{kind}'}}\n"

    files = {
        "templates/before.yaml": hook("pre-install,pre-upgrade").replace(
            "name: pre-install,pre-upgrade", "name: before"
        ),
        "templates/tests/try.yaml": hook("test"),
        "crds/crd.yaml": CRD,
    }
    supply = helm.read([helm.Chart(chart(tmp_path, files))], tmp_path)
    assert sorted(o.name for o in objects(supply)) == ["a.b.c", "before"]
    assert any("chart/templates/tests/try.yaml:1:1" in n and "test hook" in n for n in supply.notes)


def test_a_warning_of_helm_is_a_note(tmp_path: Path) -> None:
    about = "apiVersion: v2\nname: web\nversion: 1.0.0\ndeprecated: true\n"
    supply = helm.read([helm.Chart(chart(tmp_path, {"Chart.yaml": about, "templates/c.yaml": CONFIG}))], tmp_path)
    assert one(supply).name == "config"
    assert "helm says of chart: this chart is deprecated" in [note.replace("This", "this") for note in supply.notes]


def test_one_broken_chart_does_not_hide_another(tmp_path: Path) -> None:
    good = chart(tmp_path, {"templates/c.yaml": CONFIG}, folder="good")
    bad = chart(tmp_path, {"templates/c.yaml": "{{ fail `no` }}"}, folder="bad")
    supply = helm.read([helm.Chart(bad), helm.Chart(good)], tmp_path)
    assert [o.name for o in objects(supply)] == ["config"]
    assert {i.name: i.reading for i in supply.inputs} == {"bad": Reading.NOT_EXAMINED, "good": Reading.CHECKED}
    assert [g.span for g in supply.gaps] == [Span("bad/templates/c.yaml", 1, 4)]


def test_a_chart_that_renders_nothing_is_a_gap(tmp_path: Path) -> None:
    path = chart(tmp_path, {"templates/c.yaml": "{{ if .Values.on }}" + CONFIG + "{{ end }}"})
    supply = helm.read([helm.Chart(path)], tmp_path)
    assert "no objects" in supply.gaps[0].cause


def test_comments_and_duplicate_keys_are_told_at_the_template(tmp_path: Path) -> None:
    text = HEAD + "  # readiness: ignore a/b reason=why\n  mode: old\n  mode: {{ .Values.mode | quote }}\n"
    supply = helm.read([helm.Chart(chart(tmp_path, {"templates/c.yaml": text}))], tmp_path)
    writings = supply.facts[Writings]
    assert isinstance(writings, Writings)
    (file,) = writings
    lines = text.splitlines()
    assert (file.path, file.objects) == ("chart/templates/c.yaml", 1)
    assert [(n.path, lines[n.line - 1].strip()) for n in file.notes] == [
        ("chart/templates/c.yaml", "# readiness: ignore a/b reason=why")
    ]
    assert [(r.kind, lines[r.line - 1].strip()[:7]) for r in file.remarks] == [("duplicate-key", "mode: {")]
    assert "line 7" in file.remarks[0].message
