"""The seam for HTTP: what it asks, what it refuses, and what it makes of a server that misbehaves."""

from __future__ import annotations

import contextlib
import gzip
import os
import pty
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sources.cluster.certificates import make, serves_with
from sources.cluster.server import Says, serving

from readiness.http import Bounds, NoAnswer, Reader, Sender, Tls, TooLarge, TooSlow

LOCATION = {"Location": "http://127.0.0.1:1/elsewhere"}


def test_what_is_asked_and_answered() -> None:
    with serving({"/a": Says(418, {"x": 1}, {"X-Kind": "Tea"})}) as server, Reader(server.address + "/") as reader:
        answer = reader.get("/a", {"limit": 5}, accept="application/json")
    assert (answer.status, answer.body, answer.headers["x-kind"]) == (418, b'{"x": 1}', "Tea")
    (asked,) = server.asked
    assert (asked.method, asked.query, asked.headers["accept"]) == ("GET", {"limit": "5"}, "application/json")


def test_headers_are_asked_for_before_every_request() -> None:
    tokens = iter(["first", "second"])
    with (
        serving({"/": Says()}) as server,
        Reader(server.address, headers=lambda: {"Authorization": f"Bearer {next(tokens)}"}) as reader,
    ):
        reader.get("/")
        reader.get("/")
    assert [a.headers["authorization"] for a in server.asked] == ["Bearer first", "Bearer second"]


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving({}) as other, serving({"/": Says(302, None, {"Location": other.address})}) as server:
        with Reader(server.address, headers=lambda: {"Authorization": "Bearer secret"}) as reader:
            assert reader.get("/").status == 302
        assert other.asked == []


def test_no_proxy_of_the_surroundings_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as proxy, serving({"/": Says(200, "straight")}) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        with Reader(server.address) as reader:
            assert reader.get("/").status == 200
        assert proxy.asked == []


def test_a_named_proxy_is_used() -> None:
    with (
        serving({"/x": Says(200, "by proxy")}) as proxy,
        Reader("http://server.invalid", proxy=proxy.address) as reader,
    ):
        assert reader.get("/x").body == b'"by proxy"'


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:1", "::", "socks5://127.0.0.1:1"])
def test_a_proxy_that_is_none_is_named(proxy: str) -> None:
    with pytest.raises(NoAnswer, match="proxy"):
        Reader("http://127.0.0.1:1", proxy=proxy)


def test_an_answer_may_not_be_larger_than_it_may_be() -> None:
    with (
        serving({"/": Says(200, b"x" * 3_000_000), "/small": Says(200, b"x" * 1000)}) as server,
        Reader(server.address, bounds=Bounds(size=1 << 20)) as reader,
    ):
        with pytest.raises(TooLarge, match="1 MiB"):
            reader.get("/")
        assert len(reader.get("/small").body) == 1000


def test_a_packed_answer_counts_as_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    with (
        serving({"/": Says(200, bomb, {"Content-Encoding": "gzip"})}) as server,
        Reader(server.address, bounds=Bounds(size=1 << 20)) as reader,
        pytest.raises(TooLarge),
    ):
        reader.get("/")


