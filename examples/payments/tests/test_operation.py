"""Probes, metrics, logs, and the database going away."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError

from conftest import PostgresServer, free_port
from payments.database import Database, DatabaseUnavailable, open_engine
from payments.migrate import required_revision, upgrade
from payments.settings import Settings
from payments.telemetry import JsonLines
from test_payment import ORDER, code, pay

MakeApp = Callable[[Settings], Flask]


def away(**changes: float) -> Settings:
    """Settings for a PostgreSQL that nobody has started."""
    url = URL.create("postgresql+psycopg", "nobody", "s3cr3t-word", "127.0.0.1", free_port(), "none")
    return Settings(database_url=url, **({"retry_delay": 0} | changes))  # type: ignore[arg-type]


def test_health_asks_for_the_process_only(make_app: MakeApp) -> None:
    answer = make_app(away()).test_client().get("/health")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")


def test_ready_on_a_migrated_database(client: FlaskClient) -> None:
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.get_json()["checks"]["migrations"]["current"] == required_revision()


def test_not_ready_before_the_first_migration(settings: Settings, make_app: MakeApp) -> None:
    answer = make_app(settings).test_client().get("/ready")
    assert answer.status_code == 503
    checks = answer.get_json()["checks"]
    assert checks["database"] == {"ok": True}
    assert checks["migrations"] == {"ok": False, "current": None, "required": required_revision()}


@pytest.mark.parametrize(("revision", "status"), [("0001", 503), ("9999", 200), ("abcd", 503)])
def test_ready_on_a_later_schema_but_not_on_an_earlier_one(
    settings: Settings, client: FlaskClient, revision: str, status: int
) -> None:
    engine = open_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    engine.dispose()
    assert client.get("/ready").status_code == status


def test_without_a_database_the_answer_is_503_and_clear(make_app: MakeApp) -> None:
    client = make_app(away()).test_client()
    for answer in (pay(client), client.get("/payment/A-1")):
        assert (answer.status_code, code(answer)) == (503, "database-unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert "s3cr3t-word" not in answer.get_data(as_text=True)
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert ready.get_json()["checks"]["database"]["ok"] is False
    series = client.get("/metrics").get_data(as_text=True)
    assert "payments_database_unavailable_total 2.0" in series
    assert "payments_database_retries_total 4.0" in series


def test_a_lost_connection_is_tried_again_so_often_and_no_more() -> None:
    settings, pauses = away(retry_attempts=3, retry_delay=2), list[float]()
    database = Database(open_engine(settings), settings, sleep=pauses.append)
    with pytest.raises(DatabaseUnavailable):
        database.read(lambda connection: connection.execute(text("SELECT 1")))
    assert pauses == [2, 2]


def test_a_mistake_is_not_tried_again(settings: Settings) -> None:
    pauses = list[float]()
    database = Database(open_engine(settings), settings, sleep=pauses.append)
    with pytest.raises(Exception, match="no_such_table") as raised:
        database.read(lambda connection: connection.execute(text("SELECT * FROM no_such_table")))
    assert not isinstance(raised.value, DatabaseUnavailable) or settings.database_url.get_backend_name() == "sqlite"
    assert pauses == []
    database.engine.dispose()
    if settings.database_url.get_backend_name() == "postgresql":
        assert isinstance(raised.value, ProgrammingError)


def test_only_half_of_the_threads_wait_for_the_database() -> None:
    settings = away(threads=2)
    pauses, inner = list[float](), list[str]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            # A second request, while the first one sits in the only waiting seat: refused at once.
            with pytest.raises(DatabaseUnavailable):
                database.read(lambda connection: connection.execute(text("SELECT 1")))
            inner.append("refused without a pause" if len(pauses) == 1 else "waited")

    database = Database(open_engine(settings), settings, sleep=sleep)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            database.read(lambda connection: connection.execute(text("SELECT 1")))
    assert inner == ["refused without a pause"]
    # The seat was given back: the second round waited as the first did.
    assert len(pauses) == 4


def test_the_database_goes_away_and_comes_back(postgres_server: PostgresServer, make_app: MakeApp) -> None:
    settings = Settings(database_url=postgres_server.url, retry_delay=0)
    engine = open_engine(settings)
    upgrade(engine, settings)
    engine.dispose()
    client = make_app(settings).test_client()
    try:
        before = pay(client)
        postgres_server.stop()
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
        assert pay(client, ORDER | {"order_id": "A-2"}, key="key-2").status_code == 503
    finally:
        postgres_server.start()
    assert client.get("/ready").status_code == 200
    assert pay(client, ORDER | {"order_id": "A-2"}, key="key-2").status_code == 201
    assert pay(client).get_json() == before.get_json()


def test_a_request_beyond_the_pool_is_refused_in_time(settings: Settings) -> None:
    narrow = replace(settings, pool_size=1, connect_timeout=2)
    engine = open_engine(narrow)
    database = Database(engine, narrow)
    with engine.connect(), pytest.raises(DatabaseUnavailable, match="too busy"):
        database.read(lambda connection: connection.execute(text("SELECT 1")))
    engine.dispose()


def test_series_count_routes_and_not_orders(client: FlaskClient) -> None:
    for number in range(3):
        client.get(f"/payment/order-{number}")
        client.open("/nowhere", method=f"X{number}")
    series = client.get("/metrics").get_data(as_text=True)
    assert 'payments_http_requests_total{method="GET",route="/payment/{order_id}",status="404"} 3.0' in series
    assert 'method="OTHER",route="unmatched"' in series
    assert "order-1" not in series
    # The request for the series is itself the only one in progress.
    assert "payments_http_requests_in_progress 1.0" in series


def test_a_failure_of_ours_is_a_500_without_details(client: FlaskClient, settings: Settings) -> None:
    engine = open_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE payments RENAME COLUMN amount TO total"))
    engine.dispose()
    answer = client.get("/payment/A-1")
    assert (answer.status_code, code(answer)) == (500, "internal")
    assert "amount" not in answer.get_data(as_text=True)


def test_a_log_line_is_one_json_object() -> None:
    record = logging.getLogger("x").makeRecord(
        "x", logging.INFO, "f", 1, "two\nlines %s", ("é",), None, extra={"ms": 1.5}
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    parsed = json.loads(line)
    assert (parsed["level"], parsed["msg"], parsed["ms"]) == ("INFO", "two\nlines é", 1.5)
    assert parsed["ts"].endswith("+00:00")
