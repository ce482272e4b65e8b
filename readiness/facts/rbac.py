"""Who may do what: Roles, their rules, and the bindings that give them to accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.workloads import Workload, Workloads

ROLE_KINDS = ("Role", "ClusterRole")
BINDING_KINDS = ("RoleBinding", "ClusterRoleBinding")
_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a role. A `*` in a list means everything."""

    node: Node
    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]

    @classmethod
    def read(cls, node: Node) -> Rule:
        lists = (node.sequence(key) for key in ("verbs", "apiGroups", "resources", "resourceNames"))
        return cls(node, *(frozenset(v for v in items if isinstance(v, str)) for items in lists))

    def reaches(self, group: str, resource: str) -> bool:
        """Whether it is about `resource` (`pods`, `pods/exec`), by name or by a wildcard.

        `*` and `*/exec` are wildcards; `pods/*` is none and matches nothing, as in Kubernetes' own authorizer.
        """
        if not self.groups & {group, "*"}:
            return False
        _, slash, part = resource.partition("/")
        patterns = {resource, "*"} | ({f"*/{part}"} if slash else set())
        return not self.resources.isdisjoint(patterns)

    def allowed(self, *verbs: str) -> list[str]:
        """Those of `verbs` that it grants, in their order."""
        return [verb for verb in verbs if verb in self.verbs or "*" in self.verbs]

    @property
    def anything(self) -> bool:
        """Whether it grants every verb on every resource of every group, without a list of names."""
        return "*" in self.verbs and "*" in self.groups and "*" in self.resources and not self.names


@dataclass(frozen=True, slots=True)
class Role:
    """A Role or ClusterRole."""

    resource: Resource
    rules: tuple[Rule, ...]

    @property
    def anything(self) -> bool:
        return any(rule.anything for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a binding names. `namespace` is that of a ServiceAccount, the binding's own where none is written."""

    node: Node
    kind: str
    name: str
    namespace: str

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.namespace}/{self.name}" if self.kind == "ServiceAccount" else f"{self.kind} {self.name}"
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """A RoleBinding or ClusterRoleBinding. `role` is None where its role is not among the objects."""

    resource: Resource
    role_kind: str
    role_name: str
    role: Role | None
    subjects: tuple[Subject, ...]

    @property
    def cluster_wide(self) -> bool:
        return self.resource.kind == "ClusterRoleBinding"


class Roles:
    """All roles of one origin."""

    kinds = frozenset(ROLE_KINDS)

    def __init__(self, objects: Objects) -> None:
        found = [r for kind in ROLE_KINDS for r in objects.of(kind) if r.group in {"", _GROUP}]
        self._items = tuple(Role(r, tuple(Rule.read(node) for node in r.node.each("rules"))) for r in found)
        self._named = {(r.resource.kind, r.resource.namespace, r.resource.name): r for r in self._items}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Role]:
        return iter(self._items)

    def named(self, kind: str, namespace: str, name: str) -> Role | None:
        return self._named.get((kind, namespace if kind == "Role" else "", name))

    def rules(self) -> Iterator[Rule]:
        return (rule for role in self._items for rule in role.rules)


class Bindings:
    """All bindings of one origin, with the roles that they give."""

    kinds = frozenset(BINDING_KINDS)

    def __init__(self, objects: Objects, roles: Roles) -> None:
        found = [r for kind in BINDING_KINDS for r in objects.of(kind) if r.group in {"", _GROUP}]
        self._items = tuple(_binding(resource, roles) for resource in found)
        self._accounts: dict[tuple[str, str], list[Binding]] = {}
        for binding in self._items:
            for subject in binding.subjects:
                if subject.kind == "ServiceAccount":
                    self._accounts.setdefault((subject.namespace, subject.name), []).append(binding)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Binding]:
        return iter(self._items)

    def of(self, workload: Workload) -> tuple[Binding, ...]:
        """The bindings that name the account of this workload."""
        return tuple(self._accounts.get((workload.namespace, account_name(workload)), ()))


class Accounts:
    """All ServiceAccounts of one origin, and which workloads use them."""

    kinds = frozenset({"ServiceAccount"})

    def __init__(self, objects: Objects, workloads: Workloads) -> None:
        self._items = tuple(objects.of("ServiceAccount"))
        self._named = {(r.namespace, r.name): r for r in self._items}
        self.used = frozenset((w.namespace, account_name(w)) for w in workloads)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def named(self, namespace: str, name: str) -> Resource | None:
        return self._named.get((namespace, name))

    def of(self, workload: Workload) -> Resource | None:
        """The account under which its pods run, where it is among the objects."""
        return self.named(workload.namespace, account_name(workload))


def account_name(workload: Workload) -> str:
    """The account its pods run under: the field, the older one of the same meaning, or `default`."""
    pod = workload.pod
    return pod.text("serviceAccountName") or pod.text("serviceAccount") or "default"


def _binding(resource: Resource, roles: Roles) -> Binding:
    reference = resource.get("roleRef")
    kind, name = reference.text("kind") or "", reference.text("name") or ""
    subjects = tuple(
        Subject(node, node.text("kind") or "", node.text("name") or "", node.text("namespace") or resource.namespace)
        for node in resource.node.each("subjects")
    )
    return Binding(resource, kind, name, roles.named(kind, resource.namespace, name), subjects)
