"""Who is told, what arrives, and what receivers that misbehave cannot do."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.notify import Notifier, Several

from readiness.config.deploy import Notification
from readiness.sources.redaction import Redactor

ABOUT = {"service": "shop", "environment": "production", "run": "r1", "release": "v2-000000000000", "version": "v2"}
OK = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Server:
    """A receiver that answers with given bytes, and keeps the bodies that it got."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self.bodies: list[Any] = []
        self.heads: list[str] = []
        self._answer, self._socket = answer, socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(client)
            self._threads.append(threading.Thread(target=self._one, args=(client,), daemon=True))
            self._threads[-1].start()

    def _one(self, client: socket.socket) -> None:
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                data += _more(client)
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:"))
            while len(body) < length:
                body += _more(client)
            self.heads.append(head.decode())
            self.bodies.append(json.loads(body))
            self._answer(client)
        except OSError:
            return

    def close(self) -> None:
        # A thread that waits in a closed socket waits on, and takes what comes to the next one of the same number.
        self._shut(self._socket)
        self._threads[0].join(10)  # not every system wakes it by that
        for one in self._open:
            self._shut(one)
        for thread in self._threads[1:]:
            thread.join(10)
        for one in (self._socket, *self._open):
            one.close()

    @staticmethod
    def _shut(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _more(client: socket.socket) -> bytes:
    if data := client.recv(65536):
        return data
    raise ConnectionError


def says(data: bytes) -> Callable[[socket.socket], None]:
    def answer(client: socket.socket) -> None:
        client.sendall(data)
        client.close()

    return answer


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def warned() -> list[str]:
    return []


def notifier(wanted: list[dict[str, Any]], root: Path, warned: list[str], **known: str) -> Notifier:
    settings = [Notification.model_validate(one) for one in wanted]
    surroundings = {"PATH": os.environ["PATH"], **known}
    return Notifier(
        settings, ABOUT, root=root, surroundings=surroundings, redact=Redactor(known), warn=warned.append
    )  # fmt: skip


def test_a_webhook_gets_the_event(tmp_path: Path, warned: list[str]) -> None:
    with serving(says(OK)) as server:
        told = notifier([{"webhook": server.address}], tmp_path, warned)
        told.note("rolled back", why="errors: 7 % of 300, wanted at most 1 %", colour="green")
        told.close(60)
    (body,) = server.bodies
    assert body["event"] == "rolled-back"
    assert body["text"] == "shop · production: rolled back v2: errors: 7 % of 300, wanted at most 1 %"
    assert (body["run"], body["release"]) == ("r1", "v2-000000000000")
    assert body["details"] == {"why": "errors: 7 % of 300, wanted at most 1 %", "colour": "green"}
    assert body["at"]
    assert server.heads[0].startswith("POST /hook HTTP/1.1")
    assert warned == []


def test_a_command_gets_it_on_standard_input_and_in_its_environment(tmp_path: Path, warned: list[str]) -> None:
    script = tmp_path / "tell"
    script.write_text('#!/bin/sh\ncat > "$1.new"; env > around; mv "$1.new" "$1"\n')
    script.chmod(0o755)
    told = notifier([{"command": ["./tell", "got"]}], tmp_path, warned, SECRET="hunter2-hunter2")
    told.note("switched", release="v3-x", password="hunter2-hunter2")
    told.close(60)
    assert warned == []
    body = json.loads((tmp_path / "got").read_text())
    assert (body["event"], body["release"], body["details"]) == ("switched", "v3-x", {"password": "<SECRET>"})
    around = (tmp_path / "around").read_text().splitlines()
    assert "READINESS_EVENT=switched" in around
    assert "READINESS_RELEASE=v3-x" in around
    assert "READINESS_SERVICE=shop" in around
    assert not any("SECRET" in line for line in around)


@pytest.mark.parametrize(
    ("on", "heard"),
    [
        (["*"], ["switched", "rolled-back", "held"]),
        (["held"], ["held"]),
        (["rolled-back"], ["rolled-back"]),
        (["rolled back"], ["rolled-back"]),
        (["r*", "switched"], ["switched", "rolled-back"]),
        ([], []),
    ],
)
def test_only_named_events_are_told_in_their_order(
    tmp_path: Path, warned: list[str], on: list[str], heard: list[str]
) -> None:
    with serving(says(OK)) as server:
        told = notifier([{"webhook": server.address, "on": on}], tmp_path, warned)
        for what in ("switched", "rolled back", "held"):
            told.note(what)
        told.close(60)
    assert [b["event"] for b in server.bodies] == heard


def never(client: socket.socket) -> None:
    """Say nothing and hold the connection."""


def endless(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        client.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def dripping(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while True:
        client.sendall(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("answer", "timeout", "said"),
    [
        (never, 0.3, "no answer within"),
        (endless, 60, "larger than"),
        (dripping, 0.3, "did not end within|no answer"),
        (says(b""), 60, "did not get"),
        (says(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), 60, "answered 500"),
        (says(b"nonsense\r\n\r\n"), 60, "did not get"),
        (
            says(b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
            60,
            "redirects are not",
        ),
        (says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx"), 60, "did not get"),
    ],
)
def test_a_hostile_webhook_costs_one_warning(
    tmp_path: Path, warned: list[str], answer: Callable[[socket.socket], None], timeout: float, said: str
) -> None:
    import re

    with serving(answer) as server:
        told = notifier([{"webhook": server.address, "timeout": timeout}], tmp_path, warned)
        told.note("switched")
        told.note("committed")
        told.close(60)
    assert len(warned) == 1
    assert re.search(said, warned[0])
    assert "notification 1 (webhook)" in warned[0]
    assert server.address not in warned[0]


def test_a_redirect_does_not_carry_the_message_elsewhere(tmp_path: Path, warned: list[str]) -> None:
    with serving(says(OK)) as other:
        go = f"HTTP/1.1 307 Go\r\nLocation: {other.address}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(says(go)) as server:
            told = notifier([{"webhook": server.address}], tmp_path, warned)
            told.note("switched")
            told.close(60)
    assert len(server.bodies) == 1
    assert other.bodies == []


def test_one_that_hangs_holds_up_nobody_else_and_the_end_waits_a_bounded_time(
    tmp_path: Path, warned: list[str]
) -> None:
    with serving(never) as hanging, serving(says(OK)) as good:
        wanted = [{"webhook": hanging.address, "timeout": 60.0}] * 3
        told = notifier([*wanted, {"webhook": good.address}], tmp_path, warned)
        before = time.monotonic()
        for number in range(20):
            told.note("gate measured", n=number)
        assert time.monotonic() - before < 30, "whoever tells does not wait"
        until(lambda: len(good.bodies) == 20)
        before = time.monotonic()
        told.close(5)  # the last of the twenty may be under way: its body has come, its answer perhaps not
        assert time.monotonic() - before < 35
        assert [b["details"]["n"] for b in good.bodies] == list(range(20))
    assert len(warned) == 3
    assert all("did not get everything" in text for text in warned)


def test_all_that_hang_hold_up_the_end_no_longer_than_one(tmp_path: Path, warned: list[str]) -> None:
    with serving(never) as server:
        told = notifier([{"webhook": server.address, "timeout": 60.0}] * 60, tmp_path, warned)
        told.note("switched")
        before = time.monotonic()
        told.close(1)
        assert time.monotonic() - before < 50, "each of the sixty was waited for"


def test_messages_are_not_heaped_up_without_end(tmp_path: Path, warned: list[str]) -> None:
    with serving(never) as server:
        told = notifier([{"webhook": server.address, "timeout": 60.0}], tmp_path, warned)
        for _ in range(500):
            told.note("gate measured")
        told.close(0.1)
    assert len(warned) == 1
    assert "too many" in warned[0]


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not met():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def process(pid: int) -> bool:
    try:
        return b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("script", "timeout", "said"),
    [
        ("exit 3", 60, "it ended with 3"),
        ("echo no way hunter2-hunter2 >&2; exit 1", 60, "no way <SECRET>"),
        ("kill -9 $$", 60, "SIGKILL"),
        ("exec sleep 600", 0.5, "within 0.5 s"),
        ("exec sleep 600 <&- >&- 2>&-", 0.5, "within 0.5 s"),
    ],
)
def test_a_command_that_fails_costs_one_warning(
    tmp_path: Path, warned: list[str], script: str, timeout: float, said: str
) -> None:
    command = ["sh", "-c", script]
    told = notifier([{"command": command, "timeout": timeout}], tmp_path, warned, SECRET="hunter2-hunter2")
    told.note("switched")
    told.close(60)
    assert len(warned) == 1
    assert said in warned[0]


def test_a_command_that_writes_without_end_is_no_harm(tmp_path: Path, warned: list[str]) -> None:
    told = notifier([{"command": ["sh", "-c", "head -c 50000000 /dev/zero"]}], tmp_path, warned)
    told.note("switched")
    told.close(60)
    assert warned == []


def test_a_command_under_way_is_ended_with_the_run(tmp_path: Path, warned: list[str]) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600"
    told = notifier([{"command": ["sh", "-c", script], "timeout": 50.0}], tmp_path, warned)
    told.note("switched")
    until(pid.exists)
    told.close(0.1)
    until(lambda: not process(int(pid.read_text())))
    until(lambda: len(warned) == 1)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"command": ["no-such-program"]}, "no program no-such-program"),
        ({"command": []}, "empty command"),
        ({"command": ["./gone"]}, "did not get"),
        ({"webhook": {"from-env": "HOOK"}}, "the variable HOOK, which is not set"),
        ({"webhook": {"from-file": "gone"}}, "cannot be read"),
        ({"webhook": {"from-file": "ftp"}}, "neither http"),
        ({"webhook": "http://127.0.0.1:1/"}, "did not get"),
        ({"webhook": "http://[::1"}, "did not get"),
        ({"webhook": "http://no-such-host.invalid/"}, "did not get"),
    ],
)
def test_settings_that_cannot_work_are_said_when_it_is_needed(
    tmp_path: Path, warned: list[str], wanted: dict[str, Any], said: str
) -> None:
    (tmp_path / "ftp").write_text("ftp://127.0.0.1/")
    told = notifier([wanted], tmp_path, warned)
    told.note("switched")
    told.close(60)
    assert len(warned) == 1
    assert said in warned[0]


