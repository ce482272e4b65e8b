"""Network policies, whoever enforces them: Kubernetes' own, Cilium's and Calico's, and which pods each isolates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network

from readiness.facts.calico import compiled
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.selectors import LabelIndex, Requirement, Selector
from readiness.facts.workloads import Workload, Workloads
from readiness.model import Place

CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
CALICO_GROUPS = ("projectcalico.org", "crd.projectcalico.org")
CALICO = ("NetworkPolicy", "GlobalNetworkPolicy")
POLICY_KINDS = ("NetworkPolicy", *CILIUM, "GlobalNetworkPolicy")
_POD_NAMESPACE = "io.kubernetes.pod.namespace"


@dataclass(frozen=True, slots=True)
class Rule:
    """One ingress or egress rule of a Kubernetes NetworkPolicy."""

    node: Node
    peers_key: str

    @property
    def peers(self) -> list[Node]:
        return list(self.node.each(self.peers_key))

    @property
    def anywhere(self) -> bool:
        """Whether it names no peers at all, which permits every one."""
        return not self.node.sequence(self.peers_key)

    def permits_port(self, protocol: str, number: int) -> bool:
        """Whether its ports include this one. A port by name is taken to be the one of a service of that name."""
        ports = list(self.node.each("ports"))
        return not ports or any(_is_port(port, protocol, number) for port in ports)

    def permits_address(self, address: IPv4Address) -> bool:
        """Whether it lets traffic go to an address outside the cluster."""
        return self.anywhere or any(_holds(peer.get("ipBlock"), address) for peer in self.peers)

    @property
    def names_pods(self) -> bool:
        """Whether a peer is given by labels, so that a client would look for it by name."""
        return self.anywhere or any(not peer.get("ipBlock").exists for peer in self.peers)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. `ingress` and `egress` say in which direction the pods it selects are isolated.

    `node` is its specification; `everything` says that it selects all pods of its namespace, or of all namespaces where
    `namespace` is empty. `own` says that it is Kubernetes' own kind, whose rules can be read here.
    """

    resource: Resource
    node: Node
    namespace: str
    ingress: bool
    egress: bool
    everything: bool
    own: bool
    workloads: tuple[Workload, ...]

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)

    def isolates(self, direction: str) -> bool:
        """`direction` is `ingress` or `egress`."""
        return self.ingress if direction == "ingress" else self.egress

    @property
    def selector(self) -> Selector | None:
        """Its pod selector, where it is Kubernetes' own kind."""
        return Selector.read(self.node.get("podSelector")) if self.own else None

    def rules(self, direction: str) -> Iterator[Rule]:
        """The rules of a Kubernetes NetworkPolicy; none of other kinds."""
        if self.own:
            key = "from" if direction == "ingress" else "to"
            yield from (Rule(node, key) for node in self.node.each(direction))

    def denies(self, direction: str) -> bool:
        """Whether it isolates without permitting anything."""
        rules = [r for r in self.node.sequence(direction) if r or self.own]
        return self.isolates(direction) and not rules


class Policies:
    """All network policies of one origin."""

    kinds = frozenset(POLICY_KINDS)

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        items = [_own(resource, workloads) for resource in objects.of("NetworkPolicy")]
        for resource in objects.of(*CILIUM):
            parts = [resource.get("spec"), *resource.node.each("specs")]
            items += [_cilium(resource, part, workloads) for part in parts if part.mapping()]
        for kind in CALICO:
            found = (r for group in CALICO_GROUPS for r in objects.of(kind, group=group) if r.group == group)
            items += [_calico(resource, workloads) for resource in found]
        self._items = tuple(items)
        self._covering: dict[int, list[Policy]] = {}
        for policy in self._items:
            for workload in policy.workloads:
                self._covering.setdefault(id(workload), []).append(policy)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._items)

    def isolating(self, workload: Workload, direction: str) -> tuple[Policy, ...]:
        """The policies that isolate this workload's pods in that direction (`ingress`, `egress`)."""
        return tuple(p for p in self._covering.get(id(workload), ()) if p.isolates(direction))

    def default_deny(self, namespace: str, direction: str) -> Policy | None:
        """A policy that isolates every pod of `namespace` and permits nothing by itself."""
        mine = (p for p in self._items if p.namespace in ("", namespace) and p.everything)
        return next((p for p in mine if p.denies(direction)), None)


