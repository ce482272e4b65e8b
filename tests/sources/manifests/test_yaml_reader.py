"""A broken document hides no other one, and nothing is skipped without a word."""

from __future__ import annotations

import codecs

import pytest

from readiness.sources.manifests.reader import Comment, Reading, read_bytes, read_yaml


def told(reading: Reading) -> list[tuple[int, int, str, bool]]:
    return [(problem.line, problem.column, problem.kind, problem.fatal) for problem in reading.problems]


def values(reading: Reading) -> list[tuple[int, object]]:
    return [(document.line, document.value) for document in reading.documents]


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# comments\n", "---\n", "---\n---\n# x\n---\n", "--- ~\n...\n"])
def test_a_file_without_content_is_no_problem(text: str) -> None:
    reading = read_yaml(text, "empty.yaml")
    assert reading.documents == ()
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("broken", "line", "kind"),
    [
        ("a: [1,", 5, "syntax"),
        ("a: 'open", 5, "syntax"),
        ('a: "open', 5, "syntax"),
        ("a: {b: 1", 5, "syntax"),
        ("a:\n\t- b", 5, "syntax"),
        ("a: b\n c: d", 5, "syntax"),
        ("a: @x", 4, "syntax"),
        ("%", 4, "syntax"),
        ("- a\n- b", 4, "non-object"),
        ("just text", 4, "non-object"),
        ("12", 4, "non-object"),
        ("a: .nan", 4, "number"),
        ("a: *nobody", 4, "alias"),
        ("a: &a {b: [*a]}", 4, "alias"),
        ("<<: text", 4, "alias"),
        ("a: !!int x", 4, "tag"),
        ("? [a]\n: b", 4, "syntax"),
        ("~: b", 4, "syntax"),
        ("a: " + "[" * 150 + "]" * 150, 4, "limit"),
    ],
)
def test_documents_around_a_broken_one_are_read(broken: str, line: int, kind: str) -> None:
    more = broken.count("\n")
    reading = read_yaml(f"---\nx: 1\n---\n{broken}\n---\nx: 4\n---\nx: 5\n", "x.yaml")
    assert values(reading) == [(2, {"x": 1}), (6 + more, {"x": 4}), (8 + more, {"x": 5})]
    assert [(found, what, fatal) for found, _, what, fatal in told(reading)] == [(line, kind, True)]


def test_an_open_bracket_is_told_with_the_line_where_it_opens() -> None:
    (problem,) = read_yaml("x: 1\n---\na: [1,\n  2\nb: 3\n", "x.yaml").problems
    assert problem.line == 5
    assert "begins on line 3" in problem.message


def test_every_broken_document_is_told_with_its_own_line() -> None:
    reading = read_yaml("a: [\n---\nb: 1\n---\nc: }\n---\nd: {\n---\n- x\n---\ne: 2\n", "x.yaml")
    assert values(reading) == [(3, {"b": 1}), (11, {"e": 2})]
    assert [(line, kind) for line, _, kind, _ in told(reading)] == [
        (2, "syntax"), (5, "syntax"), (8, "syntax"), (9, "non-object"),
    ]  # fmt: skip


def test_a_document_mark_inside_a_block_text_is_text() -> None:
    reading = read_yaml("a: |\n  ---\n  b: [\nc: [\n--- # next\nd: 1\n", "x.yaml")
    assert values(reading) == [(6, {"d": 1})]
    assert [line for line, *_ in told(reading)] == [5]


def test_an_anchor_ends_with_its_document() -> None:
    reading = read_yaml("a: &a 1\n---\nb: *a\n", "x.yaml")
    assert values(reading) == [(1, {"a": 1})]
    assert told(reading) == [(3, 4, "alias", True)]


def test_a_repeated_key_is_told_with_both_lines() -> None:
    reading = read_yaml("spec:\n  image: a\n  tag: b\n  image: c\n", "x.yaml")
    assert values(reading) == [(1, {"spec": {"image": "c", "tag": "b"}})]
    assert told(reading) == [(4, 3, "duplicate-key", False)]
    assert "'image'" in reading.problems[0].message
    assert "after line 2" in reading.problems[0].message


def test_keys_that_become_the_same_text_are_repeated_keys() -> None:
    reading = read_yaml("1: a\n'1': b\non: c\ny: d\n", "x.yaml")
    assert [(line, kind) for line, _, kind, _ in told(reading)] == [(2, "duplicate-key"), (4, "duplicate-key")]


def test_an_unknown_tag_is_told_and_its_value_is_read() -> None:
    reading = read_yaml("a: !Ref name\nb: !!python/object/apply:os.system {args: [id]}\nc: !!set {x}\n", "x.yaml")
    assert values(reading) == [(1, {"a": "name", "b": {"args": ["id"]}, "c": {"x": None}})]
    assert told(reading) == [(1, 4, "tag", False), (2, 4, "tag", False)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("{{- if .Values.on }}\na: b\n{{- end }}\n", 1, 1),
        ("a: b\nlabels:\n  {{- include \"labels\" . | nindent 2 }}\n", 3, 3),
        ("a: {{ .Values.a }}\n", 1, 4),
        ("- {{ .Values.a }}\n", 1, 3),
        ("name: app-{{ .Release.Name }}\n", 1, 7),
        ("app-{{ .Chart.Name }}: x\n", 1, 1),
        ("x: 1\n---\nname: a{{ include \"b\" . }}\n", 3, 7),
    ],
)  # fmt: skip
def test_a_helm_template_is_recognised(text: str, line: int, column: int) -> None:
    reading = read_yaml(text, "templates/x.yaml")
    assert told(reading) == [(line, column, "template", True)]
    assert "render the chart" in reading.problems[0].message


