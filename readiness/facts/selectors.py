"""Label selectors, with matchExpressions, as Kubernetes evaluates them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from readiness.facts.objects import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of matchExpressions."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """As in apimachinery: NotIn and DoesNotExist hold for an absent key; an unknown operator matches nothing."""
        if self.operator == "In":
            return labels.get(self.key) in self.values
        if self.operator == "NotIn":
            return labels.get(self.key) not in self.values
        if self.operator == "Exists":
            return self.key in labels
        return self.operator == "DoesNotExist" and self.key not in labels


@dataclass(frozen=True, slots=True)
class Selector:
    """A whole selector: every label and every requirement must hold. An empty one matches everything."""

    labels: tuple[tuple[str, str], ...] = ()
    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def read(cls, node: Node) -> Selector | None:
        """A LabelSelector (`matchLabels`, `matchExpressions`); None where none is written, which selects nothing."""
        if not isinstance(node.value, dict):
            return None
        return cls(
            tuple(node.strings("matchLabels").items()),
            tuple(
                Requirement(
                    line.text("key") or "",
                    line.text("operator") or "",
                    frozenset(v for v in line.sequence("values") if isinstance(v, str)),
                )
                for line in node.each("matchExpressions")
            ),
        )

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> Selector:
        """An equality-only selector, such as a Service's."""
        return cls(tuple(labels.items()))

    @property
    def empty(self) -> bool:
        return not self.labels and not self.requirements

    def matches(self, labels: Mapping[str, str]) -> bool:
        for key, value in self.labels:
            if labels.get(key) != value:
                return False
        return all(r.matches(labels) for r in self.requirements)

    def __str__(self) -> str:
        said = [f"{k}={v}" for k, v in self.labels]
        said += [f"{r.key} {r.operator} {','.join(sorted(r.values))}".rstrip() for r in self.requirements]
        return ", ".join(said) or "everything"


class LabelIndex(Generic[T]):
    """Things with labels in namespaces, found by selector without trying every pair."""

    __slots__ = ("_all", "_by_pair")

    def __init__(self, things: Iterable[tuple[str, Mapping[str, str], T]]) -> None:
        self._all: dict[str, list[tuple[Mapping[str, str], T]]] = {}
        self._by_pair: dict[tuple[str, str, str], list[tuple[Mapping[str, str], T]]] = {}
        for namespace, labels, thing in things:
            entry = (labels, thing)
            self._all.setdefault(namespace, []).append(entry)
            for key, value in labels.items():
                self._by_pair.setdefault((namespace, key, value), []).append(entry)

    def select(self, namespace: str, selector: Selector | None) -> Iterator[T]:
        """Things in `namespace` that `selector` matches; nothing for None."""
        if selector is None:
            return
        candidates = self._all.get(namespace, [])
        if selector.labels:
            pairs = ((namespace, key, value) for key, value in selector.labels)
            candidates = min((self._by_pair.get(pair, []) for pair in pairs), key=len)
        for labels, thing in candidates:
            if selector.matches(labels):
                yield thing
