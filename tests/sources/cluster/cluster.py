"""A pretended API server with a few kinds, and kubeconfigs that name it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sources.cluster.server import Asked, Says, Server, serving

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# Group, version, kind, resource, whether it lies in namespaces.
KINDS = [
    ("", "v1", "ConfigMap", "configmaps", True),
    ("", "v1", "Secret", "secrets", True),
    ("", "v1", "Pod", "pods", True),
    ("", "v1", "ServiceAccount", "serviceaccounts", True),
    ("apps", "v1", "Deployment", "deployments", True),
    ("apps", "v1", "ReplicaSet", "replicasets", True),
    ("velero.io", "v1", "Schedule", "schedules", True),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False),
]


def path(group: str, version: str, resource: str = "", namespace: str = "") -> str:
    start = f"/apis/{group}/{version}" if group else f"/api/{version}"
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{start}{inside}/{resource}" if resource else start


def discovery(
    kinds: list[tuple[str, str, str, str, bool]] = KINDS,
    stale: tuple[str, ...] = (),
    verbs: tuple[str, ...] = ("list",),
) -> dict[str, Says]:
    """The two documents of today's discovery."""
    found = {}
    for start, core in (("/api", True), ("/apis", False)):
        groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for group, version, kind, resource, inside in kinds:
            if (group == "") == core:
                entry = {
                    "resource": resource,
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "scope": "Namespaced" if inside else "Cluster",
                    "verbs": list(verbs),
                }
                groups.setdefault(group, {}).setdefault(version, []).append(entry)
        for group in stale if not core else ():
            groups.setdefault(group, {"v1beta1": []})
        items = [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {"version": v, "resources": r, "freshness": "Stale" if group in stale else "Current"}
                    for v, r in versions.items()
                ],
            }
            for group, versions in groups.items()
        ]
        document = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}
        found[start] = Says(200, document, {"Content-Type": AGGREGATED})
    return found


def older_discovery(kinds: list[tuple[str, str, str, str, bool]] = KINDS) -> dict[str, Says]:
    """The documents of a server that knows no aggregated discovery."""
    found: dict[str, Says] = {"/api": Says(200, {"kind": "APIVersions", "versions": ["v1"]})}
    groups: dict[str, list[str]] = {}
    for group, version, kind, resource, inside in kinds:
        where = path(group, version)
        document = found.setdefault(where, Says(200, {"kind": "APIResourceList", "resources": []}))
        entries = document.body["resources"]  # type: ignore[index]
        entries.append({"name": resource, "kind": kind, "namespaced": inside, "verbs": ["get", "list"]})
        entries.append({"name": f"{resource}/status", "kind": kind, "namespaced": inside, "verbs": ["get", "list"]})
        if group and version not in groups.setdefault(group, []):
            groups[group].append(version)
    listed = [
        {
            "name": g,
            "versions": [{"groupVersion": f"{g}/{v}", "version": v} for v in vs],
            "preferredVersion": {"groupVersion": f"{g}/{vs[-1]}", "version": vs[-1]},
        }
        for g, vs in groups.items()
    ]
    found["/apis"] = Says(200, {"kind": "APIGroupList", "groups": listed})
    return found


def items(*bodies: Mapping[str, Any], go_on: str = "") -> Says:
    return Says(200, {"metadata": {"continue": go_on} if go_on else {}, "items": list(bodies)})


def named(name: str, namespace: str = "shop", **body: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **body.pop("metadata", {})}
    return {"metadata": metadata, **body}


def forbidden(_: Asked) -> Says:
    return Says(403, {"kind": "Status", "message": 'User "robot" cannot list it'})


def secret_table(*rows: tuple[str, str]) -> Any:
    """What a server sends for Secrets: names and types to whoever asks for a table, everything to anybody else."""

    def answer(asked: Asked) -> Says:
        if "as=Table" in asked.headers["accept"] and asked.query.get("includeObject") == "None":
            columns = [{"name": n} for n in ("Name", "Type", "Data", "Age")]
            cells = [{"cells": [name, kind, 1, "1d"], "object": None} for name, kind in rows]
            return Says(200, {"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": cells})
        return items(*(named(name, data={"password": "aHVudGVyMg=="}) for name, _ in rows))

    return answer


@contextmanager
def pretended(routes: Mapping[str, Any] | None = None, **how: Any) -> Iterator[Server]:
    """An API server with a namespace `shop` in which every kind is served and nothing lies, but for `routes`."""
    kinds = how.get("kinds", KINDS)
    empty = {path(g, v, r, "shop" if inside else ""): items() for g, v, _, r, inside in kinds}
    reaching = {path(g, v, r): items() for g, v, _, r, inside in kinds if inside}
    home = {"/api/v1/namespaces/shop": Says(200, {"kind": "Namespace", "metadata": {"name": "shop"}})}
    secrets = {"/api/v1/namespaces/shop/secrets": secret_table()}
    with serving({**discovery(**how), **reaching, **empty, **home, **secrets, **(routes or {})}) as server:
        yield server


def kubeconfig(folder: Path, server: str, *, user: Mapping[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig with the context `shop-staging`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "another",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": dict(user or {})}],
        "contexts": [{"name": "shop-staging", "context": {"cluster": "c", "user": "u"}}],
    }
    file.write_text(json.dumps(document, indent=2))
    file.chmod(0o600)
    return file
