"""Makes readiness/sources/schemas/*.xz from the development package `kubernetes-validate`.

    python tools/make_schemas.py            writes 1.30.json.xz … and served.json.xz
    python tools/make_schemas.py --check    exits 1 where a file on disk is not what would be written

What a schema says about shapes comes from Kubernetes' own OpenAPI. Descriptions go; a null stands for an absent
field, as the
API server has it; quantities, enumerations and ranges that the server checks in code are written into the schemas here.
"""

from __future__ import annotations

import argparse
import copy
import json
import lzma
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

FIRST_SCHEMA = (1, 30)
FIRST_SERVED = (1, 25)
TARGET = Path(__file__).parent.parent / "readiness" / "sources" / "schemas"
CORE, META = "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."
APPS, BATCH, NET = "io.k8s.api.apps.v1.", "io.k8s.api.batch.v1.", "io.k8s.api.networking.v1."
QUANTITY = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$"
BASE64 = r"^(?:(?:[A-Za-z0-9+/][\r\n]*){4})*(?:(?:[A-Za-z0-9+/][\r\n]*){2}(?:[A-Za-z0-9+/]|=)[\r\n]*=)?[\r\n]*$"
PORT, ANY_PORT, COUNT = (1, 65535), (0, 65535), (0, None)

# What pkg/apis/*/validation of Kubernetes accepts; an empty string stands for the default.
ENUMERATIONS: dict[str, dict[str, str]] = {
    CORE + "Container": {
        "imagePullPolicy": "Always IfNotPresent Never",
        "terminationMessagePolicy": "File FallbackToLogsOnError",
        "restartPolicy": "Always OnFailure Never",
    },
    CORE + "ContainerPort": {"protocol": "TCP UDP SCTP"},
    CORE + "ServicePort": {"protocol": "TCP UDP SCTP"},
    CORE + "PodSpec": {
        "restartPolicy": "Always OnFailure Never",
        "dnsPolicy": "ClusterFirst ClusterFirstWithHostNet Default None",
        "preemptionPolicy": "Never PreemptLowerPriority",
    },
    CORE + "ServiceSpec": {
        "type": "ClusterIP ExternalName LoadBalancer NodePort",
        "sessionAffinity": "ClientIP None",
        "externalTrafficPolicy": "Cluster Local",
        "internalTrafficPolicy": "Cluster Local",
        "ipFamilyPolicy": "SingleStack PreferDualStack RequireDualStack",
    },
    CORE + "HTTPGetAction": {"scheme": "HTTP HTTPS"},
    CORE + "Toleration": {"effect": "NoSchedule PreferNoSchedule NoExecute", "operator": "Exists Equal Lt Gt"},
    CORE + "TopologySpreadConstraint": {
        "whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
        "nodeAffinityPolicy": "Honor Ignore",
        "nodeTaintsPolicy": "Honor Ignore",
    },
    CORE + "NodeSelectorRequirement": {"operator": "In NotIn Exists DoesNotExist Gt Lt"},
    CORE + "SeccompProfile": {"type": "Localhost RuntimeDefault Unconfined"},
    CORE + "AppArmorProfile": {"type": "Localhost RuntimeDefault Unconfined"},
    CORE + "VolumeMount": {"mountPropagation": "None HostToContainer Bidirectional"},
    CORE + "HostPathVolumeSource": {
        "type": "DirectoryOrCreate Directory FileOrCreate File Socket CharDevice BlockDevice"
    },
    CORE + "PersistentVolumeClaimSpec": {"volumeMode": "Block Filesystem"},
    CORE + "PersistentVolumeSpec": {
        "volumeMode": "Block Filesystem",
        "persistentVolumeReclaimPolicy": "Delete Recycle Retain",
    },
    META + "LabelSelectorRequirement": {"operator": "In NotIn Exists DoesNotExist"},
    APPS + "DeploymentStrategy": {"type": "Recreate RollingUpdate"},
    APPS + "StatefulSetUpdateStrategy": {"type": "OnDelete RollingUpdate"},
    APPS + "DaemonSetUpdateStrategy": {"type": "OnDelete RollingUpdate"},
    APPS + "StatefulSetSpec": {"podManagementPolicy": "OrderedReady Parallel"},
    BATCH + "CronJobSpec": {"concurrencyPolicy": "Allow Forbid Replace"},
    BATCH + "JobSpec": {"completionMode": "NonIndexed Indexed", "podReplacementPolicy": "Failed TerminatingOrFailed"},
    NET + "HTTPIngressPath": {"pathType": "Exact Prefix ImplementationSpecific"},
    NET + "NetworkPolicyPort": {"protocol": "TCP UDP SCTP"},
    "io.k8s.api.storage.v1.StorageClass": {
        "reclaimPolicy": "Delete Retain",
        "volumeBindingMode": "Immediate WaitForFirstConsumer",
    },
    "io.k8s.api.autoscaling.v2.MetricSpec": {"type": "ContainerResource External Object Pods Resource"},
    "io.k8s.api.autoscaling.v2.MetricTarget": {"type": "AverageValue Utilization Value"},
    "io.k8s.api.policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": "AlwaysAllow IfHealthyBudget"},
    "io.k8s.api.rbac.v1.RoleRef": {"kind": "ClusterRole Role"},
    "io.k8s.api.rbac.v1.Subject": {"kind": "Group ServiceAccount User"},
}
ITEMS: dict[str, dict[str, str]] = {
    CORE + "PersistentVolumeClaimSpec": {"accessModes": "ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod"},
    CORE + "PersistentVolumeSpec": {"accessModes": "ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod"},
    NET + "NetworkPolicySpec": {"policyTypes": "Egress Ingress"},
}
RANGES: dict[str, dict[str, tuple[int, int | None]]] = {
    CORE + "ContainerPort": {"containerPort": PORT, "hostPort": ANY_PORT},
    CORE + "ServicePort": {"port": PORT, "nodePort": ANY_PORT},
    CORE + "Probe": {
        "initialDelaySeconds": COUNT,
        "periodSeconds": COUNT,
        "timeoutSeconds": COUNT,
        "failureThreshold": COUNT,
        "successThreshold": COUNT,
    },
    CORE + "ReplicationControllerSpec": {"replicas": COUNT, "minReadySeconds": COUNT},
    APPS + "DeploymentSpec": {
        "replicas": COUNT,
        "minReadySeconds": COUNT,
        "progressDeadlineSeconds": COUNT,
        "revisionHistoryLimit": COUNT,
    },
    APPS + "ReplicaSetSpec": {"replicas": COUNT, "minReadySeconds": COUNT},
    APPS + "StatefulSetSpec": {"replicas": COUNT, "minReadySeconds": COUNT},
    APPS + "DaemonSetSpec": {"minReadySeconds": COUNT},
    BATCH + "JobSpec": {
        "activeDeadlineSeconds": COUNT,
        "backoffLimit": COUNT,
        "completions": COUNT,
        "parallelism": COUNT,
        "ttlSecondsAfterFinished": COUNT,
    },
    BATCH + "CronJobSpec": {
        "startingDeadlineSeconds": COUNT,
        "successfulJobsHistoryLimit": COUNT,
        "failedJobsHistoryLimit": COUNT,
    },
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": {"maxReplicas": (1, None), "minReplicas": COUNT},
    "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec": {"maxReplicas": (1, None), "minReplicas": COUNT},
}
FORMATS: dict[str, dict[str, Any]] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "byte": {"pattern": BASE64},
}
SPECIAL: dict[str, Any] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer", "null"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number", "null"], "pattern": QUANTITY},
}
ANSWERS = {"DeleteOptions", "Status", "WatchEvent"}
KEPT = ("type", "properties", "additionalProperties", "items", "required", "enum", "$ref")


