"""What a deploy would do, what forbids it, and the hash that an approval binds to. Pure: nothing is read or written.

The hash is over what somebody agrees to: what serves and what comes, the verdict, the migrations with their checksums,
gates, bake and approval. Neither times nor who holds the lock take part: the same plan made again has the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model import Verdict as Readiness
from readiness_deploy.migrations.model import Kind
from readiness_deploy.migrations.model import Plan as MigrationPlan
from readiness_deploy.ports import Holder
from readiness_deploy.record import Bake, Freeze, Release
from readiness_deploy.states import Colour

_FIT = (Readiness.READY.value, Readiness.READY_WITH_WAIVERS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What forbids the deploy. `code` is one word for programs; `text` says what is so, `todo` what would help."""

    code: str
    text: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the readiness gate says of the candidate. `digest` is of all outcomes, `tree` of the files it looked at,
    `summary` the worst findings as sentences. `override` is the reason for which a person ships it nevertheless."""

    verdict: str
    score: float | None = None
    covered: float = 0.0
    digest: str = ""
    tree: str = ""
    reasons: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    override: str = ""

    @property
    def fit(self) -> bool:
        return self.verdict in _FIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Whether both releases have room beside each other, in words."""

    enough: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One deploy before it begins. `serving` and `colour` are what serves and the slot that the candidate would get.

    `gate_problems` are sentences about settings that cannot work, `gate_warnings` about such as see too late, and
    `unresolved` the references that lead nowhere where they will be followed. A plan without refusals may begin.
    """

    service: str
    environment: str
    candidate: Release
    colour: Colour
    serving: Release | None = None
    judged: Judged | None = None
    migrations: MigrationPlan | None = None
    before: tuple[Mapping[str, Any], ...] = ()
    after: tuple[Mapping[str, Any], ...] = ()
    gate_problems: tuple[str, ...] = ()
    gate_warnings: tuple[str, ...] = ()
    bake: Bake = field(default_factory=Bake)
    approval: str = "none"
    keep: float = 0.0
    freeze: Freeze | None = None
    floor: tuple[str, ...] = ()
    lock: Holder | None = None
    in_flight: str = ""
    capacity: Capacity | None = None
    unresolved: tuple[Refusal, ...] = ()

    @property
    def nothing_to_do(self) -> bool:
        """Whether the candidate serves already, and the schema is as it wants it."""
        same = self.serving is not None and self.serving.id == self.candidate.id
        return same and not (self.migrations and self.migrations.expand)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that forbids it, at once. Empty where it may begin."""
        return tuple(refusal for rule in _RULES for refusal in rule(self))

    @property
    def hash(self) -> str:
        """SHA-256 in hexadecimal of what an approval binds to."""
        return hashlib.sha256(json.dumps(_bound(self), sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _readiness(plan: Plan) -> Iterator[Refusal]:
    judged = plan.judged
    if judged is None:
        yield Refusal(code="unchecked", text="nobody has said whether the candidate is ready", todo="run the check")
        return
    if not judged.fit and not judged.override:
        why = f": {judged.reasons[0]}" if judged.reasons else ""
        todo = "mend it, or ship it nevertheless with --override-readiness REASON, which is recorded"
        yield Refusal(code="readiness", text=f"the candidate is {judged.verdict}{why}", todo=todo)
    tree = plan.candidate.details.get("digest", "")
    if judged.tree and tree and judged.tree != tree:
        text = "the verdict is about other files than those of the release: they changed in between"
        todo = "see that nothing writes into the source meanwhile (the output of this command?), and deploy again"
        yield Refusal(code="other-candidate", text=text, todo=todo)


def _frozen(plan: Plan) -> Iterator[Refusal]:
    if plan.freeze:
        text = f"releases are frozen since {plan.freeze.since} by {plan.freeze.owner}: {plan.freeze.reason}"
        yield Refusal(code="frozen", text=text, todo="wait, or `readiness unfreeze` with its owner; a rollback is free")


def _floored(plan: Plan) -> Iterator[Refusal]:
    floor = [*plan.floor, *(plan.migrations.floor if plan.migrations else ())]
    lacking = sorted(set(floor) - set(plan.candidate.migrations))
    if lacking:
        text = f"the database has the contract migration {lacking[-1]}, which the candidate does not know"
        yield Refusal(code="floor", text=text, todo="deploy a version that has it: this one cannot run on that schema")


def _migrations(plan: Plan) -> Iterator[Refusal]:
    if not plan.migrations:
        return
    for problem in plan.migrations.problems:
        yield Refusal(code="migrations", text=problem)
    said = "\n".join(plan.migrations.problems)
    for migration in plan.migrations.expand:
        # Where nothing serves, there is nobody whom a contract could break.
        forbidden = {Kind.REFUSED} | ({Kind.CONTRACT} if plan.serving else set())
        if migration.kind in forbidden and migration.file not in said:
            kind = migration.kind.value
            text = f"{migration.file}: {migration.id} is {kind}, and would run while the old version serves"
            todo = "split it: expand first, and contract in a run of its own once the old version is gone"
            yield Refusal(code="migrations", text=text, todo=todo)


def _gates(plan: Plan) -> Iterator[Refusal]:
    for problem in plan.gate_problems:
        yield Refusal(code="gates", text=problem, todo="mend `deploy.gates`")


def _references(plan: Plan) -> Iterator[Refusal]:
    yield from plan.unresolved


def _capacity(plan: Plan) -> Iterator[Refusal]:
    if plan.capacity and not plan.capacity.enough:
        yield Refusal(code="capacity", text=plan.capacity.text, todo="make room for two releases beside each other")


_RULES = (_readiness, _frozen, _floored, _migrations, _gates, _references, _capacity)


def _bound(plan: Plan) -> list[object]:
    judged = plan.judged
    return [
        [plan.service, plan.environment, plan.candidate.id, plan.candidate.details.get("seal", "")],
        [plan.serving.id if plan.serving else "", list(plan.floor)],
        [judged.verdict, judged.digest, judged.override] if judged else [],
        [plan.migrations.digest_of(), list(plan.migrations.applied), list(plan.migrations.floor)]
        if plan.migrations
        else [],
        [[dict(g) for g in plan.before], [dict(g) for g in plan.after]],
        [plan.bake.seconds, plan.bake.on_no_data, plan.bake.converge, plan.bake.identities],
        [plan.approval, plan.keep, plan.candidate.data_unsafe],
    ]
