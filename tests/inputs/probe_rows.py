# ruff: noqa: E501 (a table reads across)
"""Faults that linters of manifests are known to pass over in silence, one by one, and forms that they wrongly refuse."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

from inputs.manifests import IMAGE_LINE, NEXT_LINE, REPLICAS_LINE, budget, config_map, stream, workload
from inputs.rows import Row

ONE = workload("one", replicas="replicas: 1", image="nginx:latest")
TWO = workload("two", replicas="replicas: 1", image="nginx:latest")
WEB, PDB = workload(), budget()
REPLICAS, TAG = "availability/replicas", "images/tag"
SIDECAR = """\
      initContainers:
        - {name: proxy, image: "envoy:latest", restartPolicy: Always, ports: [{containerPort: 15001}]}
"""
SIDECAR_LINE = 14
MERGED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: &notes {team: shop}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {<<: *notes}}
    spec:
      containers:
        - &first
          name: one
          image: nginx:latest
        - <<: *first
          name: two
"""


def scaler(target: str = "web", smallest: int = 1) -> str:
    """An autoscaler; its target is on line 5, its minimum on line 6."""
    return (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec:\n"
        f"  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}\n  minReplicas: {smallest}\n"
        "  maxReplicas: 5\n  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]\n"
    )


def service(selector: str = "web", port: str = "8080") -> str:
    """A Service; its selector is on line 4, its port on line 5."""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: {selector}}},\n"
        f"  ports: [{{port: 80, targetPort: {port}}}]}}\n"
    )


def found(*places: tuple[str, int], file: str = "m.yaml") -> tuple[tuple[str, tuple[str, int]], ...]:
    return tuple((check, (file, line)) for check, line in places)


def items(*texts: str) -> str:
    return "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        "- " + text.rstrip().replace("\n", "\n  ") + "\n" for text in texts
    )


def circle(folder: Path) -> None:
    (folder / "a" / "loop").symlink_to("..")
    (folder / "self").symlink_to("self")
    (folder / "a" / "link.yaml").symlink_to("m.yaml")


BOMB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [" + ", ".join([f"*x{n - 1}"] * 9) + "]\n" for n in range(1, 10)
)
BROKEN = TWO.replace("      containers:\n", "      containers:\n   bad:\n  - x: [\n")
AS_JSON = json.dumps(
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": "shop"},
     "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "c"}}, "template": {
         "metadata": {"labels": {"app": "c"}}, "spec": {"containers": [{"name": "c", "image": "nginx:latest"}]}}}},
    indent=1,
)  # fmt: skip
FIFTY_MIB = stream(*(config_map(f"c{n}", "{k: '" + "x" * (1 << 20) + "'}") for n in range(50)), ONE)
TEMPLATE = ONE.replace("replicas: 1", "replicas: {{ .Values.replicas }}").replace(
    "          ports:", "          {{- with .Values.resources }}\n          resources: {{- toYaml . | nindent 12 }}\n"
    "          {{- end }}\n          ports:"
)  # fmt: skip

FILES = (
    Row("probe 01: a broken document between two", {"m.yaml": stream(ONE, BROKEN, TWO)}, 1,
        found((REPLICAS, 5), (REPLICAS, NEXT_LINE + 27)), ((("m.yaml", NEXT_LINE + 13), "YAML"),)),
    Row("probe 02: a version that never was", {"m.yaml": workload(version="apps/v9")}, 1, found(("apis/served", 1))),
    Row("probe 03: a misspelt field", {"m.yaml": workload(replicas="replicaz: 3")}, 1,
        found(("apis/valid", REPLICAS_LINE)), says=("nearest is `replicas`",)),
    Row("probe 04: a List", {"m.yaml": items(ONE, TWO)}, 1, found((REPLICAS, 8), (REPLICAS, 28))),
    Row("probe 05a: a bomb of aliases", {"m.yaml": BOMB}, 3, (), ((("m.yaml", 9), "alias expansion"),),
        seconds=0.5, mib=20),
    Row("probe 05b: merge keys that are well", {"m.yaml": MERGED}, 1, found((REPLICAS, 5), (TAG, 13), (TAG, 13)),
        clean=("apis/valid", "deployment/unique-keys"), inputs={"m.yaml": "checked"}),
    Row("probe 06: keys that are there twice",
        {"m.yaml": WEB.replace("replicas: 3", "replicas: 3\n  replicas: 1").replace(
            "          ports:", "          image: nginx:latest\n          ports:")}, 1,
        found(("deployment/unique-keys", 6), ("deployment/unique-keys", 17), (REPLICAS, 6), (TAG, 17))),
    Row("probe 07: a mark and CR LF", {"m.yaml": codecs.BOM_UTF8 + stream(ONE, TWO).replace("\n", "\r\n").encode()}, 1,
        found((REPLICAS, 5), (REPLICAS, NEXT_LINE + 4))),
    Row("probe 08: three endings", {"a.yaml": ONE, "b.yml": TWO, "c.json": AS_JSON}, 1,
        (*found((REPLICAS, 5), file="a.yaml"), *found((REPLICAS, 5), file="b.yml"),
         *found((REPLICAS, 9), file="c.json"))),
    Row("probe 09: an empty file", {"m.yaml": ""}, 3, inputs={"m.yaml": "checked"}, says=("no objects in bad/m.yaml",),
        company=0),
    Row("probe 09b: nothing but comments", {"m.yaml": "# nothing\n---\n# nor here\n"}, 3,
        says=("no objects in bad/m.yaml",), company=0),
    Row("probe 10: UTF-16", {"m.yaml": ONE.encode("utf-16")}, 1, found((REPLICAS, 5), (TAG, IMAGE_LINE))),
    Row("probe 11a: a template without its chart", {"templates/d.yaml": TEMPLATE}, 3,
        gaps=((("templates/d.yaml", 5), "this is a Helm template"),)),
    Row("probe 12: 50 MiB, the fault at the end", {"m.yaml": FIFTY_MIB}, 3,
        gaps=((("m.yaml", 1), "more than 5,242,880"),), seconds=0.5, mib=20),
    Row("probe 13: links in a circle", {"a/m.yaml": ONE}, 1, found((REPLICAS, 5), file="a/m.yaml"),
        inputs={"a/link.yaml": "ignored"}, make=circle, seconds=0.5),
)  # fmt: skip

