"""A plan for those who read it: people, and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from readiness_deploy.plan import Judged, Plan
from readiness_deploy.record import Release

SHORT = 12


def as_json(plan: Plan) -> dict[str, object]:
    """The plan as JSON values."""
    candidate, judged, room = plan.candidate, plan.judged, plan.capacity
    return {
        "service": plan.service,
        "environment": plan.environment,
        "hash": plan.hash,
        "nothing_to_do": plan.nothing_to_do,
        "refusals": [{"code": r.code, "text": r.text, "todo": r.todo} for r in plan.refusals],
        "serving": _release(plan.serving) if plan.serving else None,
        "candidate": {**_release(candidate), "digest": candidate.details.get("digest", ""), "colour": plan.colour},
        "readiness": _judged(judged) if judged else None,
        "migrations": plan.migrations.as_json() if plan.migrations else None,
        "gates": {"before": [dict(g) for g in plan.before], "after": [dict(g) for g in plan.after]},
        "warnings": list(plan.gate_warnings),
        "bake": msgspec.to_builtins(plan.bake),
        "approval": plan.approval,
        "keep": plan.keep,
        "freeze": msgspec.to_builtins(plan.freeze),
        "floor": list(plan.floor),
        "lock": msgspec.to_builtins(plan.lock),
        "in_flight": plan.in_flight,
        "capacity": {"enough": room.enough, "text": room.text} if room else None,
    }


def _judged(judged: Judged) -> dict[str, object]:
    return {
        "verdict": judged.verdict,
        "score": judged.score,
        "covered": judged.covered,
        "digest": judged.digest,
        "reasons": list(judged.reasons),
        "findings": list(judged.summary),
        "override": judged.override,
    }


def _release(release: Release) -> dict[str, object]:
    return {"id": release.id, "version": release.version, "migrations": len(release.migrations)}


def lines(plan: Plan) -> Iterator[str]:
    """The plan as text, for a person."""
    yield f"{plan.service} · {plan.environment}   plan {plan.hash[:SHORT]}"
    serving = plan.serving
    yield f"  serves now   {serving.version} ({serving.id})" if serving else "  serves now   nothing: a first deploy"
    yield f"  candidate    {plan.candidate.version} ({plan.candidate.id}), into {plan.colour}"
    yield from _verdict_lines(plan)
    yield from _migration_lines(plan)
    yield f"  gates        before the switch: {_named(plan.before)}; after it: {_named(plan.after)}"
    for warning in plan.gate_warnings:
        yield f"  {'':12} {warning}"
    yield f"  bake         {_bake(plan)}"
    if plan.approval == "required":
        yield f"  approval     a person has to agree: readiness promote --plan {plan.hash[:SHORT]}"
    if plan.capacity:
        yield f"  room         {plan.capacity.text}"
    if plan.lock:
        yield f"  lock         {plan.lock.by} on {plan.lock.host} (process {plan.lock.pid}) since {plan.lock.since}"
    if plan.in_flight:
        yield f"  in flight    {plan.in_flight}: it is settled first"
    if plan.nothing_to_do:
        yield "  nothing to do: this release serves already"
    for refusal in plan.refusals:
        yield f"  REFUSED      {refusal.text}"
        if refusal.todo:
            yield f"               {refusal.todo}"


def _bake(plan: Plan) -> str:
    watched = f"{plan.bake.seconds:g} s"
    if plan.serving is None:
        return f"{watched}; a first deploy has nothing to go back to: a gate that fails, or gets no data, holds it"
    unsafe = "never taken back by itself" if plan.candidate.data_unsafe else f"no data: {plan.bake.on_no_data}"
    return f"{watched}, {unsafe}; then the old release stays warm for {plan.keep:g} s"


def _verdict_lines(plan: Plan) -> Iterator[str]:
    judged = plan.judged
    if not judged:
        yield "  readiness    not examined"
        return
    score = "no score" if judged.score is None else f"score {int(judged.score + 1e-9)}"  # 79.9 is not 80
    yield f"  readiness    {judged.verdict}, {score}, {int(judged.covered + 1e-9)} % covered"
    for finding in judged.summary if not judged.fit else ():
        yield f"               {finding}"
    if judged.override:
        yield f"               overridden: {judged.override}"


def _migration_lines(plan: Plan) -> Iterator[str]:
    found = plan.migrations
    if not found:
        return
    if not found.expand and not found.contract:
        yield f"  migrations   none to apply, {len(found.applied)} applied"
    for number, migration in enumerate(found.expand):
        head = "migrations" if not number else ""
        yield f"  {head:12} {migration.id}: {migration.kind.value}, before the switch"
    for number, migration in enumerate(found.contract):
        head = "" if number or found.expand else "migrations"
        yield f"  {head:<12} {migration.id}: contract, waits for `readiness migrate --contract`"
    for warning in found.lint:
        yield f"  {'':12} {warning}"
    if found.ahead:
        yield f"  {'':12} the database has {len(found.ahead)} that this version does not know"


def _named(gates: tuple[Mapping[str, Any], ...]) -> str:
    return ", ".join(str(gate.get("name", "?")) for gate in gates) or "none"
