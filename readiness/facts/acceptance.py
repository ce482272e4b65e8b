"""What the API server refuses though the schema allows it: rules of `pkg/apis/*/validation` in Kubernetes.

Each rule takes an object and yields the node at fault with what is wrong there. Rules that checks of their own ask
about (labels, names, ports, selectors, budgets) are not repeated here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping

from readiness.facts.naming import dns_name_fault
from readiness.facts.objects import Node, Resource
from readiness.facts.pod_acceptance import pod_faults, template_faults
from readiness.facts.quantities import scaled
from readiness.facts.schedules import schedule_fault

Fault = tuple[Node, str]
Rule = Callable[[Resource], Iterator[Fault]]

_MIB = 1 << 20
_KEY_LETTERS = frozenset("-._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def refusals(resource: Resource) -> Iterator[Fault]:
    """Why the API server would refuse this object, beyond its schema; nothing for kinds without such rules."""
    for rule in RULES.get(resource.kind, ()):
        yield from rule(resource)


def _share_fault(node: Node, *, bounded: bool = True) -> str:
    """What keeps a value from being a number of pods or a share of them; empty where nothing does."""
    if not isinstance(node.value, str):
        return ""
    number = node.value.removesuffix("%")
    if not node.value.endswith("%") or not number.isdecimal():
        return f"`{node.value[:20]}` wants a whole number or a percentage such as 25%"
    too_much = bounded and int(number[:9]) > 100
    return f"`{node.value[:20]}` wants 100% or less" if too_much else ""


def _rolling(update: Node) -> Iterator[Fault]:
    for field in ("maxUnavailable", "maxSurge"):
        fault = _share_fault(update.get(field), bounded=field == "maxUnavailable")
        if fault:
            yield update.get(field), f"{field} {fault}"


def _deployment(resource: Resource) -> Iterator[Fault]:
    spec = resource.get("spec")
    ready, deadline = spec.integer("minReadySeconds") or 0, spec.integer("progressDeadlineSeconds")
    if ready >= (600 if deadline is None else deadline):
        said = f"progressDeadlineSeconds {600 if deadline is None else deadline}"
        yield spec.get("minReadySeconds"), f"minReadySeconds {ready} is not below {said}"
    strategy = spec.get("strategy")
    rolling = strategy.get("rollingUpdate")
    yield from _rolling(rolling)
    if strategy.text("type") == "Recreate" and rolling.exists:
        yield rolling, "has rollingUpdate beside the strategy Recreate"
    elif all(scaled(rolling.raw(f), 100, round_up=True) == 0 for f in ("maxSurge", "maxUnavailable")):
        yield rolling, "has maxSurge and maxUnavailable both 0, so that no pod could ever be replaced"


def _daemon_set(resource: Resource) -> Iterator[Fault]:
    rolling = resource.get("spec", "updateStrategy", "rollingUpdate")
    yield from _rolling(rolling)
    surge = scaled(rolling.raw("maxSurge"), 100, round_up=True) or 0
    written = scaled(rolling.raw("maxUnavailable"), 100, round_up=True)
    unavailable = 1 if written is None else written
    if rolling.exists and surge == 0 and unavailable == 0:
        yield rolling, "has maxSurge and maxUnavailable both 0, so that no pod could ever be replaced"
    elif surge > 0 and unavailable > 0:
        yield rolling, "has maxSurge and maxUnavailable both above 0, wants one of them 0"


def _autoscaler(resource: Resource) -> Iterator[Fault]:
    spec = resource.get("spec")
    fewest, most = spec.integer("minReplicas"), spec.integer("maxReplicas")
    if most is not None and (1 if fewest is None else fewest) > most:
        yield spec.get("maxReplicas"), f"maxReplicas {most} is below minReplicas {1 if fewest is None else fewest}"
    for metric in spec.each("metrics"):
        kind = metric.text("type") or ""
        source = kind[:1].lower() + kind[1:]
        if kind in {"Resource", "ContainerResource", "Pods", "Object", "External"} and not metric.get(source).exists:
            yield metric, f"has a metric of type {kind} without `{source}`"


def _cron_job(resource: Resource) -> Iterator[Fault]:
    schedule = resource.get("spec", "schedule")
    if isinstance(schedule.value, str):
        fault = schedule_fault(schedule.value)
        if fault:
            yield schedule, f"schedule `{schedule.value[:60]}` {fault}"


def _budget(resource: Resource) -> Iterator[Fault]:
    for field in ("minAvailable", "maxUnavailable"):
        fault = _share_fault(resource.get("spec", field))
        if fault:
            yield resource.get("spec", field), f"{field} {fault}"


def _service(resource: Resource) -> Iterator[Fault]:
    spec = resource.get("spec")
    kind = spec.text("type") or "ClusterIP"
    if kind == "ExternalName":
        if not spec.text("externalName"):
            yield spec, "is of type ExternalName without `externalName`"
        return
    if not spec.sequence("ports") and spec.text("clusterIP") != "None":
        yield spec, "has no ports, wants at least one"
    for port in spec.each("ports"):
        if kind == "ClusterIP" and port.integer("nodePort"):
            yield port.get("nodePort"), "has a nodePort, which a Service of type ClusterIP may not have"
    if kind == "ClusterIP" and spec.text("externalTrafficPolicy"):
        yield spec.get("externalTrafficPolicy"), "has externalTrafficPolicy, which type ClusterIP may not have"


def _ingress(resource: Resource) -> Iterator[Fault]:
    spec = resource.get("spec")
    if not spec.sequence("rules") and not spec.get("defaultBackend").exists:
        yield spec, "has neither rules nor a defaultBackend"
    for rule in spec.each("rules"):
        host = rule.text("host") or ""
        fault = dns_name_fault(host.removeprefix("*.")) if host else ""
        if _is_address(host):
            yield rule.get("host"), f"host {host} is an address, wants a DNS name"
        elif fault:
            yield rule.get("host"), f"host `{host[:80]}` {fault}"
        for path in rule.each("http", "paths"):
            text = path.text("path")
            if path.text("pathType") in {"Exact", "Prefix"} and not (text or "").startswith("/"):
                yield (
                    path.get("path"),
                    f"path `{(text or '')[:80]}` of type {path.text('pathType')} wants a `/` in front",
                )


def _policy(resource: Resource) -> Iterator[Fault]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in resource.node.each("spec", direction):
            for peer in rule.each(peers):
                block = peer.get("ipBlock")
                if block.exists and (peer.get("podSelector").exists or peer.get("namespaceSelector").exists):
                    yield peer, "has ipBlock beside a selector, wants one of the two"
                for cidr in (block.get("cidr"), *block.each("except")):
                    if isinstance(cidr.value, str) and not _is_network(cidr.value):
                        yield cidr, f"`{cidr.value[:60]}` is no address range such as 10.0.0.0/8"


def _config(resource: Resource) -> Iterator[Fault]:
    keys = [(key, node) for part in ("data", "stringData", "binaryData") for key, node in resource.node.entries(part)]
    for key, node in keys:
        if not key or len(key) > 253 or not set(key) <= _KEY_LETTERS or key in {".", ".."} or key.startswith(".."):
            yield node, f"key `{key[:60]}` wants letters, digits, `-`, `_` and `.`"
    size = sum(len(node.value.encode("utf-8", "replace")) for _, node in keys if isinstance(node.value, str))
    if resource.kind == "ConfigMap":
        for key in resource.node.mapping("data").keys() & resource.node.mapping("binaryData").keys():
            yield resource.get("binaryData", key), f"key `{key[:60]}` is in data and in binaryData"
        if size > _MIB:
            yield resource.get("data"), f"holds {size:,} bytes, wants {_MIB:,} or fewer"


def _claim(resource: Resource) -> Iterator[Fault]:
    spec = resource.get("spec")
    if not spec.sequence("accessModes"):
        yield spec, "has no accessModes, wants at least one"
    if not spec.get("resources", "requests", "storage").exists:
        yield spec, "requests no storage, wants resources.requests.storage"


def _role(resource: Resource) -> Iterator[Fault]:
    for rule in resource.node.each("rules"):
        if not rule.sequence("verbs"):
            yield rule, "has a rule without verbs"
        if rule.sequence("nonResourceURLs"):
            if resource.kind == "Role":
                yield rule.get("nonResourceURLs"), "has nonResourceURLs, which only a ClusterRole may have"
        elif not rule.sequence("resources") or not rule.sequence("apiGroups"):
            yield rule, "has a rule that lacks resources or apiGroups"


def _binding(resource: Resource) -> Iterator[Fault]:
    for subject in resource.node.each("subjects"):
        if subject.text("kind") == "ServiceAccount" and not subject.text("namespace"):
            yield subject, "names a ServiceAccount without its namespace"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


RULES: Mapping[str, tuple[Rule, ...]] = {
    "Deployment": (_deployment, template_faults),
    "DaemonSet": (_daemon_set, template_faults),
    "StatefulSet": (template_faults,),
    "ReplicaSet": (template_faults,),
    "ReplicationController": (template_faults,),
    "Job": (template_faults,),
    "CronJob": (_cron_job, template_faults),
    "Pod": (pod_faults,),
    "HorizontalPodAutoscaler": (_autoscaler,),
    "PodDisruptionBudget": (_budget,),
    "Service": (_service,),
    "Ingress": (_ingress,),
    "NetworkPolicy": (_policy,),
    "ConfigMap": (_config,),
    "Secret": (_config,),
    "PersistentVolumeClaim": (_claim,),
    "Role": (_role,),
    "ClusterRole": (_role,),
    "ClusterRoleBinding": (_binding,),
}
