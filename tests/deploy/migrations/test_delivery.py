"""What is refused alike, whatever the database is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from migrations.making import RealClock, settings
from readiness_deploy.migrations.delivery import Delivery
from readiness_deploy.migrations.model import Judgement, Kind, Migration, Row, Statement
from readiness_deploy.ports import Fenced, Unfit


def migration(name: str, kind: Kind = Kind.EXPAND) -> Migration:
    judgement = Judgement(kind=kind, why="nobody knows what it does", todo="say what it is")
    return Migration(
        id=name,
        checksum=f"of {name}",
        file=f"{name}.sql",
        statements=(Statement(text="x", file=f"{name}.sql", line=3, judgement=judgement),),
    )


A, B, C = map(migration, "abc")


def delivery(*migrations: Migration, epoch: int = 5, keeper: str = "k") -> Delivery:
    return Delivery(
        migrations=migrations or (A, B, C),
        settings=settings(),
        keeper=keeper,
        epoch=lambda: epoch,
        run="r",
        clock=RealClock(),
    )


def applied(*migrations: Migration) -> list[Row]:
    return [Row(id=m.id, checksum=m.checksum, phase="expand", epoch=1, run="r") for m in migrations]


def test_what_is_missing_is_due_in_its_turn() -> None:
    assert delivery().due(applied(A), B)
    assert not delivery().due(applied(A, B), A)
    with pytest.raises(Unfit, match=r"c\.sql:1: b comes before it and is not applied"):
        delivery().due(applied(A), C)
    with pytest.raises(Unfit, match=r"a\.sql:1: a was edited after it was applied"):
        delivery().due(applied(replace(A, checksum="another")), B)


def test_what_was_taken_for_applied_and_is_not_was_never_read() -> None:
    with pytest.raises(Unfit, match=r"b\.sql:1: it was taken for applied and was not read: plan again"):
        delivery(A, unread := replace(B, read=False, statements=())).due(applied(A), unread)


def test_what_is_refused_is_not_applied_whoever_asks_for_it() -> None:
    odd = migration("b", Kind.REFUSED)
    assert delivery(A, odd).wanted("a") == A
    with pytest.raises(Unfit, match=r"b\.sql:3: x: nobody knows what it does"):
        delivery(A, odd).wanted("b")


def test_up_to_one_is_all_before_it_and_itself() -> None:
    assert delivery().upto("b") == (A, B)
    for ask in (delivery().upto, delivery().wanted):
        with pytest.raises(Unfit, match="this release has no migration d"):
            ask("d")


def test_whoever_came_later_shuts_out_those_before() -> None:
    assert delivery().fenced([(5,)]) == delivery().fenced([(0,)]) == delivery().fenced([]) == 5
    with pytest.raises(Fenced, match="the database has seen epoch 6 of this keeper, and this process has 5"):
        delivery().fenced([(6,)])


@pytest.mark.parametrize("seen", ["5", None, 4.0, True])
def test_an_epoch_that_is_no_number_is_named(seen: object) -> None:
    with pytest.raises(Unfit, match=r"readiness_epoch: wanted a whole number, found .*by hand: epoch = 5"):
        delivery().fenced([(seen,)])


def test_a_keeper_without_an_id_applies_nothing() -> None:
    with pytest.raises(Unfit, match="the keeper has no id"):
        delivery(keeper="").fenced([])


def test_who_else_may_use_a_database_is_known() -> None:
    theirs, ours = [("other",), ("k",)], [("k",)]
    assert delivery().shared(applied(A), theirs)
    assert not delivery().shared(applied(A), ours)
    assert delivery().shared([Row(id="a", checksum="", phase="expand", run="adopted by r")], ours)