def slim(schema: Any) -> Any:
    """The schema without prose and extensions; formats become ranges and patterns."""
    if not isinstance(schema, dict):
        return schema
    slimmed: dict[str, Any] = {}
    for key in KEPT:
        if key not in schema:
            continue
        value = schema[key]
        if key == "properties":
            value = {name: slim(inner) for name, inner in value.items()}
        elif key in {"items", "additionalProperties"}:
            value = slim(value)
        slimmed[key] = value
    return slimmed | FORMATS.get(schema.get("format", ""), {})


def required_means_written(schema: dict[str, Any]) -> None:
    """A required field may not be null: the API server takes null for absent."""
    for name in schema.get("required", ()):
        field = schema["properties"].get(name, {})
        if isinstance(field.get("type"), list):
            field["type"] = [t for t in field["type"] if t != "null"]
        elif "$ref" in field:
            field["not"] = {"type": "null"}


def refine(name: str, schema: dict[str, Any], used: set[str]) -> None:
    """Write the enumerations and ranges into the definition of that name."""
    fields = schema.get("properties", {})
    wanted = schema.get("required", ())
    for field, words in ENUMERATIONS.get(name, {}).items():
        if field in fields:
            used.add(f"{name}.{field}")
            optional: list[str | None] = [] if field in wanted else ["", None]
            fields[field]["enum"] = [*words.split(), *optional]
    for field, words in ITEMS.get(name, {}).items():
        used.add(f"{name}.{field}")
        fields[field]["items"]["enum"] = words.split()
    for field, (least, most) in RANGES.get(name, {}).items():
        if field in fields:
            used.add(f"{name}.{field}")
            fields[field]["minimum"] = least
            if most is not None:
                fields[field]["maximum"] = most


