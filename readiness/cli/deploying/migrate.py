"""`readiness migrate`: migrations in a run of their own: expand ones ahead of a deploy, contract ones after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from readiness.cli.deploying import candidate
from readiness.cli.deploying import target as targets
from readiness.cli.deploying.door import Door, opened
from readiness.cli.deploying.ending import Ending
from readiness.cli.deploying.work import Work, finished, holder, new_run, working
from readiness.cli.exits import Exit
from readiness.report.text import plain

if TYPE_CHECKING:
    from readiness_deploy.migrations import Migration, Row
    from readiness_deploy.record import Record, Release

    from readiness.cli.deploying.schema import Database

_PROBES = 3
_PROVE_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted of the migrations: those of the release that serves with `contract`, of `version` otherwise, or
    only the word that those up to `adopt` are applied."""

    version: str
    contract: bool
    adopt: str
    plan_only: bool
    yes: bool

    @property
    def question(self) -> str:
        return "Take {} for applied?" if self.adopt else "Apply {} to the database?"

    @property
    def words(self) -> tuple[str, ...]:
        """The flags that say so again."""
        named = (("--adopt", self.adopt), ("--version", self.version))
        return (*(("--contract",) if self.contract else ()), *(word for pair in named if pair[1] for word in pair))


@click.command(name="migrate")
@targets.options
@click.option(
    "--contract", is_flag=True, help="Apply contract migrations of the release that serves; no way back after."
)
@click.option(
    "--adopt", metavar="ID", default="", help="Apply nothing: those up to this one were applied by other means."
)
@click.option("--version", "version", metavar="V", default="", help="Whose expand migrations.  [what the settings say]")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be applied, and what forbids it.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--take-over", metavar="REASON", default="", help="Take the lock from whoever holds it.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    contract: bool, adopt: str, version: str, plan_only: bool, yes: bool, take_over: str, format_: str, **flags: object
) -> int:
    """Apply migrations without a deploy.

    Without --contract: the expand migrations of a version, which the release that serves then proves itself on. With
    it: those of the release that serves which break older ones. They raise the rollback floor, which lies in the
    database: no release that does not know them is deployed, or gone back to, any more. With --adopt: a database
    that has its tables already, by hand or by another tool, is taken as it is.

    Exit codes: 0 applied or nothing to do, 4 failed (what was applied before stays), 6 the release that serves is not
    ready afterwards, 7 refused, 75 busy.
    """
    from readiness.cli.deploying.deploy import somebody

    target = targets.chosen(flags)
    if target.settings.migrations is None:
        raise targets.NoTarget(f"{target.name} has no database in its settings: write `deploy.migrations`")
    if contract and (version or adopt):
        raise click.UsageError("--contract is about the release that serves; --version and --adopt are about another")
    if not (plan_only or yes or somebody()):
        raise targets.NoTarget("nobody is here to ask: --yes applies without asking, --plan shows what would happen")
    if not contract:
        candidate.named(target, version)
    wish = _Wish(version, contract, adopt, plan_only, yes)
    with working("migrate", target, format_, take_over=take_over, again=wish.words) as work:
        work.voice.works = not plan_only
        return finished(work, lambda: _migrated(work, wish))


def _migrated(work: Work, wish: _Wish) -> Ending:
    from readiness.cli.deploying.planning import made
    from readiness.cli.deploying.schema import database

    work.run = new_run()
    work.target.refuse_others()
    with opened(work.target) as door:
        record = door.shown()
        release = _serving(record) if wish.contract else made(work, wish.version)
        work.release = release
        known = database(work.target, release, door.clock)
        pending, problems = _pending(known, record, wish)
        _show(work, pending, problems)
        if problems:
            return work.ended("refused", Exit.REFUSED, "; ".join(problems), record)
        if not pending:
            return work.ended("nothing to do", Exit.OK, "all of them are applied", record)
        if wish.plan_only:
            return work.ended("planned", Exit.OK, "", record, meant="Nothing was changed.")
        if not wish.yes and not click.confirm(wish.question.format(len(pending)), default=False, err=True):
            return work.ended("aborted", Exit.ABORTED, "nobody agreed", record, meant="Nothing was changed.")
        return _applied(work, door, release, wish)


