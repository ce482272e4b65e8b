"""Tools: which programs are on PATH, and at which version. A missing one is a fact, not a gap."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from readiness.facts.tools import Tool, Tools
from readiness.model import Input, Reading, Supply
from readiness.sources.programs import Bounds, find, run, words

PROVIDES: frozenset[type] = frozenset({Tools})
_BOUNDS = Bounds(seconds=10, memory=4 << 30, output=1 << 20)
# How a program is asked for its version, where `--version` is not the way.
_ASKED: Mapping[str, tuple[str, ...]] = {
    "go": ("version",),
    "helm": ("version", "--short"),
    "java": ("-version",),
    "javac": ("-version",),
    "kubectl": ("version", "--client"),
    "kubeconform": ("-v",),
    "kube-score": ("version",),
    "kustomize": ("version",),
    "openssl": ("version",),
    "podman": ("--version",),
    "terraform": ("version",),
}
_NUMBER = re.compile(r"(?<![\w.])(?:v|go)?(\d+(?:\.\d+)+(?:[-+][0-9A-Za-z.+-]+)?|\d+(?=\s|\Z))")
# Packages by manager, where their names differ from the program's; `-` where a manager has none.
_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "docker": {"apt-get": "docker.io", "dnf": "moby-engine", "brew": "--cask docker"},
    "go": {"apt-get": "golang-go", "dnf": "golang"},
    "mvn": {"apt-get": "maven", "dnf": "maven", "apk": "maven", "pacman": "maven", "brew": "maven"},
    "java": {"apt-get": "default-jre", "dnf": "java-latest-openjdk", "apk": "openjdk21-jre", "brew": "openjdk"},
    "node": {"apt-get": "nodejs", "dnf": "nodejs", "apk": "nodejs", "pacman": "nodejs"},
    "psql": {"apt-get": "postgresql-client", "dnf": "postgresql", "apk": "postgresql-client", "brew": "libpq"},
    "python3": {"brew": "python", "pacman": "python"},
    "redis-cli": {"apt-get": "redis-tools", "dnf": "redis", "brew": "redis"},
    "cargo": {"brew": "rust", "pacman": "rust"},
}
_UNPACKAGED: Mapping[str, str] = {
    "helm": "go install helm.sh/helm/v4/cmd/helm@latest",
    "kubectl": "see https://kubernetes.io/docs/tasks/tools/",
    "kustomize": "go install sigs.k8s.io/kustomize/kustomize/v5@latest",
    "kubeconform": "go install github.com/yannh/kubeconform/cmd/kubeconform@latest",
    "kube-score": "go install github.com/zegl/kube-score/cmd/kube-score@latest",
    "terraform": "see https://developer.hashicorp.com/terraform/install",
}
# Programs whose packages have their name everywhere.
_PLAIN = frozenset(
    "bash cargo cmake curl docker git go gradle java jq make mvn node npm openssl podman psql python3 redis-cli ruby "
    "shellcheck sqlite3 tar yamllint yq zstd".split()
)
_INSTALL = {
    "apt-get": "apt-get install {}",
    "dnf": "dnf install {}",
    "apk": "apk add {}",
    "pacman": "pacman -S {}",
    "brew": "brew install {}",
}


def read(wanted: Mapping[str, str], root: Path | None = None) -> Supply:
    """The programs of `wanted` by name, each with the version that it is wanted in; `*` is any, as nothing is.

    Nothing in `root` is started: where PATH leads there first, the next program of the name is asked, and a note says
    so.
    """
    tools = {name: _ask(name, "" if version.strip() == "*" else version, root) for name, version in wanted.items()}
    first = {name: find(name) or "" for name in tools if _is_name(name)}
    notes = tuple(
        f"{path} lies in the tree that is checked, so it was not asked"
        for name, path in first.items()
        if path != tools[name].path
    )
    inputs = tuple(
        Input(f"tool {name}", Reading.CHECKED, t.version or t.fault or "missing") for name, t in tools.items()
    )
    return Supply("tools", PROVIDES, {Tools: Tools(tools)}, inputs=inputs, notes=notes)


def _ask(name: str, wanted: str, root: Path | None) -> Tool:
    install = how_to_install(name)
    if not _is_name(name):
        return Tool(name, wanted=wanted, fault="this is no name of a program")
    path = find(name, avoid=root)
    if path is None:
        return Tool(name, wanted=wanted, install=install)
    # A shim of a version manager needs to know where home is; nothing else of our surroundings is handed on.
    home = {k: v for k in ("HOME", "PYENV_ROOT", "ASDF_DIR") if (v := os.environ.get(k))}
    asked = _ASKED.get(name, ("--version",))
    answer = run(path, asked, cwd=Path("/"), environment={**home, "PATH": os.environ.get("PATH", "")}, bounds=_BOUNDS)
    if answer.fault:
        return Tool(name, path, "", wanted, install, answer.fault)
    # What a program says of a failure may hold any number.
    version = (_version(answer.out) or _version(answer.err)) if answer.ok else ""
    if not version:
        return Tool(name, path, "", wanted, install, f"`{' '.join((name, *asked))}` says: {answer.said[:200]}")
    return Tool(name, path, version, wanted, install)


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name) is not None


def _version(said: bytes) -> str:
    match = _NUMBER.search(words(said))
    return match[1] if match else ""


def how_to_install(name: str) -> str:
    """The command that brings a program on this platform, as far as one is known."""
    managers = ("brew",) if sys.platform == "darwin" else ("apt-get", "dnf", "apk", "pacman", "brew")
    manager = next((m for m in managers if find(m)), None)
    if name in _UNPACKAGED and manager not in ("brew", "apk", "pacman"):
        return _UNPACKAGED[name]
    if manager is None or name not in _PLAIN | _UNPACKAGED.keys():
        return f"install {name} from its project's page"
    return _INSTALL[manager].format(_PACKAGES.get(name, {}).get(manager, name))