@pytest.mark.parametrize("codings", ["gzip, gzip", "gzip, identity", "br"])
def test_an_answer_that_is_packed_otherwise_than_asked_for_is_not_unpacked(codings: str) -> None:
    with (
        serving({"/": Says(200, gzip.compress(gzip.compress(b"{}")), {"Content-Encoding": codings})}) as server,
        Reader(server.address) as reader,
        pytest.raises(NoAnswer, match=f"packed as nobody asked for: {codings}$"),
    ):
        reader.get("/")
    assert server.asked[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_busy_server_gets_patience_but_not_for_ever() -> None:
    waits: list[float] = []
    answers = iter(
        [Says(429, None, {"Retry-After": "2"}), Says(503, None, {"Retry-After": "900"}), Says(200, "at last")]
    )
    with serving({"/": lambda _: next(answers)}) as server, Reader(server.address, sleep=waits.append) as reader:
        assert reader.get("/").body == b'"at last"'
        assert waits == [2.0, 5.0]
        server.routes["/"] = Says(429)
        assert reader.get("/").status == 429
        assert waits[2:] == [1.0, 1.0]
        server.routes["/"] = Says(503, {"message": "down"})
        before = len(server.asked)
        assert reader.get("/").status == 503
        assert len(server.asked) == before + 1, "503 without Retry-After is an answer"


@contextmanager
def dripping(piece: bytes) -> Iterator[str]:
    """A server that begins an answer and then sends a little again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while not over.wait(0.02):
                    try:
                        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_an_answer_without_an_end_is_ended() -> None:
    with (
        dripping(b"x") as address,
        Reader(address, bounds=Bounds(seconds=3)) as reader,  # its beginning comes sooner, also on a busy machine
        pytest.raises(NoAnswer, match="did not end within 3 s"),
    ):
        reader.get("/")


@pytest.mark.parametrize("piece", [b"x", b"y\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: "])
def test_a_head_without_an_end_is_ended(piece: bytes) -> None:
    """Also on a connection that was good before."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nX: ")
            for _ in range(200):  # for much longer than the answer may take
                time.sleep(0.02)
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Reader(address) as reader:
            assert reader.get("/").body == b"ok"
            reader._bounds = Bounds(seconds=1)
            with pytest.raises(TooSlow):
                reader.get("/")
        thread.join()


def test_a_server_that_is_not_there_or_says_nothing_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Reader(address, bounds=Bounds(seconds=0.2)) as reader, pytest.raises(NoAnswer, match="no answer within"):
            reader.get("/")
    with Reader(address) as reader, pytest.raises(NoAnswer, match="refused"):
        reader.get("/")


def test_a_header_that_cannot_be_sent_is_not_repeated() -> None:
    with (
        serving({"/": Says()}) as server,
        Reader(server.address, headers=lambda: {"Authorization": "Bearer hunter2\nX: y"}) as reader,
        pytest.raises(NoAnswer, match="header") as caught,
    ):
        reader.get("/")
    assert "hunter2" not in str(caught.value)


def test_a_server_must_prove_who_it_is(tmp_path: Path) -> None:
    authority, other = make(tmp_path, "authority"), make(tmp_path, "other")
    proof = make(tmp_path, "server", issuer=authority, host="127.0.0.1")
    with serving({"/": Says(200, "hello")}, serves_with(proof)) as server:
        with Reader(server.address, tls=Tls(str(authority.certificate))) as reader:
            assert reader.get("/").status == 200
        for wrong in (Tls(), Tls(str(other.certificate)), Tls(str(authority.certificate), server_name="api.example")):
            with (
                Reader(server.address, tls=wrong) as reader,
                pytest.raises(NoAnswer, match="certificate verify failed"),
            ):
                reader.get("/")
        with Reader(server.address, tls=Tls(verify=False)) as reader:
            assert reader.get("/").status == 200


def test_a_server_may_have_another_name_where_one_is_given(tmp_path: Path) -> None:
    authority = make(tmp_path, "authority")
    proof = make(tmp_path, "server", issuer=authority, host="api.example")
    with (
        serving({"/": Says()}, serves_with(proof)) as server,
        Reader(server.address, tls=Tls(str(authority.certificate), server_name="api.example")) as reader,
    ):
        assert reader.get("/").status == 200


def test_a_client_proves_who_it_is(tmp_path: Path) -> None:
    authority = make(tmp_path, "authority")
    proof = make(tmp_path, "server", issuer=authority, host="127.0.0.1")
    mine = make(tmp_path, "me", issuer=authority)
    with serving({"/": Says()}, serves_with(proof, clients=authority)) as server:
        tls = Tls(str(authority.certificate), str(mine.certificate), str(mine.key))
        with Reader(server.address, tls=tls) as reader:
            assert reader.get("/").status == 200
        with Reader(server.address, tls=Tls(str(authority.certificate))) as reader, pytest.raises(NoAnswer):
            reader.get("/")


