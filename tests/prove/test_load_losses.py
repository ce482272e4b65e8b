"""Each way to lose a request is told from the others, counted exactly, and never repaired by trying again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback import PATIENCE, Talk, eventually, loaded, polite, serving
from ports import reserved
from readiness_prove.load import Load, Lost, Plan, Request, Witnessed, parse_target
from readiness_prove.load.connection import Connection, Exchange


def says(data: bytes) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        if talk.request():
            talk.say(data)

    return behave


def resets(talk: Talk) -> None:
    if talk.request():
        talk.reset()


def resets_in_the_middle(talk: Talk) -> None:
    """Says half of an answer, and resets once the client has had time to read it: it asks for more by itself."""
    if talk.request():
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        talk.reset()


def half_closes(talk: Talk) -> None:
    if talk.request():
        talk.socket.shutdown(socket.SHUT_WR)
        talk.head()  # until the client has left


def hangs(talk: Talk) -> None:
    talk.request()
    talk.head()


def hangs_in_the_middle(talk: Talk) -> None:
    talk.request()
    talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    talk.head()


OK = b"HTTP/1.1 200 OK\r\n"
CASES = [
    pytest.param(resets, Lost.RESET, id="reset instead of an answer"),
    pytest.param(says(b""), Lost.RESET, id="end instead of an answer"),
    pytest.param(half_closes, Lost.RESET, id="half closed instead of an answer"),
    pytest.param(says(b"HTTP/1.1 20"), Lost.CUT, id="cut in the status line"),
    pytest.param(says(OK + b"Content-Length: 2\r\n"), Lost.CUT, id="cut in the head"),
    pytest.param(says(OK + b"Content-Length: 10\r\n\r\nhalf"), Lost.CUT, id="cut in the body"),
    pytest.param(says(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), Lost.CUT, id="cut between chunks"),
    pytest.param(says(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"), Lost.CUT, id="cut in the trailers"),
    pytest.param(says(b"SMTP ready\r\n\r\n"), Lost.MALFORMED, id="another protocol"),
    pytest.param(says(OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 500"), Lost.MALFORMED, id="more than it said"),
    pytest.param(hangs, Lost.TIMEOUT, id="no answer"),
    pytest.param(hangs_in_the_middle, Lost.TIMEOUT, id="no end of an answer"),
]


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
@pytest.mark.parametrize(("behave", "kind"), CASES)
def test_every_third_connection_is_lost(behave: Callable[[Talk], None], kind: Lost, keep_alive: bool) -> None:
    def sometimes(talk: Talk) -> None:
        (behave if talk.number % 3 == 2 else polite)(talk)

    # More connections than requests: each request has one of its own, so that one third of them is three of nine.
    timeout = 5.0 if kind is Lost.TIMEOUT else 30.0  # in which the others must be answered, on a busy machine as well
    with serving(sometimes) as server:
        result = loaded(server, count=9, keep_alive=keep_alive, connections=100, timeout=timeout)
    assert result.lost == {kind: 3}
    assert result.answered == 6
    assert result.testimony is Witnessed.LOST
    assert len(server.asked) == server.connections == 9, "nothing was sent twice"
    assert {loss.kind for loss in result.losses} == {kind}
    assert result.response.percentile(100) >= timeout, "what was lost was not fast"


def test_an_answer_that_is_reset_in_the_middle_is_lost_once() -> None:
    with serving(resets_in_the_middle) as server:
        result = loaded(server, count=20, keep_alive=False)
    # Whether the half is still handed over after a reset is the kernel's choice.
    assert set(result.lost) <= {Lost.CUT, Lost.RESET}
    assert result.lost_total == 20 == len(server.asked)


def test_an_answer_without_a_length_that_is_reset_is_lost() -> None:
    """It ends with its connection, and only a good end of that is its own."""

    def resets_without_a_length(talk: Talk) -> None:
        if talk.request():
            talk.say(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            talk.reset()

    with serving(resets_without_a_length) as server:
        result = loaded(server, count=20, keep_alive=False)
    assert result.answered == 0
    assert result.lost_total == 20 == len(server.asked)


def test_a_connection_that_is_taken_and_reset_at_once_was_not_refused() -> None:
    with serving(lambda talk: talk.reset()) as server:
        result = loaded(server, count=200, rate=1000, keep_alive=False)
    assert result.lost == {Lost.RESET: 200}


def test_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        result = loaded(f"http://127.0.0.1:{held.getsockname()[1]}/", count=7)
    assert result.lost == {Lost.REFUSED: 7}
    assert result.testimony is Witnessed.LOST


def test_no_socket_file(tmp_path: Path) -> None:
    assert loaded(f"unix:{tmp_path}/none", count=3).lost == {Lost.REFUSED: 3}


@contextlib.contextmanager
def full(family: socket.AddressFamily, address: str | tuple[str, int]) -> Iterator[socket.socket]:
    """A listener that takes no connection, and whose queue is full."""
    with socket.socket(family) as listener, contextlib.ExitStack() as held:
        listener.bind(address)
        listener.listen(0)
        for _ in range(5):
            waiting = held.enter_context(socket.socket(family))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener


def test_a_full_queue_of_connections() -> None:
    with full(socket.AF_INET, ("127.0.0.1", 0)) as listener:
        result = loaded(f"http://127.0.0.1:{listener.getsockname()[1]}/", count=4, connect_timeout=5.0, lag_bound=4.9)
    assert result.lost == {Lost.CONNECT_TIMEOUT: 4}
    assert not result.saturated, "a slow connect is the server's slowness, not the generator's"


def test_a_full_queue_of_a_unix_socket(tmp_path: Path) -> None:
    with full(socket.AF_UNIX, str(tmp_path / "s")):
        result = loaded(f"unix:{tmp_path}/s", count=4, connect_timeout=0.3)
    assert result.lost == {Lost.CONNECT_TIMEOUT: 4}


def test_the_deadline_of_a_request_counts_while_it_connects() -> None:
    with full(socket.AF_INET, ("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        result = loaded(url, count=2, timeout=0.2, connect_timeout=5.0)
    assert result.lost == {Lost.TIMEOUT: 2}


def test_an_answer_to_somebody_else() -> None:
    def mixed_up(talk: Talk) -> None:
        while asked := talk.request():
            number = int(asked.identity.rpartition("-")[2])
            if number == 3:
                talk.answer()
            else:
                talk.answer(X_Request_Id="test-1" if number in (4, 5) else asked.identity)

    with serving(mixed_up) as server:
        unchecked = loaded(server, count=10, run="test")
        result = loaded(server, count=10, run="test", echo_header="X-REQUEST-ID")
    assert not unchecked.lost
    assert result.lost == {Lost.WRONG: 3}
    assert {loss.identity for loss in result.losses} == {"test-3", "test-4", "test-5"}


def test_an_error_that_no_release_signed() -> None:
    def between(talk: Talk) -> None:
        while asked := talk.request():
            match int(asked.identity.rpartition("-")[2]):
                case 0 | 1:
                    talk.answer(status=503)
                case 2:
                    talk.answer(status=404)
                case 3:
                    talk.answer(status=500, X_Version="v3")
                case _:
                    talk.answer(X_Version="v2")

    with serving(between) as server:
        result = loaded(server, count=8, release_header="x-version")
        unaware = loaded(server, count=8)
    assert result.lost == {Lost.GATEWAY: 2}
    assert {name: dict(release.statuses) for name, release in result.releases.items()} == {
        "": {404: 1}, "v3": {500: 1}, "v2": {200: 4},
    }  # fmt: skip
    assert (unaware.lost, unaware.statuses[503]) == ({}, 2)


def test_connections_that_were_closed_while_idle_cost_nothing() -> None:
    closed: list[int] = []
    made: list[Load] = []

    def once(talk: Talk) -> None:
        if talk.request():
            talk.answer()
            talk.socket.shutdown(socket.SHUT_RDWR)
            closed.append(talk.number)

    def when_all_that_answered_have_left(number: int) -> bytes:
        answered = made[0].live().answered
        eventually(lambda: len(closed), lambda count: count >= answered)
        return b""

    requests = (Request("POST", body=when_all_that_answered_have_left),)
    with serving(once) as server:
        result = loaded(server, count=20, connections=1, requests=requests, load=made)
    assert (result.lost, result.answered, server.connections) == ({}, 20, 20)


ENDS: dict[str, Callable[[Talk], object]] = {
    "close": lambda talk: talk.socket.shutdown(socket.SHUT_RDWR),
    "half close": lambda talk: talk.socket.shutdown(socket.SHUT_WR),
    "reset": lambda talk: talk.reset(),
    "speak": lambda talk: talk.answer(status=408),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_end_of_an_idle_connection_is_found_out_before_it_is_used(how: str) -> None:
    """While the body of the second request is made, the loop sees nothing: the socket itself has to be asked."""
    made, done = threading.Event(), threading.Event()

    def behave(talk: Talk) -> None:
        talk.request()
        talk.answer()
        if talk.number == 0:
            assert made.wait(PATIENCE)
            ENDS[how](talk)
            done.set()
        talk.head()

    def ends_the_first(number: int) -> bytes:
        if number == 1:
            made.set()
            assert done.wait(PATIENCE)
        return b"x"

    with serving(behave) as server:
        result = loaded(server, count=2, rate=1, connections=1, requests=(Request("POST", body=ends_the_first),))
    assert (result.lost, result.statuses, server.connections) == ({}, {200: 2}, 2)
    assert (result.connections.closed_idle, result.connections.unsolicited) == (1, how == "speak")


@pytest.mark.parametrize("how", ENDS)
def test_the_end_of_an_idle_connection_is_seen_when_it_comes(how: str) -> None:
    """The second connection answers when the first one has ended: the third request finds it gone."""
    asked, done = threading.Event(), threading.Event()

    def behave(talk: Talk) -> None:
        talk.request()
        if talk.number == 0:
            talk.answer()
            assert asked.wait(PATIENCE)
            ENDS[how](talk)
            done.set()
        else:
            asked.set()
            assert done.wait(PATIENCE)
            talk.answer()
            polite(talk)

    with serving(behave) as server:
        result = loaded(server, count=3, rate=2, connections=2)
    assert (result.lost, result.statuses, server.connections) == ({}, {200: 3}, 3)
    assert (result.connections.closed_idle, result.connections.unsolicited) == (1, how == "speak")


def test_a_race_with_an_idle_timeout_is_counted_and_not_hidden() -> None:
    """The server ends the connection when the second request has been sent: that one is lost, and not sent again."""

    def leaves(talk: Talk) -> None:
        asked = talk.request()
        assert asked
        talk.answer()
        if talk.request():
            talk.reset()

    with serving(leaves) as server:
        result = loaded(server, count=6, rate=1, connections=1)
    assert result.lost == {Lost.RESET: 3}
    assert [asked.identity for asked in server.asked] == [f"{result.run}-{n}" for n in range(6)]


def test_an_early_answer_to_a_large_request_is_an_answer() -> None:
    def in_a_hurry(talk: Talk) -> None:
        talk.head()
        talk.answer(status=413)
        talk.read_nothing_more()

    with serving(in_a_hurry) as server:
        requests = (Request("POST", body=b"x" * (64 << 20)),)
        result = loaded(server, count=2, rate=2, requests=requests, connections=1)
    assert (result.lost, result.statuses) == ({}, {413: 2})
    assert server.connections == 2, "a connection with an unfinished request carries no other"


def test_a_server_that_leaves_in_the_middle_of_a_request() -> None:
    def leaves(talk: Talk) -> None:
        talk.head()
        talk.reset()

    with serving(leaves) as server:
        result = loaded(server, count=2, rate=20, requests=(Request("POST", body=b"x" * (64 << 20)),))
    assert result.lost == {Lost.RESET: 2}


def test_a_connection_that_met_itself_is_a_refused_one() -> None:
    """Where nobody listens, TCP lets a socket of that very port connect to itself: its answer would be our question."""
    ended: list[Lost] = []

    class Owner:
        def lost(self, exchange: Exchange, kind: Lost, *told: object) -> None:
            ended.append(kind)

    async def meet() -> None:
        with reserved() as held:
            address = held.getsockname()
            target = parse_target(f"http://127.0.0.1:{address[1]}/")
            connection = Connection(asyncio.get_running_loop(), target, Owner())  # type: ignore[arg-type]
            connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection._socket.bind(address)
            connection.carry(Exchange(0, "x-0", Plan(target).mix().choose(), 0.0))
            for _ in range(1000):
                await asyncio.sleep(0)
            connection.close()

    asyncio.run(meet())
    assert ended == [Lost.REFUSED]
