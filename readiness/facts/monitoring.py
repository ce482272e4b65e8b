"""Prometheus rules, in objects and in files: what is recorded, and what somebody is woken for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.facts.objects import Node, Objects
from readiness.facts.paths import is_test
from readiness.facts.repository import FileKind, Repository
from readiness.facts.texts import root
from readiness.model import Place

_DURATION = re.compile(
    r"(?:(\d{1,9})y)?(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?\Z"
)
_SECONDS = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
# Loki's rules are written in files of the same shape, in another language.
_LOGS = re.compile(r"\|[=~]|![=~]\s*\"|\|\s*(?:json|logfmt|pattern|regexp|unwrap|line_format)\b")

RULE_OBJECTS = frozenset({"PrometheusRule", "VMRule"})
RULES_ABSENT = ("PrometheusRule", FileKind.MONITORING.value)
"""What could hide a rule: the kinds that a claim of there being none depends on."""


def duration(text: object) -> float | None:
    """Seconds in a duration as Prometheus writes it (`5m`, `1h30m`, `0`); None where it is none."""
    if text in (0, "0"):
        return 0.0
    match = _DURATION.match(text) if isinstance(text, str) and text else None
    if not match:
        return None
    return sum(int(number) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True) if number)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `group_labels` are those that its group adds."""

    node: Node
    group: str
    group_labels: Mapping[str, str]

    @property
    def alert(self) -> str:
        return self.node.text("alert") or ""

    @property
    def record(self) -> str:
        return self.node.text("record") or ""

    @property
    def title(self) -> str:
        """How a message names it."""
        return (
            f"alert {self.alert}" if self.alert else f"record {self.record}" if self.record else "a rule without a name"
        )

    @property
    def expression(self) -> str:
        """The expression as text; a bare number is one, too."""
        value = self.node.scalar("expr")
        return "" if value is None or isinstance(value, bool) else str(value)

    @property
    def waits(self) -> float | None:
        """Seconds that the condition must hold before the alert fires; None where it is not readable."""
        written = self.node.scalar("for")
        return 0.0 if written is None else duration(written)

    @property
    def labels(self) -> Mapping[str, str]:
        own = {k: str(v) for k, v in self.node.mapping("labels").items() if isinstance(v, str | int | float)}
        return {**self.group_labels, **own}

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.node.strings("annotations")

    def at(self, *steps: str | int) -> Place:
        return self.node.at(*steps)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """One group of rules."""

    node: Node

    @property
    def name(self) -> str:
        return self.node.text("name") or ""

    def rules(self) -> Iterator[Rule]:
        """Its rules, but those that are written in the language of logs."""
        for node in self.node.each("rules"):
            rule = Rule(node, self.name, self.node.strings("labels"))
            if isinstance(node.value, dict) and not _LOGS.search(rule.expression[:5000]):
                yield rule


class PrometheusRules:
    """The rules in objects of one origin."""

    kinds = RULE_OBJECTS

    def __init__(self, objects: Objects) -> None:
        self.sets = tuple(tuple(RuleGroup(g) for g in r.node.each("spec", "groups")) for r in objects.of(*RULE_OBJECTS))


class RuleFiles:
    """The rules in plain files of the repository, as Prometheus loads them."""

    kinds = frozenset({FileKind.MONITORING})

    def __init__(self, repository: Repository) -> None:
        self.sets = tuple(
            tuple(RuleGroup(g) for g in root(document).each("groups"))
            for path, documents in repository.parsed.items()
            if not is_test(path) and "loki" not in path.lower()
            for document in documents
            if _holds_rules(root(document))
        )


def _holds_rules(node: Node) -> bool:
    return any(group.sequence("rules") for group in node.each("groups")) and not node.get("apiVersion").exists


def rule_sets(objects: PrometheusRules | None, files: RuleFiles | None) -> Iterator[tuple[RuleGroup, ...]]:
    """The groups of each object and file."""
    yield from objects.sets if objects else ()
    yield from files.sets if files else ()


def rules(objects: PrometheusRules | None, files: RuleFiles | None) -> Iterator[Rule]:
    """Every rule of both."""
    return (rule for groups in rule_sets(objects, files) for group in groups for rule in group.rules())


def alerts(objects: PrometheusRules | None, files: RuleFiles | None) -> Iterator[Rule]:
    """Every rule that alerts."""
    return (rule for rule in rules(objects, files) if rule.alert)