def _applied(work: Work, door: Door, release: Release, wish: _Wish) -> Ending:
    """Under the lock and its epoch, which the database checks too."""
    from readiness_deploy.ports import Lost, Patience, Unfit

    from readiness.cli.deploying.schema import database

    epoch = door.lock(holder(work.run), work.take_over)
    try:
        work.signals.walk()
        record = door.shown()
        if record.intent is not None:
            return work.ended("refused", Exit.REFUSED, "a run is in flight", record, next=work.target.command("status"))
        known = database(
            work.target, release, door.clock, epoch=lambda: epoch, run=work.run, stopped=work.signals.pending
        )
        pending, problems = _pending(known, record, wish)
        if problems:
            return work.ended("refused", Exit.REFUSED, "; ".join(problems), record)
        if wish.adopt:
            known.schema.adopt(wish.adopt)
            door.raise_floor(known.schema.observe().floor)
            work.telling.note("adopted", migrations=[migration.id for migration in pending])
            pending = ()
        for migration in pending:
            if stopped := work.signals.pending():
                return work.ended(
                    "aborted", Exit.ABORTED, stopped, record, next=work.target.command("migrate", *wish.words)
                )
            work.telling.note("migrating", migration=migration.id)
            known.schema.apply(migration.id)
            door.raise_floor(known.schema.observe().floor)  # at once: the next one may fail, and this one stays
            work.telling.note("migrated", migration=migration.id)
        return _proven(work, door)
    except (Unfit, Patience, Lost) as fault:
        todo = work.target.command("migrate", *wish.words)
        return work.ended("aborted", Exit.ABORTED, str(fault), door.shown(), next=todo, meaning="when it is mended")
    finally:
        door.unlock()


def _proven(work: Work, door: Door) -> Ending:
    """The release that serves proves itself on the new schema."""
    record = door.shown()
    if record.selected is None:
        return work.ended("migrated", Exit.OK, "", record)
    before = _view(door, record)["probes"]
    deadline = door.clock.now() + _PROVE_WITHIN
    while door.clock.now() < deadline:
        view = _view(door, record)
        if view["standing"] != "ready":
            break
        if view["probes"] >= before + _PROBES and view["streak"] >= _PROBES:
            return work.ended("migrated", Exit.OK, "", record)
        door.clock.sleep(0.05)
    why = f"the release that serves is {view['standing']} on the new schema"
    return work.ended("held", Exit.HELD, why, record, next=work.target.command("status"))


def _view(door: Door, record: Record) -> dict[str, Any]:
    return dict(door.look()["colours"][record.selected])


def _pending(known: Database, record: Record, wish: _Wish) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """What would be applied, or taken for it, in order, and why it may not be."""
    from readiness_deploy import migrations

    rows = known.schema.rows()
    if wish.adopt:
        return _adopted(known, rows, wish.adopt)
    if not wish.contract:
        plan = known.plan(first=record.selected is None)
        return plan.expand, plan.problems
    by = record.slots.get(record.previous) if record.previous else None
    standing = [release for release in (record.serving(), by) if release]
    pending = migrations.pending(rows, known.migrations)
    domains = migrations.domains(known.schema, rows, known.migrations)
    return pending, migrations.refusals(rows, known.migrations, standing, domains) if pending else ()


def _adopted(known: Database, rows: tuple[Row, ...], upto: str) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    from readiness_deploy import migrations

    ids = [migration.id for migration in known.migrations]
    if upto not in ids:
        has = ", ".join(ids) or "it has none"
        return (), (f"--adopt: wanted the id of a migration of this release ({has}), found {upto}",)
    taken = known.migrations[: ids.index(upto) + 1]
    return migrations.pending(rows, taken), tuple(migrations.differences(rows, known.migrations))


def _show(work: Work, pending: tuple[Migration, ...], problems: tuple[str, ...]) -> None:
    from readiness_deploy import migrations

    work.telling.note("planned", migrations=[migrations.described(m) for m in pending], problems=list(problems))
    lines = []
    for migration in pending:
        lines.append(f"  {migration.id}: {migration.kind.value}")
        for statement in migration.statements:
            lines.append(f"    {statement.place}  {statement.judgement.kind.value}  {statement.brief}")
            lines += [f"      note: {warning}" for warning in statement.judgement.warnings]
    lines += [f"  REFUSED  {problem}" for problem in problems]
    work.telling.show(map(plain, lines) if lines else ["  nothing to apply"])


def _serving(record: Record) -> Release:
    from readiness_deploy.requests import Refused

    release = record.serving()
    if release is None:
        raise Refused("nothing serves: deploy a release first; it brings its migrations with it")
    return release
