"""A network that fails at each message between deployer and PostgreSQL: applied once or not at all, never twice.

Each message is tried where READINESS_PROOF_DIR says where to put the figures; else every seventh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from migrations.conftest import Database
from migrations.cutting import CuttingProxy, Message
from migrations.making import IDS, THREE, schema
from migrations.test_postgres import ledger, tally
from readiness_deploy.ports import Lost, Patience, Refusal, Unfit
from simulator.proof import FULL, figures

pytestmark = pytest.mark.needs("postgresql")

WHOLE = ["first", "second", "second"]
HARMS = {"cut": 0.0, "freeze": 0.4}  # and the seconds that the network has, where it is not the usual time
INDEX = {
    "0001_first.sql": THREE["0001_first.sql"],
    "0002_index.sql": "CREATE INDEX CONCURRENTLY tally_step ON tally (step);\n",
}


@contextmanager
def behind(database: Database, harm: Callable[[Message], str]) -> Iterator[tuple[CuttingProxy, str]]:
    proxy = CuttingProxy(database.server.port, harm)
    try:
        yield proxy, database.server.address(database.name, port=proxy.address)
    finally:
        proxy.close()


def once_at(number: int, what: str) -> Callable[[Message], str]:
    return lambda message: what if message.number == number else ""


def begun(server: Any, root: Path, files: dict[str, str]) -> Database:
    """A database with the first migration. The session of that is gone: who has to wait for it says more messages."""
    database = Database(server, server.schema())
    schema(database.address, root, files).apply(IDS[0])
    turn = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = hashtext(current_schema())::oid"
    while database.ask(turn):
        time.sleep(0.01)
    return database


def attempted(address: str, root: Path, files: dict[str, str], wanted: str, patience: float) -> bool:
    """Whether one attempt came to its end. It may be one that was lost, and nothing else."""
    try:
        schema(
            address,
            root,
            files,
            attempts=1,
            lock_timeout=0.05,
            statement_timeout=1.5,  # for all statements together
            index_timeout=0.5,
            patience=patience,
        ).apply(wanted)
    except (Lost, Patience):
        return False
    except Unfit as fault:
        if "-timeout`" not in str(fault):
            raise
        return False  # a busy machine had no time for its statements
    return True


def told(attempt: Callable[[], bool | None]) -> bool:
    """What an attempt says. One that ended before its harm, for want of time on a busy machine, says nothing: again."""
    for _ in range(50):
        if (said := attempt()) is not None:
            return said
    raise AssertionError("the machine has no time for one whole attempt")


def each_message(attempt: Callable[[int], bool], first: int = 1) -> int:
    """Call `attempt` with 1, 2, 3 … until one says that its number was not reached. Up to which one they were."""
    with ThreadPoolExecutor(8) as pool:  # most of the time is spent waiting
        step = 1 if FULL else 7
        for start in count(first, 8 * step):
            reached = list(pool.map(attempt, range(start, start + 8 * step, step)))
            if not all(reached):
                assert not any(reached[reached.index(False) :])
                return start + reached.index(False) * step - first
    raise AssertionError("it counts for ever")


# While a connection is being made the limit is a fixed number of seconds: one message stands for all of those.
FIRST = {"cut": 1, "freeze": 23}


@pytest.mark.parametrize("what", HARMS)
def test_harm_at_each_message_of_one_attempt(server: Any, tmp_path: Path, what: str) -> None:
    lost: list[int] = []

    def attempt(number: int) -> bool | None:
        root = tmp_path / str(number)
        database = begun(server, root, THREE)
        with behind(database, once_at(number, what)) as (proxy, address):
            ended = attempted(address, root, THREE, IDS[1], HARMS[what])
            if len(proxy.seen) < number:
                return False if ended else None
            assert tally(database) in (["first"], WHOLE), f"message {number}"
            assert len(ledger(database)) == (2 if tally(database) == WHOLE else 1), f"message {number}"
            schema(database.address, root, THREE, attempts=30, epoch=2).apply(IDS[1])
        assert (ledger(database), tally(database)) == (IDS[:2], WHOLE), f"message {number}"
        lost.extend([] if ended else [number])
        return True

    with figures(f"migrations-{what}") as counts:
        counts["messages"] = each_message(lambda number: told(lambda: attempt(number)), FIRST[what])
        counts["attempts_lost"] = len(lost)
    assert counts["messages"] > 50
    assert len(lost) > 5


def test_harm_at_each_message_is_healed_by_the_same_call(server: Any, tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        root = tmp_path / str(number)
        database = begun(server, root, THREE)
        with behind(database, once_at(number, "cut")) as (proxy, address):
            schema(address, root, THREE, attempts=20).apply(IDS[1])
            assert (ledger(database), tally(database)) == (IDS[:2], WHOLE), f"message {number}"
            return len(proxy.seen) >= number

    assert each_message(attempt) > 50


@pytest.mark.parametrize("what", HARMS)
def test_harm_at_each_message_of_an_index(server: Any, tmp_path: Path, what: str) -> None:
    """No transaction undoes a half-built index: what is left of it is found and built anew."""

    def attempt(number: int) -> bool | None:
        root = tmp_path / str(number)
        database = begun(server, root, INDEX)
        with behind(database, once_at(number, what)) as (proxy, address):
            ended = attempted(address, root, INDEX, "0002_index", HARMS[what])
            if len(proxy.seen) < number:
                return False if ended else None
            schema(database.address, root, INDEX, attempts=30, epoch=2).apply("0002_index")
        assert schema(database.address, root, INDEX).observe().applied == ("0001_first", "0002_index")
        assert database.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'tally_step'::regclass") == [(True,)]
        return True

    assert each_message(lambda number: told(lambda: attempt(number)), FIRST[what]) > 50


def test_a_network_that_freezes_while_connecting(server: Any, tmp_path: Path) -> None:
    database = begun(server, tmp_path, THREE)
    with behind(database, once_at(5, "freeze")) as (_, address):
        schema(address, tmp_path, THREE).apply(IDS[1])
    assert (ledger(database), tally(database)) == (IDS[:2], WHOLE)


@pytest.mark.parametrize("reply", [False, True], ids=["before-commit", "reply-to-commit"])
@pytest.mark.parametrize("what", HARMS)
def test_harm_at_commit(server: Any, tmp_path: Path, what: str, reply: bool) -> None:
    assert told(lambda: harmed_at_commit(begun(server, tmp_path, THREE), tmp_path, what, reply))


def harmed_at_commit(database: Database, tmp_path: Path, what: str, reply: bool) -> bool | None:
    committed: list[int] = []

    def harm(message: Message) -> str:
        if message.commits:
            committed.append(message.number)
            return "" if reply else what
        return what if reply and len(committed) == 1 and message.number == committed[0] + 1 else ""

    with behind(database, harm) as (_, address):
        assert not attempted(address, tmp_path, THREE, IDS[1], HARMS[what])
        if not committed:
            return None
        if reply:  # the server has it, and nobody here knows
            schema(database.address, tmp_path, THREE, attempts=30, epoch=2).apply(IDS[1])
            assert tally(database) == WHOLE
        else:
            assert tally(database) == ["first"]
            schema(database.address, tmp_path, THREE, attempts=30, epoch=2).apply(IDS[1])
    assert (ledger(database), tally(database)) == (IDS[:2], WHOLE)
    return True


def test_a_slow_network_changes_nothing(server: Any, tmp_path: Path) -> None:
    database = begun(server, tmp_path, THREE)
    with behind(database, lambda _: "slow") as (_, address):
        schema(address, tmp_path, THREE, attempts=1).apply(IDS[1])
    assert (ledger(database), tally(database)) == (IDS[:2], WHOLE)


def test_a_network_that_is_cut_again_and_again_ends_in_lost(server: Any, tmp_path: Path) -> None:
    database = begun(server, tmp_path, THREE)
    with behind(database, lambda message: "cut" if message.commits else "") as (_, address):
        with pytest.raises(Refusal) as fault:
            schema(address, tmp_path, THREE, attempts=3, lock_timeout=60).apply(IDS[1])
        assert isinstance(fault.value, Lost)
    assert (ledger(database), tally(database)) == (IDS[:1], ["first"])
