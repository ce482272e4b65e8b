"""The one way from the bytes of a manifest to documents with positions."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from readiness.sources.manifests.decoding import decode
from readiness.sources.manifests.json_reader import read_json
from readiness.sources.manifests.reading import DEFAULT_LIMITS, Comment, Limits, Problem, Reading
from readiness.sources.manifests.yaml_reader import read_yaml

__all__ = [
    "DEFAULT_LIMITS",
    "Comment",
    "Limits",
    "Problem",
    "Reading",
    "read_bytes",
    "read_json",
    "read_yaml",
    "without_collection",
]


def read_bytes(data: bytes, path: str, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """Reads a file by its name: `.json` strictly as JSON, everything else as YAML. Raises nothing for any input.

    A file with another name that begins with `{` or `[` is read as JSON if it is JSON, because that is what kubectl
    does, and as YAML if it is not. Whoever opens the file compares its size with `limits.file_bytes` before reading it;
    larger data is not parsed here either.
    """
    if len(data) > limits.file_bytes:
        told = f"larger than {limits.file_bytes / (1 << 20):g} MiB ({len(data):,} bytes); this file is not examined"
        return Reading(problems=(Problem(path, 1, 1, "limit", told, fatal=True),))
    with without_collection():
        if PurePath(path).suffix.lower() == ".json":
            return read_json(data, path, limits)
        decoded = decode(data, path)
        if isinstance(decoded, Problem):
            return Reading(problems=(decoded,))
        text, _ = decoded
        if text[:4096].lstrip()[:1] in ("{", "[") and not text[:4096].lstrip().startswith("{{"):
            strict = read_json(text, path, limits)
            if not any(problem.fatal and problem.kind == "syntax" for problem in strict.problems):
                return strict
        return read_yaml(text, path, limits)


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection inside: documents hold no cycles, and looking for some doubles the time of reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
