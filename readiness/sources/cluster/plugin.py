"""Credentials from a program that the kubeconfig names (`user.exec`), run within bounds.

The program is the user's own, named in the user's own kubeconfig: it gets the user's surroundings and the network. It
gets no terminal, so one that must ask a person cannot be used here. What it says of a failure is told, without secrets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from readiness.sources.cluster.kubeconfig import Entry, Part
from readiness.sources.programs import Bounds, find, run, words
from readiness.sources.redaction import redacted

_BOUNDS = Bounds(seconds=30, memory=8 << 30, output=1 << 20)
_VERSIONS = frozenset({"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"})
_EXTENSION = "client.authentication.k8s.io/exec"
_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, or a client certificate with its key (PEM texts), and when it ends; None where that is not said."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime | None = None

    def fresh(self, now: datetime) -> bool:
        return self.expires is None or self.expires - _SKEW > now

    def __repr__(self) -> str:
        return f"<credential until {self.expires}>"


def credential(plugin: Part, entry: Entry, root: Path | None = None) -> Credential:
    """What the program answers. Raises Refused, with the program's own words where it had some."""
    version = plugin.text("apiVersion")
    if version not in _VERSIONS:
        raise plugin.refuse("apiVersion", f"wanted {' or '.join(sorted(_VERSIONS))}, found {version or 'nothing'}")
    if plugin.text("interactiveMode") == "Always":
        raise plugin.refuse("interactiveMode", "the program asks a person, and there is none here")
    surroundings = {**os.environ, **_variables(plugin)}
    information = json.dumps(_information(plugin, entry, version))
    ran = run(
        _program(plugin, root),
        _arguments(plugin),
        cwd=plugin.folder,
        environment={**surroundings, "KUBERNETES_EXEC_INFO": information},
        bounds=_BOUNDS,
        isolated=False,
    )
    if not ran.ok:
        raise plugin.refuse("command", f"the program gave no credential: {redacted(ran.said, surroundings)}")
    return _read(plugin, ran.out, version)


def _program(plugin: Part, root: Path | None) -> str:
    name = plugin.text("command")
    found = str(plugin.folder / name) if "/" in name else find(name, root) if name else None
    if found is not None and root is not None and Path(found).resolve().is_relative_to(root.resolve()):
        raise plugin.refuse("command", f"{name} lies in the tree that is checked; no program of it is started")
    if found is None or not os.access(found, os.X_OK):
        hint = words(plugin.text("installHint").encode(), 300)
        raise plugin.refuse("command", f"there is no program {name or '(no name)'}", hint)
    return found


def _arguments(plugin: Part) -> list[str]:
    written = plugin.body.get("args") or []
    if not isinstance(written, list) or not all(isinstance(a, str) for a in written):
        raise plugin.refuse("args", "wanted a list of texts")
    return written


def _variables(plugin: Part) -> dict[str, str]:
    written = plugin.body.get("env") or []
    pairs = (
        [(e.get("name"), e.get("value")) for e in written if isinstance(e, dict)] if isinstance(written, list) else []
    )
    if not isinstance(written, list) or len(pairs) < len(written):
        raise plugin.refuse("env", "wanted a list of names and values")
    return {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}


def _information(plugin: Part, entry: Entry, version: str) -> dict[str, Any]:
    """What a plugin is told about the cluster, where its kubeconfig says so."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.flag("provideClusterInfo"):
        body = entry.cluster.body
        told = {key: value for key, value in body.items() if key != "extensions"}
        extensions = body.get("extensions")
        for one in extensions if isinstance(extensions, list) else []:
            if isinstance(one, dict) and one.get("name") == _EXTENSION:
                told["config"] = one.get("extension")
        spec["cluster"] = told
    return {"apiVersion": version, "kind": "ExecCredential", "spec": spec}


def _read(plugin: Part, out: bytes, version: str) -> Credential:
    try:
        said = json.loads(out)
    except ValueError:
        said = None
    status = said.get("status") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(status, dict):
        raise plugin.refuse("command", "the program answered with something that is no ExecCredential")
    if said.get("apiVersion") != version:
        raise plugin.refuse("apiVersion", f"the program answered in another version than {version}")
    token, certificate, key = (_text(status, n) for n in ("token", "clientCertificateData", "clientKeyData"))
    if not token and not (certificate and key):
        raise plugin.refuse("command", "the program answered with neither a token nor a certificate with its key")
    return Credential(token, certificate, key, _time(_text(status, "expirationTimestamp")))


def _text(status: Mapping[str, Any], field: str) -> str:
    value = status.get(field)
    return value if isinstance(value, str) else ""


def _time(written: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time
