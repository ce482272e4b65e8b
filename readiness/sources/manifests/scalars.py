"""Scalars and mapping keys, as Kubernetes reads them.

kubectl, Helm and Kustomize turn YAML into JSON with goyaml.v2 (inside sigs.k8s.io/yaml) and send the JSON: `on` is
true, `0777` is 511, `12:30:45` and `2024-01-01` are strings, and every key is a string. These are its rules, not those
of YAML 1.2 and not those of PyYAML; the tests ask kubectl about each.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from decimal import Decimal

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False),
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)|0[oO]?(?P<o>[0-7]+)|(?P<d>0|[1-9][0-9]*))\Z"
)
_SIGNED_BINARY = re.compile(r"0b(?P<sign>[-+])(?P<b>[01]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?\Z")
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_LONGEST_INTEGER = {"x": 16, "b": 64, "o": 22, "d": 20}
_INT64 = 1 << 63
_YAML = "tag:yaml.org,2002:"
MERGE_TAG = _YAML + "merge"
_KNOWN_TAGS = frozenset(
    ["str", "bool", "int", "float", "null", "binary", "timestamp", "map", "seq", "set", "omap", "merge", "value"]
)
_CLASSES = {"bool": bool, "int": int, "float": float, "null": type(None)}
_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "null": "nothing",
    "timestamp": "a date",
}


class UnreadableScalarError(ValueError):
    """A value that Kubernetes refuses. The message says what was wanted and what was found."""


def resolve(text: str) -> Scalar:
    """The value of a scalar written without quotes and without a tag.

    Infinite and not-a-number values come back as such; whoever stores them must refuse them.
    """
    return _through_json(_native(text))


def resolve_key(text: str) -> str:
    """The key that a plain scalar stands for; raises `UnreadableScalarError` for keys that Kubernetes refuses."""
    return key_text(_native(text))


def key_text(key: Scalar) -> str:
    """The text that Kubernetes makes of a mapping key; raises `UnreadableScalarError` for keys that it refuses."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        raise UnreadableScalarError("a mapping key is empty or null: write the key, or put it in quotes")
    if isinstance(key, float):
        return _go_text(key)
    if key >= _INT64:
        raise UnreadableScalarError(f"the mapping key {key} is too large for a number: put it in quotes")
    return str(key)


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag; raises `UnreadableScalarError` when the two do not fit.

    Tags that are not YAML's own leave a string: nothing is ever constructed from them.
    """
    kind = tag.removeprefix(_YAML) if tag.startswith(_YAML) else ""
    if kind == "binary":
        return _binary(text)
    if kind == "timestamp" and _TIMESTAMP.match(text):
        return text
    if kind not in _WANTED:
        return text
    value = _native(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if value.__class__ is not _CLASSES.get(kind):
        raise UnreadableScalarError(f"the value does not fit its tag: !!{kind} wants {_WANTED[kind]}")
    return _through_json(value)


def is_known_tag(tag: str) -> bool:
    """Whether a tag is one of YAML's own, or the mark `!` that says "a string"."""
    return tag == "!" or (tag.startswith(_YAML) and tag.removeprefix(_YAML) in _KNOWN_TAGS)


def _native(text: str) -> Scalar:
    """The value before it goes through JSON: integers up to 2**64 and floats are still apart."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-":
        number = _number(text.replace("_", ""))
    elif text[0] == "." and _POINT_FLOAT.match(text):
        number = _float(text.replace("_", ""))
    else:
        return text
    return text if number is None else number


def _number(text: str) -> int | float | None:
    match = _INTEGER.match(text) or _SIGNED_BINARY.match(text)
    if match is not None:
        base = match.lastgroup or "d"
        digits = match[base].lstrip("0") or "0"
        # Longer ones cannot fit into 64 bits, and Python refuses to convert thousands of digits.
        if len(digits) <= _LONGEST_INTEGER[base]:
            number = int(digits, _BASES[base])
            if match["sign"] == "-":
                number = -number
            if -_INT64 <= number < (2 * _INT64 if match["sign"] == "" else _INT64):
                return number
    return _float(text) if _FLOAT.match(text) else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _through_json(value: Scalar) -> Scalar:
    """Kubernetes reads JSON numbers as 64-bit integers where they fit, else as floats, and 1.0 is printed as 1."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
        # JSON carries the shortest digits that name the float, and these are not always its exact amount.
        return int(Decimal(repr(value)))
    if isinstance(value, int) and value >= _INT64:
        return float(value)
    return value


def _go_text(number: float) -> str:
    """A float as Go prints it in format 'g' with the fewest digits: with an exponent below -4 and from 6 on."""
    if not math.isfinite(number):
        return ".nan" if math.isnan(number) else ".inf" if number > 0 else "-.inf"
    sign, digits, point = Decimal(repr(number)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    exponent = len(figures) + int(point) - 1 if number else 0
    minus = "-" if sign else ""
    if -4 <= exponent < 6 or not number:
        return minus + f"{Decimal(repr(abs(number))).normalize():f}"
    fraction = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{minus}{figures[0]}{fraction}e{exponent:+03d}"


def _binary(text: str) -> str:
    """The text inside base64; bytes that are no text become replacement characters, as in any JSON."""
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise UnreadableScalarError("the value does not fit its tag: !!binary wants base64") from error
