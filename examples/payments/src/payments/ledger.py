"""The ledger: each order is paid once, each idempotency key means one request, and both are the database's word."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.dialects import postgresql, sqlite

from payments.charges import Charge
from payments.database import Database
from payments.schema import payments


class KeyReused(Exception):
    """The idempotency key already stands for a different request."""


class OrderAlreadyPaid(Exception):
    """The order was paid under another idempotency key."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One recorded payment, as it is answered: `body` is JSON-ready; `replayed` when it was there before."""

    body: dict[str, Any]
    replayed: bool


class Ledger:
    """Records and finds payments. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def record(self, charge: Charge, key: str) -> Receipt:
        """Records the charge, or repeats the receipt of the same key; raises KeyReused or OrderAlreadyPaid.

        Safe to repeat after a connection that broke during COMMIT: the unique key finds what was written.
        """
        values = {
            "payment_id": str(uuid.uuid4()),
            "order_id": charge.order_id,
            "idempotency_key": key,
            "fingerprint": charge.fingerprint,
            "amount": charge.amount,
            "currency": charge.currency,
            "reference": charge.reference,
            "status": "accepted",
            "created_at": self._now(),
        }
        return self._database.write(lambda connection: _record(connection, values))

    def find(self, order_id: str) -> dict[str, Any] | None:
        """The payment of an order, JSON-ready, or None."""
        query = select(payments).where(payments.c.order_id == order_id)
        row = self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else _body(row)


def _record(connection: Connection, values: dict[str, Any]) -> Receipt:
    # "do nothing" waits for a concurrent writer of the same key or order, so that the select below sees its row.
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(payments).values(values).on_conflict_do_nothing().returning(payments.c.payment_id)
    if connection.execute(statement).one_or_none() is not None:
        return Receipt(_body(values), replayed=False)
    query = select(payments).where(payments.c.idempotency_key == values["idempotency_key"])
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise OrderAlreadyPaid(values["order_id"])
    if row["fingerprint"] != values["fingerprint"]:
        raise KeyReused(values["idempotency_key"])
    return Receipt(_body(row), replayed=True)


def _body(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    created: datetime = row["created_at"]
    # SQLite keeps no time zone; everything is written in UTC.
    created = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
    names = ("payment_id", "order_id", "amount", "currency", "reference", "status")
    return {name: row[name] for name in names} | {"created_at": created.isoformat(timespec="microseconds")}
