"""Knowledge that needs a library: judged elsewhere, asked for by type like any other fact."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

from readiness.facts.objects import Resource
from readiness.model import Route


class SchemaFault(NamedTuple):
    """One place where an object does not fit its schema."""

    route: Route
    message: str


class _Validator(Protocol):
    def __call__(self, resource: Resource, version: str) -> tuple[SchemaFault, ...] | None: ...


class _Parser(Protocol):
    def __call__(self, expression: str) -> Expression | str: ...


class Selector(NamedTuple):
    """One metric that an expression reads. `matchers` are label, operator and value; without a `name` only they choose.

    `function` is the innermost call around it, `seconds` the range it is given there (0: none).
    """

    name: str
    matchers: tuple[tuple[str, str, str], ...] = ()
    function: str = ""
    seconds: float = 0.0


class Expression(NamedTuple):
    """A parsed PromQL expression: what it reads, and the functions, aggregations and set operators in it."""

    selectors: tuple[Selector, ...]
    functions: frozenset[str] = frozenset()

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.name for s in self.selectors if s.name))

    @property
    def matchers(self) -> tuple[tuple[str, str, str], ...]:
        return tuple(dict.fromkeys(m for s in self.selectors for m in s.matchers))


class Schemas:
    """The schemas of Kubernetes' own kinds, by version."""

    root: ClassVar[bool] = True

    def __init__(self, validate: _Validator, versions: tuple[str, ...]) -> None:
        self._validate = validate
        self.versions = versions

    def faults(self, resource: Resource, version: str = "") -> tuple[SchemaFault, ...] | None:
        """Where `resource` does not fit its schema in that version (`1.34`; empty: the newest known).

        A version without schemas stands for the nearest older one, or the oldest. None where there is no schema for the
        object's kind: that is no verdict.
        """
        return self._validate(resource, version)


class PromQL:
    """The query language of Prometheus."""

    root: ClassVar[bool] = True

    def __init__(self, parse: _Parser) -> None:
        self._parse = parse

    def read(self, expression: str) -> Expression | str:
        """The parts of `expression`, or what is wrong with it."""
        return self._parse(expression)
