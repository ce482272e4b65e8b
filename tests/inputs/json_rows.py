"""Bad JSON. A report about it is JSON as well, and has to stay it."""

from __future__ import annotations

import json

from inputs.rows import Row

GOOD = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j", "namespace": "shop"}'


def unread(name: str, text: str | bytes, line: int, words: str, **more: object) -> Row:
    inputs = {"m.json": "not_examined"}
    return Row(name, {"m.json": text}, 3, gaps=((("m.json", line), words),), inputs=inputs, **more)  # type: ignore[arg-type]


ROWS = (
    unread("JSON: a comma too many", GOOD + ',\n "data": {"a": "b",}}', 2, "a comma stands before }"),
    unread("JSON: a comment", GOOD + ',\n // why\n "data": {}}', 2, "JSON has none"),
    unread("JSON: not a number", GOOD + ',\n "data": {"a": NaN}}', 2, "NaN is no JSON number"),
    unread("JSON: infinity", GOOD + ',\n "data": {"a": -Infinity}}', 2, "is no JSON number"),
    unread("JSON: a number beyond all", GOOD + ',\n "data": {"a": 1e999}}', 2, "too large for any Kubernetes field"),
    Row("JSON: the same key twice", {"m.json": GOOD + ',\n "data": {"a": "b",\n "a": "c"}}'}, 1,
        (("deployment/unique-keys", ("m.json", 3)),)),
    unread("JSON: 100,000 brackets", "[" * 100_000, 1, "nested deeper than 100 levels", seconds=0.5, mib=40),
    unread("JSON: 2,000 objects", '{"a":' * 2_000, 1, "nested deeper than 100 levels", seconds=0.5),
    Row("JSON: two values in a row", {"m.json": GOOD + "}\n" + GOOD.replace('"j"', '"k"') + "}"}, 0,
        (("deployment/unused-config-maps", ("m.json", 1)), ("deployment/unused-config-maps", ("m.json", 2))),
        says=("a second JSON value follows the first",)),
    Row("JSON: a byte order mark", {"m.json": b"\xef\xbb\xbf" + GOOD.encode() + b"}"}, 0,
        (("deployment/unused-config-maps", ("m.json", 1)),), says=("byte order mark",)),
    unread("JSON: nothing", "", 1, "the file is empty"),
    unread("JSON: cut off", GOOD, 1, "the text ends too early"),
    unread("JSON: half a pair as bytes", GOOD.encode() + b', "data": {"a": "\xed\xa0\x80"}}', 1, "is not UTF-8 text"),
    Row("JSON: half a pair as an escape", {"m.json": GOOD + ', "data": {"a": "\\ud800"}}'}, 0),
    unread("JSON: a text", json.dumps("kind: Service"), 1, "the document is a text"),
)  # fmt: skip