def test_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    mine, other = make(tmp_path, "me"), make(tmp_path, "other")
    locked = make(tmp_path, "locked", password="nobody asks for it")
    text = tmp_path / "text"
    text.write_text("no certificate")
    with pytest.raises(NoAnswer, match="authority"):
        Reader("https://127.0.0.1:1", tls=Tls(str(text)))
    for key in (other.key, text, tmp_path / "missing"):
        with pytest.raises(NoAnswer, match="client certificate"):
            Reader("https://127.0.0.1:1", tls=Tls("", str(mine.certificate), str(key)))
    with pytest.raises(NoAnswer, match="client certificate"):
        Reader("https://127.0.0.1:1", tls=Tls("", str(locked.certificate), str(locked.key)))


def test_nobody_is_asked_for_the_password_of_a_key(tmp_path: Path) -> None:
    """OpenSSL asks on the terminal of the session, whatever the streams are: so there is one."""
    locked = make(tmp_path, "locked", password="nobody asks for it")
    program = f"""
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from readiness.http import NoAnswer, Reader, Tls
try:
    Reader("https://127.0.0.1:1", tls=Tls("", {str(locked.certificate)!r}, {str(locked.key)!r}))
except NoAnswer as refusal:
    print(refusal)
"""
    outer, inner = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdin=inner,
            capture_output=True,
            text=True,
            timeout=300,
            start_new_session=True,
        )
    finally:
        os.close(outer)
        os.close(inner)
    assert "the client certificate and its key cannot be used together" in done.stdout


@pytest.mark.parametrize(
    ("tail", "path", "query"), [("/hook/", "/hook/", {}), ("/hook?to=a%2Fb", "/hook", {"to": "a/b"}), ("", "/", {})]
)
def test_a_message_goes_to_the_address_as_it_is_written(tail: str, path: str, query: dict[str, str]) -> None:
    with serving({path: Says(200, b"thanks")}) as server, Sender(server.address + tail) as sender:
        assert sender.post(b'{"a": 1}').body == b"thanks"
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("POST", path, query)
    assert (asked.headers["content-type"], asked.headers["content-length"]) == ("application/json", "8")


@pytest.mark.parametrize("status", [429, 503, 302])
def test_a_message_is_said_once_whatever_the_server_says(status: int) -> None:
    says = Says(status, None, {"Retry-After": "0", **LOCATION})
    with serving({"/hook": says}) as server, Sender(server.address + "/hook") as sender:
        assert sender.post(b"{}").status == status
    assert len(server.asked) == 1


def test_a_query_in_the_path_stays() -> None:
    with serving({"/a": Says(200)}) as server, Reader(server.address) as reader:
        reader.get("/a?b=c%20d")
    assert server.asked[0].query == {"b": "c d"}


def test_with_one_attempt_the_first_answer_counts() -> None:
    busy = Says(503, None, {"Retry-After": "0"})
    with serving({"/": busy}) as server, Reader(server.address, attempts=1) as reader:
        assert reader.get("/").status == 503
    assert len(server.asked) == 1


def test_too_slow_is_told_from_refused() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Reader(f"http://127.0.0.1:{silent.getsockname()[1]}", bounds=Bounds(connect=0.1, seconds=0.1)) as reader,
        pytest.raises(TooSlow),
    ):
        reader.get("/")
    with Reader("http://127.0.0.1:1") as reader, pytest.raises(NoAnswer) as refused:
        reader.get("/")
    assert not isinstance(refused.value, TooSlow)


@pytest.mark.parametrize("secure", [False, True])
def test_another_thread_ends_what_is_being_read(secure: bool, tmp_path: Path) -> None:
    reading, over = threading.Event(), threading.Event()

    def drip(_asked: object) -> Says:
        reading.set()
        over.wait(240)
        return Says()

    wrap, tls = None, None
    if secure:
        authority = make(tmp_path, "authority")
        wrap = serves_with(make(tmp_path, "server", issuer=authority, host="127.0.0.1"))
        tls = Tls(ca_file=str(authority.certificate))
    outcome: list[object] = []
    with serving({"/": drip}, wrap=wrap) as server, Reader(server.address, tls=tls, stoppable=True) as reader:

        def read() -> None:
            try:
                outcome.append(reader.get("/"))
            except NoAnswer as end:
                outcome.append(end)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        assert reading.wait(120)
        reader.stop()
        thread.join(120)
        over.set()
        assert not thread.is_alive()
        assert isinstance(outcome[0], NoAnswer)
        with pytest.raises(NoAnswer):
            reader.get("/")
