"""What Helm may not see, what it does not render, and what it must not do to us."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from sources.helm.charts import CONFIG, archive, chart

from readiness.model import Gap, Reading, Span
from readiness.sources import helm
from readiness.sources.helm import copying

INNER = {"db/Chart.yaml": b"apiVersion: v2\nname: db\nversion: 1.0.0\n"}


def gap(root: Path, path: str = "chart", **settings: object) -> Gap:
    """The one gap of a chart that is not examined."""
    supply = helm.read([helm.Chart(path, **settings)], root)  # type: ignore[arg-type]
    assert [i.reading for i in supply.inputs] == [Reading.NOT_EXAMINED]
    assert not supply.facts
    (found,) = supply.gaps
    assert str(root) not in found.cause
    assert "readiness-helm-" not in str(found)
    return found


@pytest.mark.needs("helm")
@pytest.mark.parametrize(
    ("template", "span", "words"),
    [
        ("a: 1\nb: {{ .Values.no.where }}\n", Span("chart/templates/c.yaml", 2, 14), "nil pointer"),
        ("{{ required `say who` .Values.owner }}", Span("chart/templates/c.yaml", 1, 4), "say who"),
        ("a: 1\n{{ if }}\n", Span("chart/templates/c.yaml", 2), "missing value for if"),
        ("a: {{ include `nobody` . }}", Span("chart/templates/c.yaml", 1, 7), "nobody"),
        (
            "{{ range list 1 2 }}\n---\nkind: A{{ . }}\n  bad: {{ . }}\n{{ end }}",
            Span("chart/templates/c.yaml", 4),
            "bad",
        ),
    ],
)
def test_a_template_that_fails_is_a_gap_at_its_line(tmp_path: Path, template: str, span: Span, words: str) -> None:
    chart(tmp_path, {"templates/c.yaml": template})
    found = gap(tmp_path)
    assert (found.span, words in found.cause) == (span, True), found


@pytest.mark.needs("helm")
def test_a_missing_dependency_is_a_gap_at_its_line_and_nothing_is_downloaded(tmp_path: Path) -> None:
    about = (
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
        "- {name: a, version: 1.0.0, repository: 'https://charts.example.com'}\n"
    )
    chart(tmp_path, {"Chart.yaml": about, "templates/c.yaml": CONFIG})
    found = gap(tmp_path)
    assert found.span == Span("chart/Chart.yaml", 5, 4)
    assert "helm dependency build chart" in found.advice


@pytest.mark.needs("helm")
def test_values_against_the_schema_are_a_gap(tmp_path: Path) -> None:
    schema = (
        '{"type": "object", "required": ["owner"], "properties": {"owner": {"$ref": "#/$defs/o"}}, "$defs": {"o": {}}}'
    )
    chart(tmp_path, {"templates/c.yaml": CONFIG, "values.schema.json": schema})
    found = gap(tmp_path)
    assert found.span == Span("chart/values.schema.json", 1)
    assert "owner" in found.cause


@pytest.mark.needs("helm")
def test_a_secret_value_is_not_repeated(tmp_path: Path) -> None:
    chart(tmp_path, {"templates/c.yaml": "{{ fail (printf `wrong: %s` .Values.db.password) }}"})
    found = gap(tmp_path, set={"db.password": "hunter2"})
    assert "wrong: " in found.cause
    assert "hunter2" not in found.cause


@pytest.mark.needs("helm")
def test_a_template_without_an_end_is_stopped(tmp_path: Path) -> None:
    chart(tmp_path, {"templates/c.yaml": '{{ repeat 2000000000 "abcdefgh" }}'})
    assert "MiB of memory" in gap(tmp_path).cause


@pytest.mark.needs("helm")
@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("- a\n", Span("v.yaml", 1, 1), "list"),
        ("", Span("v.yaml", 1), "empty"),
        ("a: 1\nb: [\n", Span("v.yaml", 3, 1), "YAML"),
        (None, Span("v.yaml", 1), "no such values file"),
    ],
)
def test_a_values_file_that_is_none_is_a_gap(tmp_path: Path, text: str | None, span: Span, words: str) -> None:
    chart(tmp_path, {"templates/c.yaml": CONFIG})
    if text is not None:
        (tmp_path / "v.yaml").write_text(text)
    found = gap(tmp_path, values=("v.yaml",))
    assert (found.span, words in found.cause) == (span, True), found


@pytest.mark.needs("helm")
@pytest.mark.parametrize("name", [".", "..", "a/b", "../../x", "a\x1b[31m"])
def test_a_chart_with_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    chart(tmp_path, {"Chart.yaml": f'apiVersion: v2\nname: "{name!s}"\nversion: 1.0.0\n'.replace("\x1b", "\\x1b")})
    found = gap(tmp_path)
    assert found.span == Span("chart/Chart.yaml", 2, 1)
    assert "\x1b" not in found.cause


@pytest.mark.needs("helm")
@pytest.mark.parametrize("reference", ["file:///etc/passwd", "https://example.com/s.json", "/dev/zero", "other.json"])
def test_a_schema_that_refers_to_elsewhere_is_refused(tmp_path: Path, reference: str) -> None:
    schema = f'{{"properties": {{\n"a": {{"items": [{{"$ref": "{reference}"}}]}}}}}}'
    chart(tmp_path, {"templates/c.yaml": CONFIG, "values.schema.json": schema})
    found = gap(tmp_path)
    assert found.span == Span("chart/values.schema.json", 2, 18)
    assert reference in found.cause


@pytest.mark.needs("helm")
def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n")
    chart(root, {"templates/c.yaml": CONFIG, "common/mode.txt": "x"})
    (root / "chart" / "templates" / "same.yaml").symlink_to(root / "chart" / "common" / "mode.txt")
    (root / "chart" / "templates" / "same.yaml").unlink()
    (root / "shared.tpl").write_text('{{ define "x" }}{{ end }}')
    (root / "chart" / "templates" / "_shared.tpl").symlink_to("../../shared.tpl")
    assert not helm.read([helm.Chart("chart")], root).gaps
    (root / "chart" / "values.yaml").symlink_to(secret)
    found = gap(root)
    assert found.span == Span("chart/values.yaml", 1)
    assert "hunter2" not in str(found)


@pytest.mark.needs("helm")
def test_chart_lock_is_never_a_link(tmp_path: Path) -> None:
    chart(tmp_path, {"templates/c.yaml": CONFIG})
    (tmp_path / "lock").write_text("")
    (tmp_path / "chart" / "Chart.lock").symlink_to(tmp_path / "lock")
    assert gap(tmp_path).span == Span("chart/Chart.lock", 1)


@pytest.mark.needs("helm")
def test_links_in_a_circle_and_pipes_end_at_once(tmp_path: Path) -> None:
    chart(tmp_path, {"templates/c.yaml": CONFIG}, folder="a")
    (tmp_path / "a" / "again").symlink_to(".")
    assert "contain each other" in gap(tmp_path, "a").cause
    chart(tmp_path, {"templates/c.yaml": CONFIG}, folder="b")
    os.mkfifo(tmp_path / "b" / "pipe")
    assert gap(tmp_path, "b").span == Span("b/pipe", 1)


@pytest.mark.needs("helm")
def test_files_and_charts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chart(tmp_path, {"templates/c.yaml": CONFIG, "big.bin": "x" * ((5 << 20) + 1)})
    assert gap(tmp_path).span == Span("chart/big.bin", 1)
    monkeypatch.setattr(copying, "ENTRIES", 3)
    many = copying.Budget(entries=3)
    chart(tmp_path, {f"templates/{n}.yaml": CONFIG for n in range(4)}, folder="many")
    with pytest.raises(helm.chart.ChartError, match="more than"):
        copying.Copying(str(tmp_path), many).folder(tmp_path / "many", tmp_path / "copy", "many")


def _member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.needs("helm")
@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (archive({**INNER, "db/../../evil": b"x"}), "leads out"),
        (archive({**INNER, "/etc/evil": b"x"}), "leads out"),
        (archive({**INNER, "x": _member("db/link", tarfile.SYMTYPE, "/etc/passwd")}), "link or a device"),
        (archive({**INNER, "x": _member("db/link", tarfile.LNKTYPE, "db/Chart.yaml")}), "link or a device"),
        (archive({**INNER, "x": _member("db/zero", tarfile.CHRTYPE)}), "link or a device"),
        (archive({**INNER, "db/big": bytes((5 << 20) + 1)}), "more than"),
        (archive({"alone": b"x"}), "outside of the chart"),
        (b"no archive", "cannot be unpacked"),
        (archive(INNER)[:-20], "cannot be unpacked"),
    ],
    # Their bytes hold the time: the workers of one run would not agree on what the tests are called.
    ids=["above", "absolute", "symbolic-link", "hard-link", "device", "too-large", "outside", "no-archive", "cut-off"],
)
def test_an_archive_that_is_not_only_files_is_refused(tmp_path: Path, packed: bytes, words: str) -> None:
    chart(tmp_path, {"templates/c.yaml": CONFIG})
    (tmp_path / "chart" / "charts").mkdir()
    (tmp_path / "chart" / "charts" / "db.tgz").write_bytes(packed)
    found = gap(tmp_path)
    assert words in found.cause, found
    assert found.span is not None
    assert found.span.path.startswith("chart/charts/db.tgz")


def test_a_missing_helm_is_a_gap_that_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    chart(tmp_path, {"templates/c.yaml": CONFIG})
    found = gap(tmp_path)
    assert "helm is not on PATH" in found.cause
    assert "install it" in found.advice
    assert found.span == Span("chart/Chart.yaml", 1)


def _fake(folder: Path, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "helm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "helm").chmod(0o755)


def test_a_helm_within_the_tree_or_at_a_relative_path_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository"
    chart(root, {"templates/c.yaml": CONFIG})
    _fake(root, f"touch {tmp_path}/ran")
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f".::{root}")
    assert "not on PATH outside of the folder" in gap(root).cause
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo v2.17.0", "wanted 3.10 or newer"),
        ("echo nonsense", "says 'nonsense' of its version"),
        ("echo broken >&2; exit 1", "broken"),
        ('case "$1" in version) echo v4.0.0;; *) kill -9 $$; exit 137;; esac', "SIGKILL"),
        ('case "$1" in version) echo v4.0.0;; *) exec yes;; esac', "more than 64 MiB"),
    ],
)
def test_a_helm_that_does_not_do_its_work_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    _fake(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    chart(tmp_path / "r", {"templates/c.yaml": CONFIG})
    assert words in gap(tmp_path / "r").cause


def test_helm_gets_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path / "bin", 'case "$1" in version) echo v4.0.0;; *) env >&2; exit 1;; esac')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("HELM_NAMESPACE", "HELM_KUBETOKEN", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "hunter2")
    chart(tmp_path / "r", {"templates/c.yaml": CONFIG})
    said = gap(tmp_path / "r").cause
    assert "hunter2" not in said
    assert "HELM_PLUGINS=" in said
