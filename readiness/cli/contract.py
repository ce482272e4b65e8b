"""A check's contract in plain words and data: what it needs, which sources bring that, and what may be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, Literal, get_args, get_origin

from readiness.cli.gather import PROVIDES
from readiness.engine.world import roots_of
from readiness.model import Check, Need, Origin, Setting, Stricter

PROFILES = ("production", "staging", "development")
TIERS = (1, 2, 3)
# One word for the sources of an origin, where a table has room for no more.
_SHORT = {"manifests": "rendered", "kustomize": "rendered", "helm": "rendered", "cluster": "live"}
_TYPES: Mapping[Any, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_STRICTER = {
    Stricter.HIGHER: "higher is stricter",
    Stricter.LOWER: "lower is stricter",
    Stricter.MORE: "a longer list is stricter",
    Stricter.FEWER: "a shorter list is stricter",
    Stricter.TRUE: "true is stricter",
    Stricter.FALSE: "false is stricter",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One fact that a check asks for. `sources` are groups: of each group, any one source will do.

    No group means that nothing has to be declared: every run has this fact.
    """

    fact: str
    optional: bool
    origin: str
    sources: tuple[tuple[str, ...], ...]

    @property
    def said(self) -> str:
        """The fact and what would bring it: `Workloads from manifests, kustomize, helm or cluster`."""
        groups = " and ".join(either(group) for group in self.sources)
        origin = f"{self.origin} " if self.origin else ""
        maybe = ", where there is one" if self.optional else ""
        return f"{origin}{self.fact}" + (f", from {groups}" if groups else "") + maybe


def askings(check: Check) -> tuple[Asking, ...]:
    """What a check needs, in the order of its signature."""
    return tuple(
        Asking(n.type.__name__, n.optional, n.origin.value if n.origin else "", _groups(n)) for n in check.needs
    )


def _groups(need: Need) -> tuple[tuple[str, ...], ...]:
    roots = sorted(roots_of(need.type), key=lambda root: root.__name__)
    groups = (_bringing(root, need.origin) for root in roots)
    return tuple(dict.fromkeys(group for group in groups if group))


def _bringing(root: type, origin: Origin | None) -> tuple[str, ...]:
    """The sources that bring a root fact; none where every run has it."""
    return tuple(
        name for name, (facts, at) in PROVIDES.items() if root in facts and (origin is None or at in (None, origin))
    )


def sources_in_short(check: Check) -> str:
    """What has to be declared for a check, in a word or two: `rendered or live`, `repository`, `nothing`."""
    groups = [group for asking in askings(check) if not asking.optional for group in asking.sources]
    words = dict.fromkeys("/".join(dict.fromkeys(_SHORT.get(s, s) for s in group)) for group in groups)
    return " + ".join(words) or "nothing"


def type_said(kind: Any) -> str:
    """The type of a setting for somebody who writes YAML: `whole number`, `list of text`, `one of a, b`."""
    if kind in _TYPES:
        return _TYPES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(str(a) for a in arguments)
    if origin in (tuple, list, set, frozenset) and arguments:
        return f"list of {type_said(arguments[0])}"
    if origin is dict and arguments:
        return f"mapping of {type_said(arguments[-1])}"
    return str(kind) if isinstance(kind, GenericAlias) else getattr(kind, "__name__", str(kind))


def stricter_said(setting: Setting) -> str:
    """Which direction asks for more, in words; empty where neither does."""
    return _STRICTER.get(setting.stricter, "") if setting.stricter else ""


def defaults(setting: Setting) -> dict[str, object]:
    """The defaults by `default`, profile and tier: those that differ from what stands before them, and no others."""
    said: dict[str, object] = {"default": plain_value(setting.default)}
    for profile in PROFILES:
        if setting.per_environment and profile in setting.per_environment:
            said[profile] = plain_value(setting.per_environment[profile])
    for tier in TIERS:
        if setting.per_tier and tier in setting.per_tier:
            said[f"tier {tier}"] = plain_value(setting.per_tier[tier])
    return said


def plain_value(value: Any) -> object:
    """A setting's value as JSON and YAML have it: tuples and sets become lists."""
    if isinstance(value, set | frozenset):
        return sorted(plain_value(v) for v in value)  # type: ignore[type-var]
    return [plain_value(v) for v in value] if isinstance(value, tuple | list) else value


def value_said(value: object) -> str:
    """A value as one would write it into the settings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_said(v) for v in value) + "]"
    return str(value) if not isinstance(value, str) or value else '""'


def either(words: tuple[str, ...]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *rest, last = words
    return f"{', '.join(rest)} or {last}" if rest else last
