"""A connection is used again only while it is good as of that instant, whatever the loop has heard of it so far."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from readiness_deploy.keeper.board import Board
from readiness_deploy.keeper.http1 import AnswerHead, Malformed
from readiness_deploy.keeper.upstream import LONGEST_IDLE, Pool, Upstream

from keeper_data.rig import Stands, run, until


class Waits:
    """Who waits for a connection."""

    def __init__(self) -> None:
        self.came: asyncio.Future[Upstream] = asyncio.get_running_loop().create_future()

    def opened(self, upstream: Upstream) -> None:
        self.came.set_result(upstream)

    def unopened(self, why: str, *, lacking: bool) -> None:
        self.came.set_exception(ConnectionError(why))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        sock.settimeout(10)
        yield sock


async def _kept(listener: socket.socket) -> tuple[Pool, Board, Upstream, socket.socket]:
    board = Board()
    board.place("blue", listener.getsockname(), "r")
    pool, waits = Pool(Stands(asyncio.get_running_loop())), Waits()  # type: ignore[arg-type]
    pool.open(board.slot("blue"), waits)
    upstream = await waits.came
    theirs, _ = listener.accept()
    pool.give(upstream)
    return pool, board, upstream, theirs


def test_a_good_connection_is_used_again(listener: socket.socket) -> None:
    async def test() -> None:
        pool, board, upstream, theirs = await _kept(listener)
        assert pool.take(board.slot("blue"), 1) is upstream
        assert pool.take(board.slot("blue"), 1) is None, "by one at a time"
        theirs.close()
        upstream.close()

    run(test())


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_one_that_ended_or_spoke_unheard_is_not(listener: socket.socket, said: bytes) -> None:
    async def test() -> None:
        pool, board, _, theirs = await _kept(listener)
        # From here on the loop does not run, so that only the kernel knows.
        if said:
            theirs.sendall(said)
        else:
            theirs.close()
        assert pool.take(board.slot("blue"), 1) is None
        theirs.close()

    run(test())


def test_one_that_is_being_closed_is_not(listener: socket.socket) -> None:
    async def test() -> None:
        pool, board, upstream, theirs = await _kept(listener)
        upstream.close()
        assert pool.take(board.slot("blue"), 1) is None
        theirs.close()

    run(test())


def test_one_that_is_older_than_asked_for_is_kept_for_others(listener: socket.socket) -> None:
    async def test() -> None:
        pool, board, upstream, theirs = await _kept(listener)
        upstream.idle_since -= 1.5
        assert pool.take(board.slot("blue"), 1) is None
        assert pool.take(board.slot("blue"), LONGEST_IDLE) is upstream
        theirs.close()
        upstream.close()

    run(test())


def test_one_to_where_the_colour_was_before_is_not_kept(listener: socket.socket) -> None:
    async def test() -> None:
        pool, board, upstream, theirs = await _kept(listener)
        assert pool.take(board.slot("blue"), 1) is upstream
        board.place("blue", ("127.0.0.1", 1), "r2")
        pool.give(upstream)
        assert upstream.closed
        board.place("blue", listener.getsockname(), "r")
        assert pool.take(board.slot("blue"), 1) is None
        theirs.close()

    run(test())


class Asks:
    """Who uses a connection, and what it was told."""

    method, complete = b"POST", False

    def __init__(self) -> None:
        self.told: list[object] = []
        self.got = bytearray()

    def interim(self, answer: AnswerHead) -> None:
        self.told.append(answer.status)

    def begun(self, answer: AnswerHead) -> None:
        self.told.append(answer.status)

    def content(self, content: bytes) -> None:
        self.got += content

    def hold(self, full: bool) -> None: ...

    def ended(self, trailers: list[bytes]) -> None:
        self.told.append("ended")

    def switched(self, upstream: Upstream, answer: AnswerHead, rest: bytes) -> None: ...

    def lost(self, heard: bool, fault: BaseException | None) -> None:
        self.told.append("lost")

    def malformed(self, fault: Malformed) -> None:
        self.told.append(fault)


@pytest.mark.parametrize(("length", "end"), [(120_000, "ended"), (120_001, "lost")])
def test_an_answer_that_lies_in_the_socket_is_read_when_writing_fails(
    listener: socket.socket, length: int, end: str
) -> None:
    """Whatever was heard before, and however much it is. One that broke off is none."""

    async def test() -> None:
        pool, board, upstream, theirs = await _kept(listener)
        upstream._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        user = Asks()
        assert pool.take(board.slot("blue"), 10) is upstream
        upstream.take(user)
        theirs.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        await until(lambda: user.told == [100])
        upstream.transport.write(b"x" * 10)
        # From here on the loop does not run until writing has failed.
        theirs.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: %d\r\n\r\n" % length + b"y" * 120_000)
        theirs.close()  # with something unread: a reset
        upstream.transport.write(b"x")
        assert upstream.transport.is_closing()
        await until(lambda: upstream.closed)
        assert user.told == [100, 413, end]
        assert len(user.got) == 120_000

    run(test())