def kinds(definitions: dict[str, Any]) -> dict[str, dict[str, str]]:
    """For each apiVersion, its kinds and the definitions that describe them. No lists, options or answers."""
    found: dict[str, dict[str, str]] = {}
    for name, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            kind = gvk["kind"]
            if kind != "APIService" and (kind.endswith("List") or kind.startswith("API") or kind in ANSWERS):
                continue
            version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            found.setdefault(version, {})[kind] = name
    return {version: dict(sorted(found[version].items())) for version in sorted(found)}


def reachable(definitions: dict[str, Any], roots: set[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += re.findall(r'"#/\$defs/([^"]+)"', json.dumps(definitions[name]))
    return seen


def source(version: str) -> dict[str, Any]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    definitions: dict[str, Any] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return definitions


def versions() -> list[str]:
    names = (p.name for p in (files("kubernetes_validate") / "kubernetes-json-schema").iterdir())
    found = {m[1] for name in names if (m := re.match(r"v(\d+\.\d+)\.0-local-strict\Z", name))}
    return sorted(found, key=number)


def number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def schemas(definitions: dict[str, Any], used: set[str]) -> dict[str, Any]:
    """One version's file: `kinds` by apiVersion, and the `definitions` that they need."""
    named = kinds(definitions)
    slimmed = {name: copy.deepcopy(SPECIAL.get(name) or slim(schema)) for name, schema in definitions.items()}
    for name, schema in slimmed.items():
        refine(name, schema, used)
        required_means_written(schema)
    wanted = reachable(slimmed, {name for group in named.values() for name in group.values()})
    return {"kinds": named, "definitions": {name: slimmed[name] for name in sorted(wanted)}}


def served(sources: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """For each apiVersion and kind, the first and the last version that serves it."""
    table: dict[str, dict[str, list[str]]] = {}
    for version, definitions in sources.items():
        for api_version, names in kinds(definitions).items():
            for kind in names:
                entry = table.setdefault(api_version, {}).setdefault(kind, [version, version])
                entry[1] = version
    return table


def packed(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), sort_keys=False)
    return lzma.compress(text.encode(), format=lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)


def unpacked(path: Path) -> bytes:
    """The text of a file on disk: two versions of liblzma may pack the same text differently."""
    return lzma.decompress(path.read_bytes()) if path.exists() else b""


def build() -> dict[str, bytes]:
    sources = {v: source(v) for v in versions() if number(v) >= FIRST_SERVED}
    used: set[str] = set()
    made = {f"{v}.json.xz": packed(schemas(d, used)) for v, d in sources.items() if number(v) >= FIRST_SCHEMA}
    tables = (ENUMERATIONS, ITEMS, RANGES)
    unused = {f"{n}.{f}" for table in tables for n, fields in table.items() for f in fields} - used
    if unused:
        raise SystemExit(f"no such field in any version: {', '.join(sorted(unused))}")
    return made | {"served.json.xz": packed(served(sources))}


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the schemas of Kubernetes' own kinds.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    arguments = parser.parse_args()
    made = build()
    stale = [name for name, data in made.items() if unpacked(TARGET / name) != lzma.decompress(data)]
    if arguments.check:
        print("\n".join(f"stale: {name}" for name in stale) or "fresh")
        return 1 if stale else 0
    for name in stale:
        (TARGET / name).write_bytes(made[name])
        print(f"wrote {name}: {len(made[name]):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
