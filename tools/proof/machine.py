"""Where and when it was measured."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BESIDE = {
    "PostgreSQL": ("postgres", "--version"),
    "HAProxy": ("haproxy", "-v"),
    "Prometheus": ("prometheus", "--version"),
    "kubectl": ("kubectl", "version", "--client"),
}
_MEMORY = r"MemTotal:\s+(\d+)"
_PATH = os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin"])


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader needs to judge the figures, and to get the like."""

    when: str
    commit: str
    changed: bool
    cores: int
    model: str
    memory: str
    load: str
    system: str
    python: str
    beside: tuple[tuple[str, str], ...]
    seconds: float = 0.0


def look(root: Path) -> Machine:
    """The machine as it is now."""
    return Machine(
        when=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_said("git", "-C", str(root), "rev-parse", "--short=12", "HEAD") or "not a git repository",
        changed=bool(_said("git", "-C", str(root), "status", "--porcelain")),
        cores=len(os.sched_getaffinity(0)),
        model=_first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")) or platform.machine(),
        memory=f"{int(_first(_MEMORY, Path('/proc/meminfo')) or 0) / 2**20:.0f} GiB",
        load=f"{os.getloadavg()[0]:.1f}",
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        beside=tuple(_beside()),
    )


def _beside() -> list[tuple[str, str]]:
    """What the tiers can use on this machine, with versions."""
    postgres = sorted(str(path.parent) for path in Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    path = os.pathsep.join([*postgres[-1:], os.environ.get("PATH", ""), _PATH])
    found = []
    for name, command in _BESIDE.items():
        program = shutil.which(command[0], path=path)
        version = re.search(r"\d+\.\d+(\.\d+)?", _said(program, *command[1:])) if program else None
        if version:
            found.append((name, version[0]))
    return found


def _said(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=15, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else ""


def _first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text(errors="replace")) if path.is_file() else None
    return found[1] if found else ""
