"""Manifests that tests write: a service that is well, parts to break, and twenty good files."""

from __future__ import annotations

import shutil
from pathlib import Path

STAGING = Path(__file__).parents[2] / "examples" / "payments" / "deploy" / "staging"
GOOD_FILES = 20

_HEAD = """\
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
spec:
  {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, runAsUser: 20000, runAsGroup: 20000, seccompProfile: {{type: RuntimeDefault}}}}
{above}      containers:
        - name: web
          image: {image}
          ports: [{{name: http, containerPort: 8080}}]
          readinessProbe: {{httpGet: {{path: /ready, port: http}}}}
          livenessProbe: {{httpGet: {{path: /alive, port: http}}, failureThreshold: 6}}
          resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 64Mi}}}}
          securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}
"""  # noqa: E501 (the line numbers are those of the manifest)
REPLICAS_LINE = 5
IMAGE_LINE = 15
NEXT_LINE = 22
"""Where a document begins that follows a workload in the same file."""


def workload(
    name: str = "web",
    *,
    kind: str = "Deployment",
    version: str = "apps/v1",
    replicas: str = "replicas: 3",
    image: str = "registry.example.com/shop/web:1.2.3",
    above: str = "",
) -> str:
    """A workload of which little is to be said. `replicas` takes the whole line 5, `above` stands above containers."""
    return _HEAD.format(name=name, kind=kind, version=version, replicas=replicas, image=image, above=above)


def budget(spec: str = "minAvailable: 2", selector: str = "matchLabels: {app: web}") -> str:
    """A disruption budget; `spec` is its line 5, `selector` its line 6."""
    return (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web, namespace: shop}\n"
        f"spec:\n  {spec}\n  selector: {{{selector}}}\n"
    )


def stream(*documents: str) -> str:
    """Several documents in one file, with a line `---` between each two."""
    return "---\n".join(documents)


def config_map(name: str, data: str = "{a: b}", namespace: str = "shop") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata: {data}\n"


def write_good_files(folder: Path) -> None:
    """Twenty files that are READY together: the example's staging, and maps that no workload uses."""
    shutil.copytree(STAGING, folder)
    have = len(list(folder.iterdir()))
    for number in range(GOOD_FILES - have):
        ending = ("yaml", "yml")[number % 2]
        text = config_map(f"extra-{number}", namespace="payments-staging")
        (folder / f"extra-{number}.{ending}").write_text(text, encoding="utf-8")
