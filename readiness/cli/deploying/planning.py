"""From a version to a plan: its files checked, its release made, its migrations read, what forbids it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from readiness.cli.deploying import candidate, cluster
from readiness.cli.deploying.reaching import unreached
from readiness.cli.deploying.work import new_run, stamp, who

if TYPE_CHECKING:
    from readiness_deploy.migrations import Plan as MigrationPlan
    from readiness_deploy.plan import Judged, Plan
    from readiness_deploy.record import Bake, Intent, Record, Release

    from readiness.cli.deploying.door import Door
    from readiness.cli.deploying.target import Target
    from readiness.cli.deploying.work import Work


def planned(work: Work, door: Door | None, version: str, *, override: str, run_commands: bool) -> Plan:
    """Check the version, make its release, and say what a deploy of it would do. Only the state folder is written to.

    Raises Unmade, Lost.
    """
    target = work.target
    work.telling.note("checking", version=version or target.settings.release.version)
    judged, notes = candidate.judged(target, version, run_commands=run_commands, override=override)
    work.telling.note("checked", **_said(judged), notes=list(notes))
    work.telling.note("releasing", version=version or target.settings.release.version)
    release = work.release = made(work, version)
    work.telling.note("released", release=release.id, version=release.version)
    return plan_of(work, door, release, judged)


def plan_of(work: Work, door: Door | None, release: Release, judged: Judged) -> Plan:
    """The plan for a release that is made. Raises Lost."""
    from readiness_deploy.gates import problems, warnings
    from readiness_deploy.plan import Plan
    from readiness_deploy.record import Record
    from readiness_deploy.states import other

    from readiness.cli.deploying.door import recorded

    target, settings = work.target, work.target.settings
    # Where no keeper runs, what it will serve when it does counts as serving.
    record = door.record() if door else recorded(target) or Record()
    serving, intent = record.serving(), record.intent
    return Plan(
        service=target.environment.service,
        environment=target.environment.name,
        candidate=release,
        colour=other(record.selected),
        serving=serving,
        judged=judged,
        migrations=_migrations(work, release, record),
        before=_gates(settings.gates.before),
        after=_gates(settings.gates.after),
        gate_problems=(*problems(settings), *(cluster.problems(work) if settings.kubernetes else ())),
        gate_warnings=tuple(warnings(settings)),
        bake=bake(target),
        approval=settings.approval,
        keep=settings.keep,
        freeze=record.freeze,
        floor=record.floor,
        lock=_holder(door),
        in_flight=f"run {intent.run} by {intent.by or 'somebody'} ({record.phase.value})" if intent else "",
        unresolved=unreached(target, release, door),
    )


def intent_of(work: Work, plan: Plan) -> Intent:
    """What a run of this plan means to do."""
    from readiness_deploy.record import Intent
    from readiness_deploy.states import Goal

    work.run = work.run or new_run()
    ready, judged = work.target.settings.run.ready, plan.judged
    return Intent(
        run=work.run,
        goal=Goal.DEPLOY,
        release=plan.candidate,
        colour=plan.colour,
        plan=plan.hash,
        by=who(),
        at=stamp(),
        expand=tuple(m.id for m in plan.migrations.expand) if plan.migrations else (),
        approval=plan.approval,
        before=tuple(dict(g) for g in plan.before),
        after=tuple(dict(g) for g in plan.after),
        bake=plan.bake,
        keep=plan.keep,
        ready_within=ready.within,
        min_ready=ready.min_ready,
        verdict=_verdict(judged) if judged else "",
        upon=plan.serving.id if plan.serving else "",
        **told(work.target),
    )


def told(target: Target) -> dict[str, Any]:
    """Who is told of a run, as its intent says it for whoever goes on with it."""
    from readiness_deploy.notify import carried

    wanted = carried(target.settings.notify)
    return {
        "notify": tuple(one.model_dump(by_alias=True, mode="json", exclude_defaults=True) for one in wanted),
        "service": target.environment.service,
        "environment": target.environment.name,
        "root": str(target.environment.root.absolute()),
    }


def made(work: Work, version: str) -> Release:
    """The release of a version: made, or found. Raises Unmade."""
    from readiness_deploy import migrations, releases

    from readiness.config import surroundings

    target = work.target
    if target.settings.kubernetes:
        return cluster.made(target, version)[0]
    said = target.settings.migrations
    return releases.make(
        target.settings,
        target.environment.root,
        version,
        target.state,
        work.telling.note,
        surroundings=surroundings.variables(),
        migrations=(lambda tree: migrations.ids(tree, said)) if said else (lambda _tree: ()),
    )


def bake(target: Target) -> Bake:
    """How long a new release is watched."""
    from readiness_deploy.record import Bake

    said = target.settings.bake
    return Bake(seconds=said.seconds, on_no_data=said.on_no_data, converge=said.converge, identities=said.identities)


def _migrations(work: Work, release: Release, record: Record) -> MigrationPlan | None:
    from readiness_deploy.adapters.machine import SystemClock
    from readiness_deploy.migrations import BadMigrations, Plan
    from readiness_deploy.ports import Unfit

    from readiness.cli.deploying.schema import database

    if not release.details.get("migrations"):
        return None
    try:
        return database(work.target, release, SystemClock()).plan(first=record.selected is None)
    except BadMigrations as fault:
        return Plan(problems=fault.faults)
    except Unfit as fault:
        return Plan(problems=(str(fault),))


def _gates(gates: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(gate.model_dump(by_alias=True, mode="json", exclude_defaults=True) for gate in gates)


def _holder(door: Door | None) -> Any:
    import msgspec
    from readiness_deploy.ports import Holder

    lock = door.look().get("lock") if door else None
    return msgspec.convert(lock, Holder) if lock else None


def _verdict(judged: Judged) -> str:
    return f"{judged.verdict} {judged.digest[:12]}" + (f", overridden: {judged.override}" if judged.override else "")


def _said(judged: Judged) -> dict[str, Any]:
    score = judged.score
    return {
        "verdict": judged.verdict,
        "score": None if score is None else round(score, 2),
        "covered": round(judged.covered, 2),
        "digest": judged.digest,
        "override": judged.override,
        "mark": "ok" if judged.fit or judged.override else "failed",
    }
