"""The values of one release: files in their order, and single values as Helm takes them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.facts.writings import Remark, Writing
from readiness.model import Span
from readiness.sources.helm.chart import Chart, ChartError
from readiness.sources.helm.copying import read
from readiness.sources.helm.vetting import mapping
from readiness.sources.manifests.reader import read_bytes

_PLAIN = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*\Z")
_SECRET = re.compile(r"pass|secret|token|credential|key\b|private", re.IGNORECASE)


def files(chart: Chart, root: Path, folder: Path) -> tuple[list[str], list[Writing]]:
    """Copies of the values files in `folder`, and what is to be said about how they are written. Raises ChartError."""
    copies, writings = [], []
    for number, name in enumerate(chart.values):
        path = root / name
        if path.is_symlink() and not _inside(path, root):
            raise ChartError("a link out of the folder that is checked is not followed", Span(name, 1))
        if not path.exists():
            raise ChartError(
                "there is no such values file", Span(name, 1), f"mend `values` of this chart; looked in {root}"
            )
        data = read(str(path), name)
        reading = read_bytes(data, name)
        copy = folder / f"values-{number}.yaml"
        copy.write_bytes(data)
        mapping(copy, name)
        remarks = tuple(Remark(p.path, p.line, p.column, p.kind, p.message) for p in reading.problems if not p.fatal)
        if remarks:
            writings.append(Writing(name, 0, remarks))
        copies.append(str(copy))
    return copies, writings


def given(values: Mapping[str, Any]) -> tuple[list[str], bytes]:
    """Single values as flags, and as a values file for standard input.

    Texts may be secrets, and arguments can be seen by everybody on the machine: so they go through standard input where
    that means the same, which it does for plain names as long as no list or mapping is given beside them.
    """
    flags: list[str] = []
    texts: dict[str, Any] = {}
    simple = all(not isinstance(v, dict | list) for v in values.values())
    for name, value in values.items():
        if value is None or isinstance(value, bool | int):
            flags.append(f"--set={name}={json.dumps(value)}")
        elif isinstance(value, str) and simple and _PLAIN.match(name) and _put(texts, name.split("."), value):
            continue
        else:
            flags.append(f"--set-json={name}={json.dumps(value)}")
    return flags, json.dumps(texts).encode() if texts else b""


def without_secrets(said: str, values: Mapping[str, Any]) -> str:
    """A text of Helm's without the values whose names speak of secrets."""
    for name, value in values.items():
        if isinstance(value, str) and len(value) >= 4 and _SECRET.search(name):
            said = said.replace(value, "…")
    return said


def _put(target: dict[str, Any], names: list[str], value: str) -> bool:
    *above, last = names
    here: Any = target
    for name in above:
        here = here.setdefault(name, {}) if isinstance(here, dict) else None
    if not isinstance(here, dict) or last in here:
        return False
    here[last] = value
    return True


def _inside(path: Path, root: Path) -> bool:
    top = os.path.realpath(root)
    return os.path.realpath(path).startswith(top.rstrip("/") + "/")
