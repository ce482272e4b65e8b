"""JSON is read strictly, and an error says where."""

from __future__ import annotations

import json

import pytest

from readiness.sources.manifests.reader import read_bytes, read_json


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{"a": 1,\n}', 2, 1, "comma"),
        ("[1,]", 1, 4, "comma"),
        ('{"a": 1 // why\n}', 1, 9, "comment"),
        ('{"a": /* why */ 1}', 1, 7, "comment"),
        ('{\n# why\n"a": 1}', 2, 1, "comment"),
        ('{"a": NaN}', 1, 7, "NaN"),
        ('{"a": -Infinity}', 1, 7, "Infinity"),
        ('{"a": 1e999}', 1, 7, "too large"),
        ('{"a": 01}', 1, 7, "wanted"),
        ('{"a": .5}', 1, 7, "wanted"),
        ('{"a": +1}', 1, 7, "wanted"),
        ('{"a": 0x1F}', 1, 7, "wanted"),
        ("{'a': 1}", 1, 2, "double quotes"),
        ("{a: 1}", 1, 2, "without quotes"),
        ('{"a" 1}', 1, 6, "colon"),
        ('{"a": 1 "b": 2}', 1, 9, "comma"),
        ("[1 2]", 1, 4, "comma"),
        ('{"a": [1}', 1, 9, "comma or ]"),
        ('{1: 2}', 1, 2, "key"),
        ('{"a": }', 1, 7, "value"),
        ('{,}', 1, 2, "key"),
        ('{"a": "x\ny"}', 1, 9, "not closed"),
        ('{"a": "x', 1, 9, "not closed"),
        ('{"a": "\t"}', 1, 8, "U+0009"),
        ('{"a": "\\x"}', 1, 8, "escape"),
        ('{"a": "\\u12"}', 1, 8, "escape"),
        ('{"a": [', 1, 8, "ends too early"),
        ('{"a"', 1, 5, "ends too early"),
        ('{"a": truex}', 1, 7, "without quotes"),
        ("", 1, 1, "empty"),
        ("\r\n ", 1, 1, "empty"),
        ("[" * 100_000, 1, 101, "100 levels"),
        ('{"a":' * 100_000, 1, 501, "100 levels"),
        ("[]", 1, 1, "list"),
        ("3", 1, 1, "single value"),
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    reading = read_bytes(text.encode(), "x.json")
    (problem,) = reading.problems
    assert (problem.line, problem.column, problem.fatal) == (line, column, True)
    assert words in problem.message
    assert not reading.documents


def test_values_and_places() -> None:
    text = '{\r\n "a": [1, {"b": null}],\r\n "c\\n\\u00e4": {}, "d": [true, false, -2.5e-1, "x\\"y"]\r\n}'
    (document,) = read_json(text, "x.json").documents
    assert document.value == json.loads(text)
    assert document.span(("a", 1)) == (2, 11)
    assert document.span(("a", 1, "b")) == (2, 12)
    assert document.span(("c\nä",)) == (3, 2)
    assert document.span(("d", 3)) == (3, 47)


def test_blank_lines_are_lines() -> None:
    (document,) = read_json('\n\n{\n\n\n"a":\n\n[\n\n1]}', "x.json").documents
    assert (document.line, document.span(("a",)), document.span(("a", 0))) == (3, (6, 1), (10, 1))


def test_numbers_are_those_of_kubernetes() -> None:
    (document,) = read_json(
        '{"a": 1.0, "b": 9223372036854775808, "c": -0, "d": 1e3, "e": 9223372036854775807}', "x"
    ).documents
    assert (
        json.dumps(document.value)
        == '{"a": 1, "b": 9.223372036854776e+18, "c": 0, "d": 1000, "e": 9223372036854775807}'
    )


def test_repeated_keys_are_told_and_the_last_one_wins() -> None:
    reading = read_json('{"a": {"x": 1},\n "b": 2,\n "a": [3, 4],\n "c": {"y": 5, "y": 6}}', "x.json")
    (document,) = reading.documents
    assert document.value == {"a": [3, 4], "b": 2, "c": {"y": 6}}
    assert document.span(("a", 1)) == (3, 11)
    assert document.span(("b",)) == (2, 2)
    assert document.span(("c", "y")) == (4, 16)
    assert [(problem.line, problem.column, problem.kind, problem.fatal) for problem in reading.problems] == [
        (3, 2, "duplicate-key", False),
        (4, 16, "duplicate-key", False),
    ]
    assert "after line 1" in reading.problems[0].message


def test_values_after_the_first_are_read_and_told() -> None:
    reading = read_json('{"a": 1}\n{"b": 2} {"c": 3', "x.json")
    assert [(document.line, document.value) for document in reading.documents] == [(1, {"a": 1}), (2, {"b": 2})]
    assert [(problem.line, problem.column, problem.kind, problem.fatal) for problem in reading.problems] == [
        (2, 1, "concatenated", False),
        (2, 17, "syntax", True),
    ]


def test_a_byte_order_mark_is_told() -> None:
    reading = read_bytes(b'\xef\xbb\xbf{"a": 1}', "x.json")
    assert [document.value for document in reading.documents] == [{"a": 1}]
    assert [(problem.kind, problem.fatal) for problem in reading.problems] == [("byte-order-mark", False)]


def test_half_a_character_can_be_printed() -> None:
    (document,) = read_json('{"a": "x\\ud800y", "b": "\\ud83d\\ude00"}', "x.json").documents
    assert document.value == {"a": "x\ufffdy", "b": "😀"}


def test_messages_show_no_values() -> None:
    for text in [
        '{"p": hunter2}',
        '{"p": "q" "hunter2"}',
        '{"p" "hunter2"}',
        '{"p": "hunter2',
        '{"p": "\\hunter2"}',
        '["hunter2" 5]',
    ]:
        (problem,) = read_json(text, "x.json").problems
        assert "hunter2" not in problem.message
