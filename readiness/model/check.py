"""A check: a question about an environment. Its function's signature is its contract."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from readiness.model.gap import Origin
from readiness.model.place import Finding, Span
from readiness.model.severity import Severity

Findings = Iterator[Finding]
T = TypeVar("T")

Rendered = Annotated[T, Origin.RENDERED]
Live = Annotated[T, Origin.LIVE]


class Stricter(Enum):
    """Which direction of a setting asks for more, so that production can be held to be no laxer than staging."""

    HIGHER = "higher"
    LOWER = "lower"
    MORE = "more"  # a longer list asks for more (required labels)
    FEWER = "fewer"  # a longer list allows more (permitted registries)
    TRUE = "true"
    FALSE = "false"


class PerEnvironment:
    """Defaults of a setting for the profiles `production`, `staging` and `development`."""

    __slots__ = ("values",)

    def __init__(self, **values: object) -> None:
        self.values: Mapping[str, object] = values


class PerTier:
    """Defaults of a setting for tiers 1 to 3: `PerTier({1: 99.9, 2: 99})`. A tier wins over an environment."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[int, object]) -> None:
        self.values = dict(values)


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that a check asks for, by type."""

    name: str
    type: type
    origin: Origin | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A keyword-only parameter of a check: something a settings file may set."""

    name: str
    type: Any
    default: object
    about: str = ""
    stricter: Stricter | None = None
    per_environment: Mapping[str, object] | None = None
    per_tier: Mapping[int, object] | None = None

    def default_for(self, profile: str, tier: int) -> object:
        """The default under `profile` and `tier`; a tier's default wins, then the profile's, then the signature's."""
        if self.per_tier and tier in self.per_tier:
            return self.per_tier[tier]
        if self.per_environment and profile in self.per_environment:
            return self.per_environment[profile]
        return self.default


@dataclass(frozen=True, slots=True)
class Page:
    """The docstring of a check, by section. The first line is a claim that is true when all is well."""

    title: str
    why: str = ""
    fix: str = ""
    peers: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A question about an environment, found by the engine where it stands."""

    id: str
    severity: Severity
    ask: Callable[..., Findings]
    needs: tuple[Need, ...]
    settings: Mapping[str, Setting]
    page: Page
    defined: Span
    since: str

    @property
    def area(self) -> str:
        return self.id.rpartition(":")[2].partition("/")[0]


def check(severity: Severity, *, since: str = "2026.11") -> Callable[[Callable[..., Findings]], Check]:
    """Make a function a check. Registers nothing: the engine finds it where it stands.

    Positional parameters are needs, injected by type (`T | None`: asked for, but not required); keyword-only ones are
    settings. `since` is the rules version that brought it. Raises TypeError for a function that cannot be a check.
    """

    def make(ask: Callable[..., Findings]) -> Check:
        name = f"{ask.__module__}.{ask.__qualname__}"
        if not ask.__doc__:
            raise TypeError(f"{name}: a check explains itself in a docstring")
        hints = get_type_hints(ask, include_extras=True)
        parameters = inspect.signature(ask).parameters.values()
        return Check(
            id="/".join(ask.__module__.split(".")[1:]).replace("_", "-"),
            severity=severity,
            ask=ask,
            needs=tuple(_need(name, p.name, hints.get(p.name)) for p in parameters if p.kind is not p.KEYWORD_ONLY),
            settings={p.name: _setting(name, p, hints.get(p.name)) for p in parameters if p.kind is p.KEYWORD_ONLY},
            page=read_page(inspect.cleandoc(ask.__doc__)),
            defined=Span(ask.__code__.co_filename, ask.__code__.co_firstlineno),
            since=since,
        )

    return make


def read_page(doc: str) -> Page:
    """Split a docstring into its title and the sections `Why:`, `Fix:`, `Peers:` and `Source:`."""
    title, _, rest = doc.partition("\n")
    sections: dict[str, list[str]] = {}
    current = ""
    for line in rest.splitlines():
        head, colon, tail = line.partition(":")
        if colon and head in {"Why", "Fix", "Peers", "Source"}:
            current = head.lower()
            line = tail
        if current:
            sections.setdefault(current, []).append(line.strip())
    return Page(title.strip(), **{name: "\n".join(lines).strip() for name, lines in sections.items()})


def _need(check_name: str, name: str, hint: Any) -> Need:
    hint, extras = _unwrap(hint)
    optional = False
    if get_origin(hint) in {Union, UnionType}:
        options = [o for o in get_args(hint) if o is not NoneType]
        optional = len(options) < len(get_args(hint))
        hint, more = _unwrap(options[0]) if len(options) == 1 else (None, ())
        extras = (*extras, *more)
    if not isinstance(hint, type):
        raise TypeError(f"{check_name}: parameter `{name}` needs the type of one fact, or `*` before it for a setting")
    origin = next((e for e in extras if isinstance(e, Origin)), None)
    return Need(name, hint, origin, optional)


def _setting(check_name: str, parameter: inspect.Parameter, hint: Any) -> Setting:
    if parameter.default is parameter.empty or hint is None:
        raise TypeError(f"{check_name}: setting `{parameter.name}` needs a type and a default")
    kind, extras = _unwrap(hint)
    per_environment = next((e.values for e in extras if isinstance(e, PerEnvironment)), None)
    per_tier = next((e.values for e in extras if isinstance(e, PerTier)), None)
    return Setting(
        name=parameter.name,
        type=kind,
        default=parameter.default,
        about=next((e for e in extras if isinstance(e, str) and not isinstance(e, Enum)), ""),
        stricter=next((e for e in extras if isinstance(e, Stricter)), None),
        per_environment=per_environment,
        per_tier=per_tier,
    )


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        return kind, tuple(extras)
    return hint, ()