@pytest.mark.parametrize(
    "text",
    [
        'summary: "{{ $labels.pod }} is down"\n',
        "args:\n- x-{{inputs.parameters.name}}\n",
        "text: |\n  {{ define \"x\" }}{{ .Values }}{{ end }}\n",
        "run: echo ${{ github.sha }} ${{ inputs.name }}\n",
    ],
)  # fmt: skip
def test_braces_in_texts_of_other_tools_are_texts(text: str) -> None:
    reading = read_yaml(text, "x.yaml")
    assert reading.problems == ()
    assert len(reading.documents) == 1


def test_a_syntax_error_beside_quoted_braces_is_a_syntax_error() -> None:
    reading = read_yaml('summary: "{{ $value }}"\nb: [\n', "rules.yaml")
    assert [kind for _, _, kind, _ in told(reading)] == ["syntax"]


def test_encrypted_values_are_told() -> None:
    sealed = read_yaml("data: {a: 'ENC[AES256,x]'}\nsops:\n  mac: ENC[AES256_GCM,data:x]\n", "x.yaml")
    assert told(sealed) == [(2, 1, "encrypted", False)]
    assert told(read_yaml("sops:\n  mac: none\n", "x.yaml")) == []


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (b"", "utf-8"), (b"", "utf-16-le"),
        (b"", "utf-16-be"), (b"", "utf-32-le"), (b"", "utf-32-be"),
    ],
)  # fmt: skip
def test_every_unicode_encoding_is_read(mark: bytes, encoding: str) -> None:
    reading = read_bytes(mark + "name: größe 😀\nb: 1\n".encode(encoding), "x.yaml")
    assert values(reading) == [(1, {"name": "größe 😀", "b": 1})]
    assert reading.documents[0].span(("b",)) == (2, 1)
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("data", "line", "column", "byte"),
    [
        ("a: 1\nb: größe\n".encode("latin-1"), 2, 6, 10),
        (b"a: 1\nb: \xff\n", 2, 4, 8),
        (b"a: \xed\xa0\x80\n", 1, 4, 3),
        ("ä: 1\nb".encode() + b"\x00\n", 2, 2, 7),
        (codecs.BOM_UTF16_LE + "a: 1\n".encode("utf-16-le") + b"\x00\xd8", 2, 1, 12),
        (b"a: \x1b[0m\n", 1, 4, 3),
        (b"a: 1\nb: x\x7fy\n", 2, 5, 9),
        ("a: b\x9fc".encode(), 1, 5, 4),
    ],
)
def test_what_is_no_text_is_told_with_its_byte(data: bytes, line: int, column: int, byte: int) -> None:
    reading = read_bytes(data, "x.yaml")
    assert told(reading) == [(line, column, "encoding", True)]
    assert f"byte {byte} " in reading.problems[0].message
    assert not reading.documents


COMMENTS = """\
# Source: chart/templates/a.yaml
a: 'quoted # readiness: no'   # readiness: ignore x -- reason
b: |  # readiness: ignore head
  # readiness: in a text
  text # Source: in a text

# readiness: ignore after
c: "two
# readiness: in quotes
  lines"
d: text#readiness: glued
e: plain # another comment # readiness: not first
"g # readiness: key": 1
---
# Source: b.yaml
h: [1, # readiness: ignore item
  2]
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_comments_are_found_and_texts_are_not(line_end: str) -> None:
    reading = read_yaml(
        COMMENTS.replace("d: text#readiness: glued\n", "d: text#readiness:glued\n").replace("\n", line_end), "x"
    )
    assert reading.problems == ()
    assert reading.comments == (
        Comment(1, "Source: chart/templates/a.yaml", alone=True),
        Comment(2, "readiness: ignore x -- reason", alone=False),
        Comment(3, "readiness: ignore head", alone=False),
        Comment(7, "readiness: ignore after", alone=True),
        Comment(15, "Source: b.yaml", alone=True),
        Comment(16, "readiness: ignore item", alone=False),
    )


def test_comments_of_a_broken_document_end_at_the_error() -> None:
    reading = read_yaml("# readiness: one\na: ]\n# readiness: two\n---\n# readiness: three\nb: 1\n", "x.yaml")
    assert [comment.text for comment in reading.comments] == ["readiness: one", "readiness: three"]


def test_messages_show_no_values() -> None:
    for text in [
        "password: !!int hunter2\n",
        "password: 'hunter2\n",
        "password: [hunter2}\n",
        "password: *hunter2x\n  hunter2: [",
    ]:
        for problem in read_yaml(text, "x.yaml").problems:
            assert "hunter2" not in problem.message.replace("*hunter2x", "")


@pytest.mark.parametrize("name", ["x.yaml", "-", "x"])
def test_json_is_read_whatever_the_name(name: str) -> None:
    assert values(read_bytes(b'\n{"a": [1,\t{"b": 2}]}', name)) == [(2, {"a": [1, {"b": 2}]})]


def test_flow_yaml_is_no_broken_json() -> None:
    reading = read_bytes(b"{a: 1, b: [x,]} # comment\n---\nc: 1\n", "x.yaml")
    assert values(reading) == [(1, {"a": 1, "b": ["x"]}), (3, {"c": 1})]
    assert reading.problems == ()