DRAIN = "availability/disruption-budget-allows-drain"
OBJECTS = (
    *(
        Row(f"probe {number}: {spec}", {"m.yaml": stream(WEB, budget(spec))}, 1, found((DRAIN, NEXT_LINE + 4)))
        for number, spec in (("14", "maxUnavailable: 0"), ("14b", "minAvailable: 3"), ("14c", "minAvailable: 100%"))
    ),
    Row("probe 15: a budget by expressions, which is right",
        {"m.yaml": stream(WEB, budget(selector="matchExpressions: [{key: app, operator: In, values: [web, other]}]"))},
        1, clean=("availability/disruption-budget", "availability/disruption-budget-selects-pods", DRAIN)),
    Row("probe 15b: a budget for nobody", {"m.yaml": stream(WEB, budget(selector="matchLabels: {app: typo}"))}, 1,
        found(("availability/disruption-budget-selects-pods", NEXT_LINE + 5), ("availability/disruption-budget", 1))),
    Row("probe 16: an autoscaler down to one", {"m.yaml": stream(WEB, PDB, scaler())}, 1,
        found((REPLICAS, NEXT_LINE + 12), (DRAIN, NEXT_LINE + 4))),
    Row("probe 16b: an autoscaler for nobody", {"m.yaml": stream(WEB, PDB, scaler("ghost"))}, 1,
        found(("availability/autoscaler-target", NEXT_LINE + 11))),
    Row("probe 17: a StatefulSet without a budget", {"m.yaml": workload(kind="StatefulSet")}, 1,
        found(("availability/disruption-budget", 1))),
    Row("probe 18: a Rollout", {"m.yaml": ONE.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout")},
        1, found((REPLICAS, 5), (TAG, IMAGE_LINE))),
    Row("probe 19: ready later than given up",
        {"m.yaml": stream(workload(replicas="replicas: 3\n  minReadySeconds: 700\n  progressDeadlineSeconds: 600"), PDB)},
        1, found(("apis/accepted", 6))),
    Row("probe 20: a sidecar that nobody looks at", {"m.yaml": stream(workload(above=SIDECAR), PDB)}, 1,
        found(("availability/liveness-probe", SIDECAR_LINE), (TAG, SIDECAR_LINE),
              ("resources/memory-request", SIDECAR_LINE), ("security/privilege-escalation", SIDECAR_LINE))),
    Row("probe 21: a Service for nobody", {"m.yaml": stream(WEB, PDB, service("typo"))}, 1,
        found(("network/service-selects-pods", NEXT_LINE + 10))),
    Row("probe 22: a port that is not there", {"m.yaml": stream(WEB, PDB, service(port="metrics"))}, 1,
        found(("network/service-target-port", NEXT_LINE + 11))),
    Row("probe 00: nothing of the kind", {"m.yaml": stream(WEB, PDB, service())}, 1,
        clean=("apis/valid", "apis/served", "deployment/unique-keys", REPLICAS, TAG, DRAIN, "network/service-target-port",
               "availability/disruption-budget", "network/service-selects-pods", "availability/liveness-probe")),
)  # fmt: skip

ROWS = (*FILES, *OBJECTS)
