"""Migrations as a person uses them: before the switch, on their own, and the way back that a contract closes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli.shop import Shop

CREATE = "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, old TEXT);\n"
ADD = "ALTER TABLE orders ADD COLUMN paid INTEGER;\n"
DROP = "ALTER TABLE orders DROP COLUMN old;\n"


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.settings(more=stored(shop))
    shop.version("m1", sql__001_create_sql=CREATE)
    shop.version("m2", sql__001_create_sql=CREATE, sql__002_paid_sql=ADD)
    shop.version("m3", sql__001_create_sql=CREATE, sql__002_paid_sql=ADD, sql__003_old_sql=DROP)
    return shop


def database(shop: Shop) -> Path:
    return shop.folder.parent / "shop.db"


def stored(shop: Shop) -> str:
    return f"      migrations: {{database: 'sqlite:///{database(shop)}', sql: sql}}"


def columns(shop: Shop) -> set[str]:
    with closing(sqlite3.connect(database(shop))) as connection:
        return {row[1] for row in connection.execute("PRAGMA table_info(orders)")}


def test_a_deploy_expands_before_it_switches_and_a_rollback_leaves_the_schema(shop: Shop):
    assert shop.deploy("m1").code == 0
    done = shop.deploy("m2")
    assert done.code == 0, done.out
    names = [event.get("event") for event in done.events]
    assert names.index("migrated") < names.index("switched")
    assert "paid" in columns(shop)
    assert shop.run("rollback").code == 0
    assert "paid" in columns(shop)


def test_a_contract_waits_for_a_run_of_its_own_and_closes_the_way_back(shop: Shop):
    assert shop.deploy("m2").code == 0
    before = shop.run("history", "--format", "json").end["runs"][0]["release"]
    done = shop.deploy("m3")
    assert done.code == 0, done.out
    assert "old" in columns(shop)
    planned = shop.run("migrate", "--contract", "--plan")
    assert "003_old: contract" in planned.out
    assert "stands by: retire it first" in planned.out
    assert planned.code == 7
    shop.until(lambda seen: seen["colours"]["blue"]["standing"] == "ready")
    retired(shop)
    contracted = shop.run("migrate", "--contract", "--yes", "--format", "json")
    assert (contracted.code, contracted.end["outcome"]) == (0, "migrated"), contracted.out
    assert "old" not in columns(shop)
    back = shop.run("rollback", "--to", before, "--format", "json")
    assert (back.code, back.end["outcome"]) == (7, "refused"), back.out
    assert "below the rollback floor" in back.end["why"]
    assert back.end["next"] == "readiness gc --env local --plan"
    assert shop.deploy("m2").code == 7


def retired(shop: Shop) -> None:
    """Have the release before go at once, as its time being over would."""
    shop.run("keeper", "stop")
    shop.run("keeper", "start")
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "ready")


def test_a_contract_run_that_fails_half_way_closes_the_way_back_also_where_the_database_cannot_be_asked(shop: Shop):
    fails = "-- precondition: SELECT 0\nALTER TABLE orders DROP COLUMN note;\n"
    shop.version(
        "m4", sql__001_create_sql=CREATE, sql__002_paid_sql=ADD, sql__003_old_sql=DROP, sql__004_note_sql=fails
    )
    assert shop.deploy("m2").code == 0
    before = shop.run("history", "--format", "json").end["runs"][0]["release"]
    assert shop.deploy("m4").code == 0
    retired(shop)
    contracted = shop.run("migrate", "--contract", "--yes", "--format", "json")
    assert (contracted.code, contracted.end["outcome"]) == (4, "aborted"), contracted.out
    assert columns(shop) == {"id", "note", "paid"}
    assert shop.seen()["record"]["floor"] == ["003_old"]
    database(shop).rename(database(shop).with_suffix(".away"))
    database(shop).mkdir()
    back = shop.run("rollback", "--to", before, "--format", "json")
    assert (back.code, back.end["outcome"]) == (7, "refused"), back.out
    assert "003_old" in back.end["why"]


def test_a_migration_that_cannot_be_told_is_refused_before_anything_happens(shop: Shop):
    assert shop.deploy("m1").code == 0
    shop.version("bad", sql__001_create_sql=CREATE, sql__002_what_sql="VACUUM;\n")
    done = shop.deploy("bad")
    assert (done.code, done.end["outcome"]) == (7, "refused")
    assert "002_what.sql:1" in done.end["why"]


def test_expand_migrations_can_go_ahead_of_their_deploy(shop: Shop):
    assert shop.deploy("m1").code == 0
    done = shop.run("migrate", "--version", "m2", "--yes", "--format", "json")
    assert (done.code, done.end["outcome"]) == (0, "migrated"), done.out
    assert "paid" in columns(shop)
    assert shop.run("migrate", "--version", "m2", "--yes", "--format", "json").end["outcome"] == "nothing-to-do"
    assert shop.deploy("m2").code == 0


def test_nothing_is_applied_ahead_while_a_candidate_waits_for_its_approval(shop: Shop):
    assert shop.deploy("m1").code == 0
    shop.settings(more=f"{stored(shop)}\n      approval: required")
    assert shop.deploy("m2").code == 8
    tax = "ALTER TABLE orders ADD COLUMN tax INTEGER;\n"
    shop.version("next", sql__001_create_sql=CREATE, sql__002_paid_sql=ADD, sql__003_tax_sql=tax)
    done = shop.run("migrate", "--version", "next", "--yes", "--format", "json")
    assert (done.code, done.end["outcome"]) == (7, "refused"), done.out
    assert done.end["why"] == "a run is in flight"
    assert "tax" not in columns(shop)


def test_the_command_that_renders_gets_its_own_variables_and_the_texts_of_the_service(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMN_NAME", "total")
    render = "[sh, -c, 'echo \"CREATE TABLE $TABLE ($COLUMN INTEGER); CREATE TABLE alembic_version (version_num TEXT);"
    render += " INSERT INTO alembic_version (version_num) VALUES (''0001'');\"']"
    stop = "stop: {drain: 1, grace: 1}"
    shop.settings(
        more=f"      migrations:\n        database: 'sqlite:///{database(shop)}'\n"
        f"        alembic: {{render: {render}, environment: {{COLUMN: {{from-env: COLUMN_NAME}}, TABLE: orders}}}}",
        **{stop: stop + "\n        environment: {TABLE: of_the_service}"},
    )
    revision = 'revision = "0001"\ndown_revision = None\n\n\ndef upgrade() -> None:\n    pass\n'
    shop.version("a1")
    folder = shop.folder / "versions" / "a1" / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "0001_orders.py").write_text(revision)
    done = shop.deploy("a1")
    assert done.code == 0, done.out
    assert columns(shop) == {"total"}


def test_a_database_that_has_its_tables_already_is_taken_as_it_is(shop: Shop):
    with closing(sqlite3.connect(database(shop))) as connection:
        connection.executescript(CREATE)
        connection.execute("INSERT INTO orders (note) VALUES (?)", ["kept"])
        connection.commit()
    refused = shop.deploy("m2")
    assert refused.code == 4
    assert "readiness migrate --adopt" in refused.end["why"]
    unknown = shop.run("migrate", "--version", "m2", "--adopt", "001", "--yes")
    assert (unknown.code, "(001_create, 002_paid), found 001" in unknown.err + unknown.out) == (7, True), unknown
    adopted = shop.run("migrate", "--version", "m2", "--adopt", "001_create", "--yes", "--format", "json")
    assert (adopted.code, adopted.end["outcome"]) == (0, "migrated"), adopted
    assert "paid" not in columns(shop)
    again = shop.run("migrate", "--version", "m2", "--adopt", "001_create", "--yes", "--format", "json")
    assert (again.code, again.end["outcome"]) == (0, "nothing-to-do"), again
    assert shop.deploy("m2").code == 0
    assert "paid" in columns(shop)
    with closing(sqlite3.connect(database(shop))) as connection:
        assert connection.execute("SELECT note FROM orders").fetchall() == [("kept",)]


def test_a_keeper_that_lost_its_state_deploys_again_and_takes_nobody_for_gone(shop: Shop):
    """Its epochs begin anew; and the database may still be in use, so that nothing is contracted by the way."""
    for version in ("m1", "m2"):
        assert shop.deploy(version).code == 0
    shop.until_alone()
    shop.run("keeper", "stop")
    shutil.rmtree(shop.state)
    done = shop.deploy("m3")
    assert (done.code, done.end["outcome"]) == (0, "deployed"), done.out
    assert "old" in columns(shop)