def test_an_address_by_reference_is_used_and_never_shown(tmp_path: Path, warned: list[str]) -> None:
    with serving(says(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as server:
        told = notifier([{"webhook": {"from-env": "HOOK"}}], tmp_path, warned, HOOK=server.address)
        told.note("failed", text=f"posting to {server.address} failed")
        told.close(60)
    (body,) = server.bodies
    assert server.address not in json.dumps(body)
    assert server.address not in warned[0]


def test_no_form_of_a_secret_is_sent(tmp_path: Path, warned: list[str]) -> None:
    import base64

    secret = 'p"w/d+hunter2'
    with serving(says(OK)) as server:
        told = notifier([{"webhook": server.address}], tmp_path, warned, DB=secret)
        coded = base64.b64encode(f"me:{secret}".encode()).decode()
        told.note("failed", why=f"login {secret}", header=f"Basic {coded}", deep=[{"x": secret}], **{secret: 1})
        told.close(60)
    (body,) = server.bodies
    for form in (secret, json.dumps(secret)[1:-1], coded):
        assert form not in json.dumps(body)
    assert "<DB>" in body["details"]["why"]


def test_a_command_is_told_no_secret_by_what_an_event_is_about(tmp_path: Path, warned: list[str]) -> None:
    told = notifier([{"command": ["sh", "-c", "env > around"]}], tmp_path, warned, SECRET="hunter2-hunter2")
    told.note("switched", version="v-hunter2-hunter2")
    told.close(60)
    assert "READINESS_VERSION=v-<SECRET>" in (tmp_path / "around").read_text().splitlines()


def test_whatever_is_noted_nothing_is_raised(tmp_path: Path, warned: list[str]) -> None:
    circle: list[Any] = []
    circle.append(circle)
    with serving(says(OK)) as server:
        told = notifier([{"webhook": server.address}], tmp_path, warned)
        told.note("circle", x=circle)
        told.note("surrogate", x="\udcff")
        told.note("large", x="y" * 1_000_000)
        told.note("path", x=Path("/a"))
        told.close(60)
        told.note("after the end")
        told.close(60)
    assert [b["event"] for b in server.bodies] == ["surrogate", "large", "path"]
    assert server.bodies[1]["cut"] is True


def test_several_journals_do_not_hurt_each_other() -> None:
    heard: list[tuple[str, Any]] = []

    class Bad:
        def note(self, what: str, **details: Any) -> None:
            raise RuntimeError

    class Good:
        def note(self, what: str, **details: Any) -> None:
            heard.append((what, details))

    Several([Bad(), Good()]).note("switched", n=1)
    assert heard == [("switched", {"n": 1})]
