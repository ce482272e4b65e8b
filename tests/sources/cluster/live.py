"""A real cluster: namespaces of its own for each test, and kubectl that writes nothing outside the test's folder."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components import CLUSTER_VARIABLE


@dataclass
class Cluster:
    """The cluster that tests may change, in the kubeconfig's current context."""

    home: Path
    kubeconfig: str
    context: str
    leftovers: list[tuple[str, str]] = field(default_factory=list)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": self.kubeconfig}
        done = subprocess.run(
            ["kubectl", "--cache-dir", str(self.home / "cache"), *arguments],
            env=surroundings,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: Mapping[str, Any]) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def namespace(self) -> str:
        """A new namespace; it is deleted at the end."""
        name = f"readiness-test-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        self.leftovers.append(("namespace", name))
        return name

    def define(self, *kinds: tuple[str, str, str]) -> None:
        """Let the cluster serve these kinds (group, version, kind) with any content, where it does not yet."""
        served = self.kubectl("api-resources", "--no-headers", "-o", "name").split()
        missing = [k for k in kinds if f"{_plural(k[2])}.{k[0]}" not in served]
        if missing:
            names = [f"{_plural(kind)}.{group}" for group, _, kind in missing]
            self.leftovers += [("crd", name) for name in names]
            self.apply(*(_definition(*k) for k in missing))
            self.kubectl("wait", "--for=condition=Established", "--timeout=60s", *(f"crd/{n}" for n in names))

    def clean(self) -> None:
        for kind, name in reversed(self.leftovers):
            self.kubectl("delete", kind, name, "--wait=false", "--ignore-not-found")

    def account(self, namespace: str, name: str, folder: Path) -> Path:
        """A kubeconfig for a new service account of the namespace, which may do nothing yet."""
        self.kubectl("create", "serviceaccount", name, "-n", namespace)
        token = self.kubectl("create", "token", name, "-n", namespace, "--duration=1h").strip()
        whole = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        user = {"name": "robot", "user": {"token": token}}
        context = {"name": self.context, "context": {"cluster": whole["clusters"][0]["name"], "user": "robot"}}
        file = folder / f"{name}.kubeconfig"
        file.write_text(json.dumps({**whole, "users": [user], "contexts": [context]}))
        file.chmod(0o600)
        return file


@contextmanager
def real(home: Path) -> Iterator[Cluster]:
    cluster = Cluster(home, os.environ[CLUSTER_VARIABLE], "")
    cluster.context = cluster.kubectl("config", "current-context").strip()
    try:
        yield cluster
    finally:
        cluster.clean()


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"


def _definition(group: str, version: str, kind: str) -> dict[str, Any]:
    anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{_plural(kind)}.{group}",
            # Groups that end in k8s.io are Kubernetes' own: a test says so.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": _plural(kind), "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": anything}],
        },
    }
