"""What is to be applied, in which run, and which histories do not fit together."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrations.making import IDS, THREE, RealClock, settings, written
from readiness_deploy.migrations import Kind, Migration, Row, contract, open_schema, plan, read, refusals
from readiness_deploy.ports import Unfit
from readiness_deploy.record import Release

FOUR = {**THREE, "0004_gone.sql": "DROP TABLE other"}
FIVE = {**FOUR, "0005_more.sql": "ALTER TABLE tally ADD COLUMN more text"}


def known(root: Path, files: dict[str, str]) -> tuple[Migration, ...]:
    return read(written(root, files), settings(), "sqlite")


def rows(migrations: tuple[Migration, ...], *names: str) -> list[Row]:
    by_id = {m.id: m for m in migrations}
    return [
        Row(id=n, checksum=by_id[n].checksum if n in by_id else "?", phase=by_id[n].kind if n in by_id else "data")
        for n in names
    ]


def release(name: str, migrations: tuple[Migration, ...]) -> Release:
    return Release(id=name, version=name, migrations=tuple(m.id for m in migrations))


def test_what_is_new_is_applied_before_the_switch_and_contracts_wait(tmp_path: Path) -> None:
    migrations = known(tmp_path, FOUR)
    made = plan(rows(migrations, IDS[0]), migrations, first=False)
    assert [m.id for m in made.expand] == list(IDS[1:])
    assert [m.id for m in made.contract] == ["0004_gone"]
    assert made.problems == ()
    assert made.as_json()["contract"][0]["statements"][0]["at"] == "sql/0004_gone.sql:1"  # type: ignore[index]


def test_where_nothing_serves_nobody_can_be_broken(tmp_path: Path) -> None:
    migrations = known(tmp_path, FIVE)
    made = plan([], migrations, first=True)
    assert [m.id for m in made.expand] == [m.id for m in migrations]
    assert (made.contract, made.problems) == ((), ())


def test_what_follows_a_waiting_contract_is_refused(tmp_path: Path) -> None:
    migrations = known(tmp_path, FIVE)
    (problem,) = plan(rows(migrations, *IDS), migrations, first=False).problems
    assert problem.startswith("sql/0005_more.sql:1: 0005_more comes after 0004_gone, which waits")


def test_a_refused_migration_is_a_problem_with_its_line(tmp_path: Path) -> None:
    migrations = known(tmp_path, {**THREE, "0004_odd.sql": "\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END"})
    (problem,) = plan(rows(migrations, *IDS), migrations, first=False).problems
    assert problem.startswith("sql/0004_odd.sql:2: CREATE TRIGGER")
    assert "migrations.declared" in problem


def test_a_database_that_is_ahead_is_that_of_a_release_taken_back(tmp_path: Path) -> None:
    ahead = rows(known(tmp_path, FIVE), *IDS, "0004_gone")
    made = plan(ahead, known(tmp_path, THREE), first=False)
    assert (made.expand, made.problems, made.ahead, made.floor) == ((), (), ("0004_gone",), ("0004_gone",))


@pytest.mark.parametrize(
    ("applied", "words"),
    [
        ((IDS[0], IDS[2]), "0002_second comes before 0003_third, which is applied"),
        ((IDS[1], IDS[0]), "applied in another order"),
        ((IDS[0], "0001_strange"), "0002_second is new, and the database has 0001_strange"),
        (
            (IDS[0], "0001_strange", IDS[1], IDS[2]),
            "0001_strange is applied before 0003_third, and this",
        ),
    ],
)
def test_two_histories_are_refused(tmp_path: Path, applied: tuple[str, ...], words: str) -> None:
    migrations = known(tmp_path, THREE)
    assert [p for p in plan(rows(migrations, *applied), migrations, first=False).problems if words in p]


def test_a_half_built_index_is_not_applied_and_may_still_be_edited(tmp_path: Path) -> None:
    migrations = known(tmp_path, THREE)
    half = [*rows(migrations, *IDS[:2]), Row(id=IDS[2], checksum="another", phase="building")]
    assert [m.id for m in plan(half, migrations, first=False).expand] == [IDS[2]]
    assert plan(half, migrations, first=False).problems == ()


def test_a_contract_is_applied_when_every_release_that_stands_knows_it(tmp_path: Path) -> None:
    old, migrations = known(tmp_path, THREE), known(tmp_path, FIVE)
    made = open_schema(
        f"sqlite:///{tmp_path}/app.db", migrations, settings(), keeper="k", epoch=lambda: 1, run="r", clock=RealClock()
    )
    for migration in IDS:
        made.apply(migration)
    for standing, words in (
        ([], "nothing serves"),
        ([release("r1", old)], "release r1 .* does not know 0004_gone, and it serves"),
        ([release("r2", migrations), release("r1", old)], "r1 .* stands by: retire it first"),
    ):
        with pytest.raises(Unfit, match=words):
            contract(made, migrations, standing)
        assert made.observe().applied == IDS
    assert contract(made, migrations, [release("r2", migrations)]) == ("0004_gone", "0005_more")
    assert made.observe().floor == ("0004_gone",)
    assert refusals(made.rows(), migrations, [release("r2", migrations)]) == ()
    assert contract(made, migrations, [release("r2", migrations)]) == ()


def test_kinds_are_ordered() -> None:
    assert sorted(Kind, key=lambda k: -k.weight) == [Kind.REFUSED, Kind.CONTRACT, Kind.DATA, Kind.EXPAND]
