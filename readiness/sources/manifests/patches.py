"""Files beside a kustomization that are parts, not objects: patches, values, configurations, transformers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from readiness.sources.manifests.bulk import read_file
from readiness.sources.manifests.files import KUSTOMIZATIONS, Listing

# Fields of a kustomization whose entries name files that are no whole objects.
_PARTS = (
    *("patches", "patchesStrategicMerge", "patchesJson6902", "configurations", "replacements"),
    *("transformers", "generators", "validators"),
)


def leave_out(found: Listing) -> None:
    """Take from the listing the files that a kustomization beside them uses as patches, and say so."""
    for item in list(found.inputs):
        if Path(item.name).name not in KUSTOMIZATIONS:
            continue
        folder = item.name.rpartition("/")[0]
        reading = read_file(item.name, str(found.root / item.name), found.limits)
        for part in (part for document in reading.documents for part in _parts(document.value)):
            name = os.path.normpath(f"{folder}/{part}" if folder else part)
            if name in found.files and name not in found.named:
                del found.files[name]
                found.ignore(name, f"a part of {item.name}, no object; declare the folder as `kustomize`")


def _parts(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for field in _PARTS:
        entries = value.get(field)
        for entry in entries if isinstance(entries, list) else ():
            name = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(name, str) and "\n" not in name:
                yield name
    charts = value.get("helmCharts")
    for chart in charts if isinstance(charts, list) else ():
        if isinstance(chart, dict) and isinstance(chart.get("valuesFile"), str):
            yield chart["valuesFile"]