def _own(resource: Resource, workloads: Workloads) -> Policy:
    node = resource.get("spec")
    selector = Selector.read(node.get("podSelector")) or Selector()  # unwritten, it selects all pods
    types = [t for t in node.sequence("policyTypes") if isinstance(t, str)]
    egress = "Egress" in types if types else bool(node.sequence("egress"))
    return Policy(
        resource,
        node,
        resource.namespace,
        ingress="Ingress" in types if types else True,
        egress=egress,
        everything=selector.empty,
        own=True,
        workloads=tuple(workloads.selected(resource.namespace, selector)),
    )


def _cilium(resource: Resource, node: Node, workloads: Workloads) -> Policy:
    selector = _cilium_selector(node.get("endpointSelector"))
    if resource.kind == CILIUM[0]:
        selected = tuple(workloads.selected(resource.namespace, selector))
    else:
        selected = tuple(w for w in workloads if selector and selector.matches(_placed(w)))
    return Policy(
        resource,
        node,
        resource.namespace,
        ingress=_cilium_isolates(node, "ingress"),
        egress=_cilium_isolates(node, "egress"),
        everything=selector is not None and selector.empty,
        own=False,
        workloads=selected,
    )


def _cilium_isolates(node: Node, direction: str) -> bool:
    """Rules of a direction isolate in it, unless `enableDefaultDeny` says that they do not."""
    written = bool(node.sequence(direction) or node.sequence(f"{direction}Deny"))
    return written and node.boolean("enableDefaultDeny", direction) is not False


def _cilium_selector(node: Node) -> Selector | None:
    """Its selector with the sources of labels (`k8s:app`, `any:app`) taken off."""
    selector = Selector.read(node)
    if selector is None:
        return None
    labels = tuple((_bare(key), value) for key, value in selector.labels)
    return Selector(labels, tuple(Requirement(_bare(r.key), r.operator, r.values) for r in selector.requirements))


def _bare(key: str) -> str:
    source, colon, name = key.partition(":")
    return name if colon and source in {"k8s", "any"} else key


def _placed(workload: Workload) -> Mapping[str, str]:
    return {**workload.labels, _POD_NAMESPACE: workload.namespace}


def _calico(resource: Resource, workloads: Workloads) -> Policy:
    node = resource.get("spec")
    text = node.text("selector") or ""
    test = compiled(text)
    spaces = (node.text("namespaceSelector") or "").strip()
    types = [t for t in node.sequence("types") if isinstance(t, str)]
    outward, inward = bool(node.sequence("egress")), bool(node.sequence("ingress"))
    everywhere = not resource.namespace
    # Which namespaces a selector means cannot be told without their labels: only `all` is taken as such.
    reaches = test is not None and (not everywhere or spaces in {"", "all()"})
    near = (w for w in workloads if everywhere or w.namespace == resource.namespace)
    return Policy(
        resource,
        node,
        resource.namespace,
        ingress="Ingress" in types if types else inward or not outward,
        egress="Egress" in types if types else outward,
        everything=reaches and text.strip() in {"", "all()"},
        own=False,
        workloads=tuple(w for w in near if reaches and test is not None and test(w.labels)),
    )


def _is_port(port: Node, protocol: str, number: int) -> bool:
    if (port.text("protocol") or "TCP") != protocol:
        return False
    first, last = port.integer("port"), port.integer("endPort")
    if first is None:
        name = port.text("port")
        return name is None or (number == 53 and "dns" in name)
    return first <= number <= (first if last is None else last)


def _holds(block: Node, address: IPv4Address) -> bool:
    whole = _network(block.text("cidr"))
    if whole is None or address not in whole:
        return False
    holes = (_network(text) for text in block.sequence("except"))
    return not any(hole is not None and address in hole for hole in holes)


def _network(text: object) -> IPv4Network | None:
    try:
        made = ip_network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None
    return made if isinstance(made, IPv4Network) else None


class RunningPods:
    """The pods of a live cluster by their labels, whoever made them."""

    kinds = frozenset({"Pod"})

    def __init__(self, objects: Objects) -> None:
        self._index = LabelIndex((pod.namespace, pod.labels, pod) for pod in objects.of("Pod"))

    def any(self, namespace: str, selector: Selector | None) -> bool:
        return next(self._index.select(namespace, selector), None) is not None


def foreign_label(key: str) -> bool:
    """Whether an operator puts this label on its own pods: `cnpg.io/cluster`, but not `app.kubernetes.io/name`."""
    domain, slash, _ = key.partition("/")
    return bool(slash) and not domain.endswith("kubernetes.io")
