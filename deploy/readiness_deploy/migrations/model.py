"""The words of migrations: what kind a statement is, what a migration holds, what the ledger says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from readiness_deploy.ports import Unfit

Dialect = Literal["postgres", "sqlite"]


_SECRET = re.compile(r"passw|pwd|secret|token|credential|api_?key|://", re.I)
# A comment, a name in quotes, or a text, also one that does not end: what looks like a quote in one is none in another.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<name>"[^"]*")"""
    r"""|\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)|'[^']*(?:'|\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)""",
    re.S,
)


def _masked(token: re.Match[str]) -> str:
    if token["comment"]:
        return " "
    return token["name"] or "'…'"


class Kind(StrEnum):
    """What a statement does to the version that serves while it runs.

    `expand`: the old version does not notice. `data`: rows change, the shape does not. `contract`: the old version may
    break, so it runs in a later run of its own. `refused`: it cannot be told, or it must not run here.
    """

    EXPAND = "expand"
    DATA = "data"
    CONTRACT = "contract"
    REFUSED = "refused"

    @property
    def weight(self) -> int:
        """How bad it is; the worst statement gives a migration its kind."""
        return list(Kind).index(self)


class BadMigrations(Unfit):
    """Migrations that cannot be read. `faults` are sentences that begin with file:line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is said of one statement. `why` and `todo` are for a person; `warnings` do not change its kind.

    `structural` marks what no declaration lifts, because it would break the frame that a migration is run in. `types`
    are those that new columns have and only the server knows: it is asked, and a domain among them is refused.
    """

    kind: Kind
    why: str = ""
    todo: str = ""
    warnings: tuple[str, ...] = ()
    structural: bool = False
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The index that a statement builds or drops beside other work (CONCURRENTLY), as the catalogue knows it."""

    name: str
    table: str = ""
    drop: bool = False
    tolerant: bool = False  # IF NOT EXISTS, IF EXISTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: its text without the semicolon, and where it begins (`line` from 1)."""

    text: str
    file: str
    line: int
    judgement: Judgement
    index: Index | None = None  # set: it runs outside of a transaction
    bookkeeping: bool = False  # it keeps Alembic's own table: exactly one row has to change

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def brief(self) -> str:
        """The statement on one line, bounded. Where it speaks of a secret, its texts are left out."""
        text = _TOKEN.sub(_masked, self.text) if _SECRET.search(self.text) else self.text
        words = " ".join(text.split())
        return words if len(words) <= 100 else words[:99] + "…"

    def refusal(self, judgement: Judgement) -> str:
        """Why it is refused, as a sentence with file:line and what to do."""
        return f"{self.place}: {self.brief}: {judgement.why}; {judgement.todo}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """A query that must return one true value, or the migration is not applied."""

    text: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema. `checksum` is that of its source; `read` is false where only its id was wanted."""

    id: str
    checksum: str
    file: str
    statements: tuple[Statement, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    declared: Kind | None = None
    read: bool = True

    @property
    def kind(self) -> Kind:
        """The worst of its statements, unless a person answers for another; what is structural stays refused."""
        if any(s.judgement.structural for s in self.statements):
            return Kind.REFUSED
        if self.declared is not None:
            return self.declared
        return max((s.judgement.kind for s in self.statements), key=lambda k: k.weight, default=Kind.EXPAND)

    @property
    def outside(self) -> bool:
        """Whether it has statements that cannot run in a transaction."""
        return any(s.index for s in self.statements)

    def refusals(self) -> tuple[str, ...]:
        """Why it is refused, a sentence for each statement, with file:line and what to do. Empty where it is not."""
        if self.kind is not Kind.REFUSED:
            return ()
        bad = [s for s in self.statements if s.judgement.kind is Kind.REFUSED]
        return tuple(s.refusal(s.judgement) for s in bad if s.judgement.structural or not self.declared)

    @property
    def types(self) -> tuple[str, ...]:
        """The types that must be no domains; none where a person answers for the migration."""
        return () if self.declared else tuple(t for s in self.statements for t in s.judgement.types)


BUILDING = "building"
"""The phase of a ledger row whose migration runs outside of a transaction and is not known to have ended."""


ADOPTED = "adopted by "
"""How the run begins in a ledger row of a migration that was applied by other means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the ledger."""

    id: str
    checksum: str
    phase: str
    applied_at: str = ""
    run: str = ""
    epoch: int = 0
    seconds: float = 0.0

    @property
    def applied(self) -> bool:
        return self.phase != BUILDING

    @property
    def adopted(self) -> bool:
        """Whether it was applied by other means, and only taken for applied."""
        return self.run.startswith(ADOPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do to the schema.

    `expand` are the ids to apply before the switch, in order; `contract` those that wait for a run of their own;
    `problems` say why nothing may be applied at all. `ahead` are ids that the database has and the release does not.
    """

    applied: tuple[str, ...] = ()
    floor: tuple[str, ...] = ()
    expand: tuple[Migration, ...] = ()
    contract: tuple[Migration, ...] = ()
    ahead: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    lint: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """The plan as JSON values, with each statement's kind and place."""
        return {
            "applied": list(self.applied),
            "floor": list(self.floor),
            "ahead": list(self.ahead),
            "expand": [described(m) for m in self.expand],
            "contract": [described(m) for m in self.contract],
            "problems": list(self.problems),
            "lint": list(self.lint),
        }

    def digest_of(self) -> str:
        """A text that differs when what would be done differs; for the hash that an approval binds to."""
        return json.dumps([[m.id, m.checksum, m.kind] for m in (*self.expand, *self.contract)])


def described(migration: Migration) -> dict[str, object]:
    """A migration as JSON values."""
    return {
        "id": migration.id,
        "kind": str(migration.kind),
        "declared": bool(migration.declared),
        "checksum": migration.checksum,
        "file": migration.file,
        "preconditions": [p.text for p in migration.preconditions],
        "statements": [
            {
                "at": s.place,
                "kind": str(s.judgement.kind),
                "sql": s.brief,
                "why": s.judgement.why,
                "todo": s.judgement.todo,
                "warnings": list(s.judgement.warnings),
            }
            for s in migration.statements
        ],
    }
