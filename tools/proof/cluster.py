"""A cluster for the tier that needs one, for as long as that tier runs: an idle one takes time from all others."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LAUNCHER = "READINESS_KUBE"
"""The variable that names a program which makes a cluster: `up`, `env`, `load ARCHIVE`, `down`."""
CONFIG, LOAD = "READINESS_TEST_KUBECONFIG", "READINESS_TEST_LOAD_IMAGE"
_WITHIN = 120.0


class NoCluster(Exception):
    """The program brought none; the text says why."""


@contextmanager
def brought(*, wanted: bool) -> Iterator[Mapping[str, str]]:
    """The variables that name a cluster. None where it is not wanted, no program is named, or a cluster is named
    already. Raises NoCluster."""
    launcher = os.environ.get(LAUNCHER, "")
    if not wanted or not launcher or os.environ.get(CONFIG):
        yield {}
        return
    try:
        _said(launcher, "up")
        config = re.search(r"^export KUBECONFIG=(\S+)", _said(launcher, "env"), re.MULTILINE)
        if config is None:
            raise NoCluster(f"`{launcher} env` does not print export KUBECONFIG=…")
        yield {CONFIG: config[1], LOAD: f"{shlex.quote(launcher)} load"}
    finally:
        _said(launcher, "down")


def _said(launcher: str, verb: str) -> str:
    try:
        done = subprocess.run([launcher, verb], capture_output=True, text=True, timeout=_WITHIN, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise NoCluster(f"`{launcher} {verb}`: {fault}") from None
    if done.returncode:
        raise NoCluster(f"`{launcher} {verb}` exits with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout
