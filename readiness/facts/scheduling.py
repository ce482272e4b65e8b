"""Where pods may run: spread constraints, anti-affinity, tolerations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node
from readiness.facts.selectors import Selector
from readiness.facts.workloads import Workload

NODE_KEYS = frozenset({"kubernetes.io/hostname"})
ZONE_KEYS = frozenset({"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"})


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """One entry of `topologySpreadConstraints`."""

    node: Node
    workload: Workload

    @property
    def topology_key(self) -> str:
        return self.node.text("topologyKey") or ""

    @property
    def max_skew(self) -> int | None:
        return self.node.integer("maxSkew")

    @property
    def when_unsatisfiable(self) -> str:
        return self.node.text("whenUnsatisfiable") or ""

    @property
    def selector(self) -> Selector | None:
        return Selector.read(self.node.get("labelSelector"))

    @property
    def counts_itself(self) -> bool:
        """Whether it counts the pods it stands in. Without a selector it counts none, and spreads nothing."""
        selector = self.selector
        return selector is not None and selector.matches(self.workload.labels)


@dataclass(frozen=True, slots=True)
class AntiAffinityTerm:
    """One term of `podAntiAffinity`, required or preferred."""

    node: Node
    workload: Workload
    required: bool

    @property
    def topology_key(self) -> str:
        return self.node.text("topologyKey") or ""

    @property
    def counts_itself(self) -> bool:
        """Whether it keeps apart the pods it stands in: its selector matches them, and it looks in their namespace.

        Which namespaces a `namespaceSelector` finds is not known here; it is taken to find this one.
        """
        selector = Selector.read(self.node.get("labelSelector"))
        if selector is None or not selector.matches(self.workload.labels):
            return False
        if any(key in self.workload.labels for key in self.node.sequence("mismatchLabelKeys") if isinstance(key, str)):
            return False
        namespaces = self.node.sequence("namespaces")
        elsewhere = bool(namespaces) and self.workload.namespace not in namespaces
        return not elsewhere or self.node.get("namespaceSelector").exists


def spread_constraints(workload: Workload) -> Iterator[SpreadConstraint]:
    return (SpreadConstraint(node, workload) for node in workload.pod.each("topologySpreadConstraints"))


def anti_affinity(workload: Workload) -> Iterator[AntiAffinityTerm]:
    rules = workload.pod.get("affinity", "podAntiAffinity")
    for node in rules.each("requiredDuringSchedulingIgnoredDuringExecution"):
        yield AntiAffinityTerm(node, workload, required=True)
    for node in rules.each("preferredDuringSchedulingIgnoredDuringExecution"):
        yield AntiAffinityTerm(node.get("podAffinityTerm"), workload, required=False)


def spreads_over(workload: Workload, keys: frozenset[str]) -> bool:
    """Whether a spread constraint or an anti-affinity term keeps the workload's pods apart by one of `keys`."""
    rules: tuple[SpreadConstraint | AntiAffinityTerm, ...]
    rules = (*spread_constraints(workload), *anti_affinity(workload))
    return any(rule.topology_key in keys and rule.counts_itself for rule in rules)


def tolerated_seconds(workload: Workload, taint: str) -> tuple[Node | None, float]:
    """How long pods stay on a node with the NoExecute taint `taint`, and the toleration that says so.

    Unwritten it is five minutes, which the API server fills in; a toleration without seconds stays for ever.
    """
    found = [t for t in workload.pod.each("tolerations") if _tolerates(t, taint)]
    if not found:
        return None, 300
    lengths = [(t.integer("tolerationSeconds"), t) for t in found]
    # The shortest one decides; one without seconds has no end.
    seconds, node = min(((float("inf") if s is None else s, t) for s, t in lengths), key=lambda pair: pair[0])
    return node, seconds


def _tolerates(toleration: Node, taint: str) -> bool:
    key, effect = toleration.text("key"), toleration.text("effect")
    if effect not in {None, "", "NoExecute"}:
        return False
    if not key:
        return toleration.text("operator") == "Exists"
    return key == taint and (toleration.text("operator") == "Exists" or not toleration.text("value"))
