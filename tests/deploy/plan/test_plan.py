"""What forbids a deploy, and what an approval binds to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from readiness_deploy.migrations.model import Judgement, Kind, Migration, Statement
from readiness_deploy.migrations.model import Plan as MigrationPlan
from readiness_deploy.plan import Capacity, Judged, Plan, Refusal
from readiness_deploy.plan_text import as_json, lines
from readiness_deploy.ports import Holder
from readiness_deploy.record import Bake, Freeze, Release

READY = Judged(verdict="READY", score=97.0, covered=100.0, digest="d1", tree="t1")
NEW = Release(id="v2-000000000002", version="v2", migrations=("0001", "0002"), details={"digest": "t1", "seal": "s"})
OLD = Release(id="v1-000000000001", version="v1", migrations=("0001",))
LOCK = Holder(by="me", host="h", pid=1, run="r", since="now")
FREEZE = Freeze(reason="Black Friday", owner="ann", since="2026-11-20")


def migration(name: str, kind: Kind, checksum: str = "c") -> Migration:
    statement = Statement(text="x", file=f"{name}.sql", line=1, judgement=Judgement(kind=kind))
    return Migration(id=name, checksum=checksum, file=f"{name}.sql", statements=(statement,))


EXPAND = MigrationPlan(applied=("0001",), expand=(migration("0002", Kind.EXPAND),))


def plan(**changes: Any) -> Plan:
    base = Plan(
        service="shop", environment="production", candidate=NEW, colour="green", serving=OLD, judged=READY,
        migrations=EXPAND, before=({"name": "smoke", "http": {"path": "/"}},), after=({"name": "errors"},),
        bake=Bake(seconds=60), keep=600, floor=("0001",),
    )  # fmt: skip
    return replace(base, **changes)


def test_a_good_plan_has_no_refusal() -> None:
    assert plan().refusals == ()
    assert not plan().nothing_to_do


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"judged": None}, "unchecked", "nobody"),
        ({"judged": replace(READY, verdict="NOT READY", reasons=("one critical finding",))}, "readiness", "critical"),
        ({"judged": replace(READY, verdict="INCOMPLETE")}, "readiness", "INCOMPLETE"),
        ({"judged": replace(READY, verdict="whatever")}, "readiness", "whatever"),
        ({"judged": replace(READY, tree="t2")}, "other-candidate", "other files"),
        ({"freeze": FREEZE}, "frozen", "ann: Black Friday"),
        ({"floor": ("0001", "0003")}, "floor", "0003"),
        ({"migrations": replace(EXPAND, floor=("0009",))}, "floor", "0009"),
        ({"migrations": replace(EXPAND, problems=("a.sql:3: no",))}, "migrations", "a.sql:3: no"),
        ({"migrations": MigrationPlan(expand=(migration("0002", Kind.CONTRACT),))}, "migrations", "0002 is contract"),
        ({"migrations": MigrationPlan(expand=(migration("0002", Kind.REFUSED),))}, "migrations", "0002 is refused"),
        ({"gate_problems": ("gate x: no",)}, "gates", "gate x"),
        ({"unresolved": (Refusal(code="references", text="DB is to come from X"),)}, "references", "DB is to come"),
        ({"capacity": Capacity(enough=False, text="1 GiB free, 2 GiB wanted")}, "capacity", "1 GiB"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], code: str, text: str) -> None:
    (refusal,) = plan(**changes).refusals
    assert refusal.code == code
    assert text in refusal.text
    assert any(line.startswith("  REFUSED") and text in line for line in lines(plan(**changes)))


def test_all_refusals_are_told_at_once() -> None:
    bad = plan(judged=None, freeze=FREEZE, floor=("0005",))
    assert [r.code for r in bad.refusals] == ["unchecked", "frozen", "floor"]


def test_an_override_with_a_reason_lets_an_unready_candidate_through_and_nothing_else() -> None:
    overridden = replace(READY, verdict="NOT READY", override="the fix for the outage")
    assert plan(judged=overridden).refusals == ()
    assert [r.code for r in plan(judged=overridden, freeze=FREEZE).refusals] == ["frozen"]
    assert any("overridden: the fix" in line for line in lines(plan(judged=overridden)))


@pytest.mark.parametrize("verdict", ["READY", "READY WITH WAIVERS"])
def test_a_ready_candidate_passes(verdict: str) -> None:
    assert plan(judged=replace(READY, verdict=verdict)).refusals == ()


def test_where_nothing_serves_a_contract_breaks_nobody() -> None:
    first = MigrationPlan(expand=(migration("0002", Kind.CONTRACT),))
    assert plan(serving=None, migrations=first).refusals == ()
    assert any("nothing: a first deploy" in line for line in lines(plan(serving=None)))


def test_a_warning_is_shown_and_forbids_nothing() -> None:
    warned = plan(gate_warnings=("gate x: late",))
    assert warned.refusals == ()
    assert warned.hash == plan().hash
    assert any("gate x: late" in line for line in lines(warned))
    assert as_json(warned)["warnings"] == ["gate x: late"]


def test_the_same_release_with_nothing_to_migrate_is_nothing_to_do() -> None:
    assert plan(serving=NEW, migrations=MigrationPlan(applied=("0001", "0002"))).nothing_to_do
    assert plan(serving=NEW, migrations=None).nothing_to_do
    assert not plan(serving=NEW).nothing_to_do


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "other"},
        {"environment": "staging"},
        {"candidate": replace(NEW, id="v2-000000000003")},
        {"candidate": replace(NEW, details={**NEW.details, "seal": "other"})},
        {"candidate": replace(NEW, data_unsafe=True)},
        {"serving": None},
        {"serving": replace(OLD, id="v0-000000000000")},
        {"judged": replace(READY, verdict="READY WITH WAIVERS")},
        {"judged": replace(READY, digest="d2")},
        {"judged": replace(READY, override="because")},
        {"migrations": None},
        {"migrations": replace(EXPAND, applied=())},
        {"migrations": replace(EXPAND, floor=("0001",))},
        {"migrations": replace(EXPAND, expand=(migration("0002", Kind.EXPAND, "edited"),))},
        {"migrations": replace(EXPAND, expand=(migration("0002", Kind.DATA),))},
        {"migrations": replace(EXPAND, contract=(migration("0003", Kind.CONTRACT),))},
        {"before": ()},
        {"after": ({"name": "errors", "interval": 2},)},
        {"bake": Bake(seconds=61)},
        {"bake": Bake(seconds=60, on_no_data="hold")},
        {"approval": "required"},
        {"keep": 1.0},
        {"floor": ()},
    ],
)
def test_an_approval_binds_to_everything_that_is_agreed_to(changes: dict[str, Any]) -> None:
    assert plan(**changes).hash != plan().hash


@pytest.mark.parametrize(
    "changes",
    [
        {"lock": LOCK},
        {"freeze": FREEZE},
        {"capacity": Capacity(enough=True, text="3 GiB free")},
        {"in_flight": "run r"},
        {"colour": "blue"},
        {"before": ({"http": {"path": "/"}, "name": "smoke"},)},
    ],
)
def test_and_to_nothing_that_changes_by_itself(changes: dict[str, Any]) -> None:
    assert plan(**changes).hash == plan().hash


def test_the_text_and_the_document_say_the_same() -> None:
    whole = plan(approval="required", lock=LOCK, in_flight="run r is baking", capacity=Capacity(enough=True, text="ok"))
    document = json.loads(json.dumps(as_json(whole)))
    text = "\n".join(lines(whole))
    assert document["hash"] == whole.hash
    assert whole.hash[:12] in text
    assert document["candidate"]["id"] == NEW.id
    assert document["serving"]["id"] == OLD.id
    assert document["lock"]["pid"] == 1
    assert document["bake"]["seconds"] == 60
    assert document["migrations"]["expand"][0]["id"] == "0002"
    for said in (
        NEW.id,
        OLD.id,
        "READY, score 97",
        "0002: expand",
        "smoke",
        "errors",
        "promote --plan",
        "run r is baking",
    ):
        assert said in text
