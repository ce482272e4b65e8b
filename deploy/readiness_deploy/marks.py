"""Processes that carry a mark: a variable in their environment, which what they start inherits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def carrying(variable: str, value: str) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """The ids of the living processes in whose environment this variable has this value, each with its variables.

    Those whose environment may not be read are left out. Elsewhere than on Linux nothing is found.
    """
    wanted = f"{variable}={value}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0")
            if wanted in variables:
                yield int(entry.name), tuple(variables)
