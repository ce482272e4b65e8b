"""Charts for tests, written from texts."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: config
data:
  mode: {{ .Values.mode | quote }}
"""


def chart(root: Path, files: Mapping[str, str], *, name: str = "web", folder: str = "chart") -> str:
    """Write a chart into `root`; the path to give to the source."""
    for path, text in {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n", **files}.items():
        target = root / folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def archive(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A gzipped tar archive of texts, or of members as they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
