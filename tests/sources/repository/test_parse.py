"""Files that views read as data are parsed where they are, by name or by content; what cannot be parsed is a gap of
its kind.
"""

from __future__ import annotations

import pytest

from readiness.facts.repository import File, Repository
from readiness.facts.texts import root
from readiness.sources.repository import parse, read


def files(**texts: str | bytes) -> dict[str, File]:
    made = {}
    for path, text in texts.items():
        data = text if isinstance(text, bytes) else text.encode()
        made[path] = File(path, len(data), lambda data=data: data)  # type: ignore[misc]
    return made


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/workflows/ci.yml", "on: push\njobs: {a: {steps: [{run: 'echo ${{ github.sha }}'}]}}\n"),
        ("action.yaml", "name: x\n"),
        (".gitlab-ci.yml", "a: {script: [!reference [b, script]]}\n"),
        ("svc/Chart.yaml", "name: x\n"),
        ("svc/Chart.lock", "dependencies: []\n"),
        ("svc/values-staging.yaml", "a: 1\n"),
        ("svc/values.schema.json", "{}"),
        ("k/kustomization.yml", "resources: []\n"),
        ("docker-compose.override.yml", "services: {}\n"),
        ("compose.yaml", "services: {a: &a {image: x}, b: {<<: *a}}\n"),
        (
            "deploy/alerts.yaml",
            "# first\ngroups:\n- name: a\n  rules: [{alert: A, expr: up, annotations: {x: '{{ $value }}'}}]\n",
        ),
        ("slo.yml", "version: prometheus/v1\nservice: a\n"),
        ("slo/latency.yaml", "apiVersion: openslo/v1\nkind: SLO\n"),
        ("grafana/board.json", '{"panels": [], "schemaVersion": 39}'),
        ("package.json", '{"name": "x"}'),
        ("pyproject.toml", "[project]\nname = 'x'\n"),
        ("Pipfile", "[packages]\nx = '*'\n"),
        (".github/dependabot.yml", "version: 2\n"),
        ("renovate.json", "{}"),
        (".pre-commit-config.yaml", "repos: []\n"),
        ("catalog-info.yaml", "kind: Component\n"),
        ("api/openapi.yaml", "openapi: 3.1.0\n"),
    ],
)
def test_a_file_of_a_known_kind_is_parsed(path: str, text: str) -> None:
    parsed, gaps = parse(files(**{path: text}))
    assert gaps == ()
    assert [document.path for document in parsed[path]] == [path]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("k8s/deployment.yaml", "kind: Deployment\nspec:\n  groups: []\n"),
        ("data.json", '{"panels": 1}'),
        ("svc/templates/values.yaml", "a: {{ .Values.a }}\n"),
        ("node_modules/x/package.json", "{"),
        ("tests/fixtures/compose.yaml", "a: ["),
        ("Cargo.lock", "x"),
        ("README.md", "groups:\n"),
    ],
)
def test_other_files_are_left_alone(path: str, text: str) -> None:
    assert parse(files(**{"svc/Chart.yaml": "name: x\n", path: text}))[0].keys() == {"svc/Chart.yaml"}


@pytest.mark.parametrize(
    ("path", "text", "where", "kind"),
    [
        (".github/workflows/ci.yml", "a: 1\nb: [\n", 3, "workflow"),
        ("compose.yaml", "services:\n\tweb:\n", 2, "Compose file"),
        ("package.json", '{"a": 1,}', 1, "package manifest"),
        ("pyproject.toml", "a = 1\nb =\n", 2, "package manifest"),
        ("values.yaml", b"a: \xff\n", 1, "chart"),
        ("values.yaml", "a: {{ .Values.a }}\n", 1, "chart"),
        ("Pipfile", b"a = '\xff'", 1, "package manifest"),
        ("rules.yaml", "groups: [\n", 2, "monitoring file"),
    ],
)
def test_what_cannot_be_parsed_is_a_gap_of_its_kind(path: str, text: str | bytes, where: int, kind: str) -> None:
    parsed, gaps = parse(files(**{path: text, "Chart.yaml": "name: x\n"}))
    assert parsed.keys() == {"Chart.yaml"}
    (gap,) = gaps
    assert gap.span is not None
    assert (gap.span.path, gap.span.line) == (path, where)
    assert gap.hides((kind,))
    assert not gap.hides(("Dockerfile",))


def test_a_file_that_vanished_is_a_gap() -> None:
    def gone() -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    parsed, gaps = parse({"compose.yaml": File("compose.yaml", 1, gone)})
    assert parsed == {}
    assert [gap.kinds for gap in gaps] == [{"Compose file"}]


def test_every_file_has_a_line_among_the_inputs(tmp_path) -> None:
    for name, text in {"compose.yaml": "a: [", "package.json": "{}", "x.txt": "x", "double.json": "{}"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "action.yml").write_text("a: 1\na: 2\n")
    supply = read(tmp_path)
    told = {one.name: (one.reading.value, one.objects) for one in supply.inputs}
    assert told == {
        "action.yml": ("checked", 1), "compose.yaml": ("not_examined", 0), "double.json": ("checked", 0),
        "package.json": ("checked", 1), "x.txt": ("checked", 0),
    }  # fmt: skip
    assert any("action.yml:2:1" in note for note in supply.notes)
    assert supply.provides == {Repository}


TOML = '''# [no]
title = "x # [no]"
[tool.one]
text = """
[no]
key = 1
"""
items = [
  "a", # ]
  {b = 1},
]
[[people]]
name = 'n'
[[people]]
name = "m"
born.on = 2026-01-01
[people.address]
"odd key" = nan
[tool.two]
x = 0x10
'''


@pytest.mark.parametrize(
    ("route", "line", "value"),
    [
        (("title",), 2, "x # [no]"),
        (("tool", "one", "text"), 4, "[no]\nkey = 1\n"),
        (("tool", "one", "items", 1, "b"), 8, 1),
        (("people", 0, "name"), 13, "n"),
        (("people", 1, "born", "on"), 16, "2026-01-01"),
        (("people", 1, "address"), 17, None),
        (("tool", "two"), 19, {"x": 16}),
    ],
)
def test_toml_has_positions(route: tuple[str | int, ...], line: int, value: object) -> None:
    parsed, gaps = parse(files(**{"pyproject.toml": TOML.replace("\n", "\r\n")}))
    assert gaps == ()
    (document,) = parsed["pyproject.toml"]
    node = root(document).get(*route)
    assert document.nearest(route)[0] == line
    assert value is None or node.value == value


def test_toml_that_is_nested_too_deeply_is_a_gap() -> None:
    _, gaps = parse(files(**{"pyproject.toml": "a = " + "[" * 100_000}))
    assert len(gaps) == 1
