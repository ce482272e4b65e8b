"""A set of manifests as large as a platform team's, with faults in known places, the same on every machine.

    python bench/synthetic.py FOLDER [APPS]

writes one file per app, 2,000 apps unless told otherwise. Of each 20 apps, all have a Deployment, 15 a Service, 7 a
disruption budget, 5 an autoscaler, 2 a network policy and 1 a ConfigMap: 5,000 objects for 2,000 apps. Which app has
which fault follows from its number alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
NAME = "app.kubernetes.io/name"
HEALTH = {"httpGet": {"path": "/healthz", "port": "http"}}


def _manifest(api_version: str, kind: str, number: int, **rest: Any) -> Manifest:
    metadata = {"name": f"app-{number:04d}", "namespace": f"team-{number % 20}"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _labels(number: int) -> dict[str, str]:
    return {NAME: f"app-{number:04d}"}


def _containers(number: int) -> list[Manifest]:
    """Every 4th image floats, every 2nd app has no resources, two of three lack probes and a security context."""
    name = f"app-{number:04d}"
    tag = "latest" if number % 4 == 0 else f"1.{number % 30}.0"
    web: Manifest = {
        "name": "web",
        "image": f"registry.example.com/shop/{name}:{tag}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": f"{name}-db", "key": "url"}}},
        ],
    }
    if number % 2 == 0:
        web["resources"] = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
    if number % 3 == 0:
        web["readinessProbe"] = {**HEALTH, "periodSeconds": 5}
        web["livenessProbe"] = {**HEALTH, "initialDelaySeconds": 30}
        web["securityContext"] = {
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    sidecar = {"name": "sidecar", "image": "registry.example.com/shop/proxy:2.0.1", "ports": [{"containerPort": 15001}]}
    return [web, sidecar] if number % 10 == 1 else [web]


def _deployment(number: int) -> Manifest:
    """One to four replicas; four of five run as the default service account, six of seven are not spread."""
    own_account = {"serviceAccountName": f"app-{number:04d}", "automountServiceAccountToken": False}
    pod: Manifest = own_account if number % 5 == 0 else {"serviceAccountName": "default"}
    if number % 7 == 0:
        pod["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _labels(number)},
            }
        ]
    pod["containers"] = _containers(number)
    labels = {**_labels(number), "app.kubernetes.io/part-of": "shop"}
    deployment = _manifest(
        "apps/v1",
        "Deployment",
        number,
        spec={
            "replicas": 1 + number % 4,
            "selector": {"matchLabels": _labels(number)},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    )
    deployment["metadata"]["labels"] = dict(labels)
    return deployment


def app(number: int) -> Iterator[Manifest]:
    """All objects of one app, its Deployment first. Every 20th budget allows no disruption at all."""
    selector = {"matchLabels": _labels(number)}
    yield _deployment(number)
    if number % 4 != 3:
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        yield _manifest("v1", "Service", number, spec={"selector": _labels(number), "ports": ports})
    if number % 20 < 7:
        bound = {"maxUnavailable": 0} if number % 20 == 3 else {"minAvailable": 1}
        yield _manifest("policy/v1", "PodDisruptionBudget", number, spec={**bound, "selector": selector})
    if number % 4 == 2:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"app-{number:04d}"}
        cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
        bounds = {"minReplicas": 1 + number % 3, "maxReplicas": 10}
        spec = {"scaleTargetRef": target, **bounds, "metrics": [{"type": "Resource", "resource": cpu}]}
        yield _manifest("autoscaling/v2", "HorizontalPodAutoscaler", number, spec=spec)
    if number % 10 == 5:
        spec = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 8080}]}]}
        yield _manifest("networking.k8s.io/v1", "NetworkPolicy", number, spec=spec)
    if number % 20 == 9:
        yield _manifest("v1", "ConfigMap", number, data={"app.conf": "level=info"})


def write(folder: Path, apps: int = 2000) -> int:
    """Write the set into a folder that is empty or not there yet, and return the number of objects.

    Raises ``FileExistsError`` where the folder holds something: nothing of yours is overwritten or counted in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder, or take this one away")
    written = 0
    for number in range(apps):
        manifests = list(app(number))
        text = "---\n".join(map(_text, manifests))
        (folder / f"app-{number:04d}.yaml").write_text(text, "utf-8")
        written += len(manifests)
    return written


def _text(manifest: Manifest) -> str:
    # A round trip through JSON makes shared parts separate: an alias is nothing that a team writes by hand.
    return str(yaml.safe_dump(json.loads(json.dumps(manifest)), sort_keys=False))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[-1]:
        sys.exit("usage: synthetic.py FOLDER [APPS]")
    try:
        count = write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 2000)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"{count} objects in {sys.argv[1]}")
