"""How a judgement is said: the few forms there are, and the worst of many."""

from __future__ import annotations

from readiness_deploy.migrations.model import Judgement, Kind

DECLARE = "have a person answer for it: name the migration under `migrations.declared`"


def expand(*warnings: str) -> Judgement:
    return Judgement(kind=Kind.EXPAND, warnings=warnings)


def contract(why: str) -> Judgement:
    return Judgement(kind=Kind.CONTRACT, why=why, todo="it runs by `readiness migrate --contract`, in a run of its own")


def refused(why: str, todo: str = DECLARE, *, structural: bool = False) -> Judgement:
    return Judgement(kind=Kind.REFUSED, why=why, todo=todo, structural=structural)


def worst(judgements: list[Judgement]) -> Judgement:
    """One judgement of many: the worst kind with its reason, and everybody's warnings."""
    bad = max(judgements, key=lambda j: j.kind.weight)
    warnings = tuple(dict.fromkeys(w for j in judgements for w in j.warnings))
    types = tuple(dict.fromkeys(t for j in judgements for t in j.types))
    return Judgement(
        kind=bad.kind, why=bad.why, todo=bad.todo, warnings=warnings, structural=bad.structural, types=types
    )


def domain(name: str) -> Judgement:
    """A new column of a type that the database has as a domain."""
    return refused(
        f"{name} is a domain: for a rule or a default of it the table is written anew while nobody can use it",
        f"give the column the type that {name} is made of, or {DECLARE}",
    )
