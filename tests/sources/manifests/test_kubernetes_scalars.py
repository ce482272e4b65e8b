"""The values are those that Kubernetes' own reader makes; the expectations stand here, and kubectl is asked too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from readiness.sources.manifests.reader import read_yaml

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: traps\ndata:\n"
REFUSED = "refused"

SCALARS: dict[str, Any] = {
    "y": True, "Y": True, "yes": True, "YES": True, "yEs": "yEs", "on": True, "On": True, "oN": "oN", "n": False,
    "no": False, "off": False, "true": True, "tRUE": "tRUE", "~": None, "null": None, "NULL": None, "nUll": "nUll",
    "": None, "=": "=", "<<": "<<", "-0": 0, "-0.0": 0, "1.0": 1, "1.": 1, "1e3": 1000, "1E+3": 1000, "1e-3": 0.001,
    "1e999": "1e999", "-1e999": "-1e999", "1e-999": 0, "08": 8, "0777": 511, "-0777": -511, "+0777": 511, "0o17": 15,
    "0O17": 15, "-0o17": -15, "0o8": "0o8", "0x1F": 31, "0X1f": 31, "-0x1F": -31, "0xG": "0xG", "0b11": 3, "0B11": 3,
    "0b12": "0b12", "0b-1": -1, "0b+1": 1, "-0b-1": "-0b-1", "1_000": 1000, "1_": 1, "_1": "_1", "+_1": 1,
    "0x_1F": 31, "+1": 1, "+": "+", "+.": "+.", ".5": 0.5, ".5e3": 500, "._5": "._5", ".5_0": 0.5, ".5__0": ".5__0",
    ".5_": ".5_", "5_0.5_0": 50.5, "+.5": 0.5, ".": ".", "1.5e": "1.5e", "12e03": 12000, "1e1_0": 10_000_000_000,
    "9223372036854775807": 2**63 - 1, "9223372036854775808": 2.0**63, "18446744073709551616": 2.0**64,
    "-9223372036854775808": -(2**63), "-9223372036854775809": -(2.0**63), "0xFFFFFFFFFFFFFFFF": 2.0**64,
    "0x8000000000000000": 2.0**63, "0xFFFFFFFFFFFFFFFFFF": "0xFFFFFFFFFFFFFFFFFF", "1e20": 1e20,
    "1234567890123456789.0": 1234567890123456800, "9007199254740993.0": 9007199254740992, "1e21": 1e21,
    "123456789012345678901234567890": 1.2345678901234568e29, "9" * 400: "9" * 400, "7" * 5000: "7" * 5000,
    "22:22": "22:22", "12:30:45": "12:30:45", "2024-01-01": "2024-01-01", "9999-99-99": "9999-99-99",
    "Infinity": "Infinity", "NaN": "NaN", "0x1p3": "0x1p3", "'12'": "12", '"yes"': "yes", "!!str 12": "12",
    '!!int "12"': 12, "!!float 1": 1, "!!float 08": 8, "!!bool yes": True, "!!null ~": None, "!!str ~": "~",
    "! 12": "12",
    "!Ref foo": "foo", "!Ref 12": "12", "!Ref [a]": ["a"], "!!set {a}": {"a": None}, "!!omap [a: 1]": [{"a": 1}],
    "!!python/object/apply:os.system x": "x", "!!binary aGVsbG8=": "hello", "!!timestamp 2001-01-01": "2001-01-01",
    "!!value =": "=", "!!merge x": "x", "!!int 0o17": 15, "!!str [a]": ["a"], "!!map x": "x", "!!seq {x: 1}": {"x": 1},
    "!!int foo": REFUSED, "!!int 1.5": REFUSED, "!!null foo": REFUSED, "!!bool 1": REFUSED, "!!float foo": REFUSED,
    "!!timestamp foo": REFUSED, "!!binary '***'": REFUSED, "!!binary a": REFUSED, ".inf": REFUSED, "-.Inf": REFUSED,
    ".NAN": REFUSED, "*nope": REFUSED, '"\\ud800"': REFUSED, "@x": REFUSED, "x\x7fy": REFUSED, "&a [*a]": REFUSED,
    "\ufeffx": "\ufeffx", '"x\\0y"': "x\0y",
}  # fmt: skip

MAPPINGS: dict[str, Any] = {
    "on: v": {"true": "v"}, "1: v": {"1": "v"}, "1.5: v": {"1.5": "v"}, "1e3: v": {"1000": "v"},
    "0777: v": {"511": "v"},
    "1e6: v": {"1e+06": "v"}, "1000000.5: v": {"1.0000005e+06": "v"}, "123456.7: v": {"123456.7": "v"},
    "0.0001: v": {"0.0001": "v"}, "1e-5: v": {"1e-05": "v"}, "-0.0: v": {"-0": "v"}, "-0: v": {"0": "v"},
    "99999999999999999999: v": {"1e+20": "v"}, ".inf: v": {".inf": "v"}, "-.inf: v": {"-.inf": "v"},
    ".nan: v": {".nan": "v"}, "2024-01-01: v": {"2024-01-01": "v"}, "!!str 1: v": {"1": "v"}, "! 1: v": {"1": "v"},
    "!!int '7': v": {"7": "v"}, "!!binary aGk=: v": {"hi": "v"}, "'': v": {"": "v"}, "? a\n  : b": {"a": "b"},
    "~: v": REFUSED, "[a]: v": REFUSED, "{a: b}: v": REFUSED, "9223372036854775808: v": REFUSED,
    "<<: {a: 1}\n  a: 2": {"a": 2}, "a: 2\n  <<: {a: 1}": {"a": 1}, "<<: [{a: 1}, {a: 2, b: 3}]": {"a": 1, "b": 3},
    "<<: foo": REFUSED, "<<: ~": REFUSED, "<<: [a]": REFUSED, "'<<': {a: 1}": {"<<": {"a": 1}},
    "!!merge <<: {a: 1}": {"a": 1}, "<<: {a: 1}\n  <<: {a: 2}": {"a": 2},
    "<<: &q {a: 1}\n  b: *q": {"a": 1, "b": {"a": 1}},
    "x: &a 1\n  *a : z": {"x": 1, "1": "z"}, "x: &a [&a 1, *a]\n  z: *a": {"x": [1, 1], "z": 1},
    "&x a: 1\n  b: *x": {"a": 1, "b": "a"}, "a: 1\n  a: 2": {"a": 2},
    "yes: a\n  on: b": {"true": "b"}, "a:\n   - {b: 1}": {"a": [{"b": 1}]}, "a:\n  \t b": REFUSED,
}  # fmt: skip

TRAPS = {**{f"k: {text}": value if value == REFUSED else {"k": value} for text, value in SCALARS.items()}, **MAPPINGS}


@pytest.mark.parametrize("text", TRAPS)
def test_values_and_keys_are_those_of_kubernetes(text: str) -> None:
    reading = read_yaml(f"{HEAD}  {text}\n", "traps.yaml")
    expected = TRAPS[text]
    if expected == REFUSED:
        assert [problem.fatal for problem in reading.problems] == [True]
        assert not reading.documents
        return
    (document,) = reading.documents
    # JSON tells true from 1 and must stay valid.
    assert json.dumps(document.value["data"], sort_keys=True, allow_nan=False) == json.dumps(expected, sort_keys=True)


@pytest.mark.needs("kubectl")
def test_kubectl_reads_what_it_takes_as_expected_here(tmp_path: Path) -> None:
    taken = [text for text, value in TRAPS.items() if value != REFUSED]
    answers = kubectl(tmp_path, "---\n".join(f"{HEAD}  {text}\n" for text in taken))
    for text, answer in zip(taken, answers, strict=True):
        assert as_floats(answer["data"]) == as_floats(TRAPS[text]), text


@pytest.mark.needs("kubectl")
@pytest.mark.parametrize("text", [text for text, value in TRAPS.items() if value == REFUSED])
def test_kubectl_refuses_what_is_refused_here(text: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        kubectl(tmp_path, f"{HEAD}  {text}\n")
    assert "error converting YAML to JSON" in refusal.value.stderr


def kubectl(folder: Path, text: str) -> list[Any]:
    """What kubectl makes of manifests without asking any cluster."""
    file = folder / "traps.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    done = subprocess.run(
        ["kubectl", "annotate", "--local", "--dry-run=client", "-o", "json", "-f", str(file), "asked=yes"],
        check=True, capture_output=True, text=True, timeout=300, env={**os.environ, "KUBECONFIG": os.devnull},
    )  # fmt: skip
    found: list[Any] = []
    decoder, rest = json.JSONDecoder(), done.stdout.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found += value["items"] if value["kind"] == "List" else [value]
        rest = rest[end:].strip()
    return found


def as_floats(value: Any) -> Any:
    """kubectl prints large floats like integers, so that beyond 64 bits only the amount can be compared."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return float(value)
    return ("truth", value) if isinstance(value, bool) else value
