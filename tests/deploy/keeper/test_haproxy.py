"""HAProxy moves the bytes: releases change under requests, and whoever dies, nothing is lost that was not in hand."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from keeper_data.certificates import certificate
from readiness_deploy.bluegreen import carry_out
from readiness_deploy.keeper.entry import BadEntry
from readiness_deploy.keeper.haproxy_text import program
from readiness_deploy.keeper.processes import CARRIER, alive, identity, marked
from readiness_deploy.keeper.start import Failure, start, stop, upgrade
from readiness_deploy.states import State

from keeper.rig import LONG, Rig, gone, holder, in_flight, release, until
from keeper.rig import program as program_with
from keeper.runs import intent, world

needed = pytest.mark.skipif(
    shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin") is None,
    reason="needs HAProxy: nothing of the carrier `haproxy` was tried",
)


@pytest.fixture
def carried(tmp_path: Path) -> Iterator[Rig]:
    """A keeper whose requests HAProxy carries, with v1 in blue; nobody holds the lock."""
    # A busy machine may take long to bring a colour back: requests wait for it as long as tests do.
    rig = Rig(tmp_path.resolve() / "a state", entry={"listen": "127.0.0.1:0", "carrier": "haproxy", "hold": LONG})
    rig.start()
    keeper = rig.deployer()
    rig.serve(keeper, "blue", release("v1"))
    keeper.unlock()
    keeper.close()
    yield rig
    rig.clean_up()


def carrier(rig: Rig) -> int:
    """The process id of the only HAProxy of this keeper."""

    def only() -> int | None:
        found = [one.identity.pid for one in marked(rig.state) if one.instance == CARRIER]
        return found[0] if len(found) == 1 else None

    return int(until(only, why=rig.journal))


def another(rig: Rig, before: int) -> int:
    return int(until(lambda: (now := carrier(rig)) != before and now, why=rig.journal))


def asked(rig: Rig, path: str, outcome: list[str]) -> threading.Thread:
    def ask() -> None:
        try:
            outcome.append(rig.get(path)[2])
        except OSError as fault:
            outcome.append(type(fault).__name__)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@needed
def test_a_deploy_and_its_rollback_lose_no_request(carried: Rig, tmp_path: Path) -> None:
    over = tmp_path / "over"
    load = subprocess.Popen(
        [sys.executable, "-m", "readiness_prove.load", f"http://127.0.0.1:{carried.port}/", "--rate", "200",
         "--seconds", "600", "--timeout", "60", "--lag-bound", "60000", "--until-file", str(over),
         "--release-header", "X-Release", "--json"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        until(lambda: carried.details()["traffic"]["blue"]["requests"] > 50)
        keeper, v2 = carried.deployer(), release("v2")
        end = carry_out(world(keeper, v2), intent(v2, "run-2"))
        assert (end.state, carried.record().selected) == (State.DONE, "green"), end.why
        served = carried.details()["traffic"]["green"]["requests"]
        until(lambda: carried.details()["traffic"]["green"]["requests"] > served + 50)
        until(lambda: carried.details()["lock"] is None)  # the guard may still have last words
        keeper.lock(holder())
        record = keeper.observe().record
        keeper.write(record.but(selected="blue", previous=None, retire_after=None))
        served = carried.details()["traffic"]["blue"]["requests"]
        until(lambda: carried.details()["traffic"]["blue"]["requests"] > served + 50)
        over.touch()
        said = json.loads(load.communicate(timeout=LONG)[0])
    finally:
        load.kill()
        load.wait()
    assert (load.returncode, said["lost"]) == (0, 0), said
    assert said["answered"] > 150, said


@needed
def test_a_selected_colour_has_every_request_from_that_instant(carried: Rig) -> None:
    keeper = carried.deployer()
    for turn, colour in enumerate(("green", "blue") * 5):
        carried.serve(keeper, colour, release(("v2", "v1")[turn % 2]))  # type: ignore[arg-type]
        assert {carried.get()[2] for _ in range(10)} == {("v2", "v1")[turn % 2]}


@needed
def test_the_death_of_the_worker_is_nothing_to_users(carried: Rig, tmp_path: Path) -> None:
    before, outcome = carrier(carried), []
    slow = asked(carried, f"/when?{tmp_path}/go", outcome)
    in_flight(carried, "blue", 1)
    with carried.load(fresh=True) as load:
        load.more(50)
        carried.kill("worker")
        load.more(200)
        until(lambda: carried.about()["restarts"] == 1)
        carried.serve(carried.deployer(take_over="it is ours"), "green", release("v2"))
        load.more(50)
    (tmp_path / "go").touch()
    slow.join(LONG)
    assert (load.faults, outcome, carrier(carried)) == ([], ["v1"], before)
    assert carried.get()[2] == "v2"
    assert carried.about()["cut"] == 0


@needed
def test_a_dead_haproxy_loses_what_it_had_in_hand_and_another_one_goes_on(carried: Rig) -> None:
    carried.serve(carried.deployer(), "green", release("v2"))
    before, outcome = carrier(carried), []
    slow = asked(carried, "/slow?3600", outcome)
    in_flight(carried, "green", 1)
    worker = int(carried.about()["worker_pid"])
    os.kill(worker, signal.SIGSTOP)  # so that nobody brings another one for a while
    known = identity(before)
    assert known is not None
    os.kill(before, signal.SIGKILL)
    until(lambda: not alive(known))  # what it still accepts, it takes with it
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(carried.get) for _ in range(20)]
        with socket.create_connection(("127.0.0.1", carried.port), timeout=LONG):
            pass
        assert not any(one.done() for one in waiting)
        os.kill(worker, signal.SIGCONT)
        assert {one.result(LONG)[2] for one in waiting} == {"v2"}
    slow.join(LONG)
    assert outcome in (["ConnectionResetError"], ["RemoteDisconnected"])
    assert another(carried, before)
    in_flight(carried, "green", 0)
    assert carried.about()["cut"] == 1


@needed
def test_a_haproxy_that_does_not_obey_is_replaced_before_the_switch_is_answered(carried: Rig) -> None:
    before = carrier(carried)
    keeper = carried.deployer()
    keeper.start("green", release("v2"))
    carried.standing("green", "ready")
    os.kill(before, signal.SIGSTOP)
    record = keeper.observe().record
    keeper.write(record.but(selected="green", slots={**record.slots, "green": release("v2")}))
    assert {carried.get()[2] for _ in range(5)} == {"v2"}
    assert another(carried, before)


@needed
def test_a_haproxy_that_the_machine_held_up_for_a_second_keeps_its_requests(carried: Rig, tmp_path: Path) -> None:
    """Five seconds stand for one, in the worker as here: a busy machine, which is late by some of them, does not make
    the difference."""
    stop(carried.state)
    carried.program = program_with(tmp_path, "from readiness_deploy.keeper import haproxy\nhaproxy._OBEYS_WITHIN *= 5")
    carried.start()
    carried.standing("blue", "ready")
    before, keeper, outcome = carrier(carried), carried.deployer(), []
    keeper.start("green", release("v2"))
    carried.standing("green", "ready")
    slow = asked(carried, f"/when?{tmp_path}/go", outcome)
    in_flight(carried, "blue", 1)
    record = keeper.observe().record
    os.kill(before, signal.SIGSTOP)
    going_on = threading.Timer(5 * 1.5, os.kill, (before, signal.SIGCONT))
    going_on.start()
    keeper.write(record.but(selected="green", slots={**record.slots, "green": release("v2")}))
    going_on.join()
    assert carried.get()[2] == "v2"
    (tmp_path / "go").touch()
    slow.join(LONG)
    assert (outcome, carrier(carried)) == (["v1"], before)


@needed
def test_a_stopped_colour_finishes_what_it_has(carried: Rig, tmp_path: Path) -> None:
    keeper, outcome = carried.deployer(), []
    carried.serve(keeper, "green", release("v2", stop={"drain": 600, "grace": 0.05}))
    slow = asked(carried, f"/when?{tmp_path}/go", outcome)
    in_flight(carried, "green", 1)
    carried.serve(keeper, "blue", release("v1"))
    keeper.stop("green")
    assert carried.details()["colours"]["green"]["standing"] == "stopping"
    (tmp_path / "go").touch()
    carried.standing("green", "absent")
    slow.join(LONG)
    assert outcome == ["v2"]


@needed
def test_requests_wait_for_a_colour_that_begins_again(carried: Rig) -> None:
    dying = identity(carried.details()["colours"]["blue"]["pid"])
    assert dying is not None
    with ThreadPoolExecutor(5) as pool:
        carried.get("/die", "POST")
        until(lambda: not alive(dying))  # until then it accepts connections, and takes them with it
        assert {one.result(LONG)[:2] for one in [pool.submit(carried.get) for _ in range(5)]} == {(200, "v1")}
    # HAProxy counts a request after its client has the answer.
    traffic = until(lambda: (t := carried.ask("traffic", colour="blue", window=60)).get("no_answer") and t)
    assert (traffic["no_answer"], traffic["errors"], traffic["quantiles"]) == (1, 0, {})


@needed
def test_errors_of_a_colour_are_counted_as_its_own(carried: Rig) -> None:
    carried.serve(carried.deployer(), "green", release("bad", "--fail-after", "0"))
    assert {carried.get()[0] for _ in range(5)} == {500}
    seen = until(lambda: (t := carried.ask("traffic", colour="green", window=60)).get("n") == 5 and t)
    assert (seen["errors"], seen["no_answer"]) == (5, 0)


@needed
def test_an_upgraded_keeper_takes_haproxy_over(carried: Rig) -> None:
    before = carrier(carried)
    with carried.load() as load:
        load.more(50)
        upgrade(carried.state, within=LONG)
        load.more(50)
        carried.serve(carried.deployer(), "green", release("v2"))
        load.more(50)
    assert (load.faults, carrier(carried), carried.get()[2]) == ([], before, "v2")


@needed
def test_a_worker_that_nobody_could_relieve_looks_after_haproxy_again(carried: Rig, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    running = "import os, sys\nfrom readiness_deploy.keeper import running\n"
    main = "sys.exit(running.main(sys.argv[1:], os.environ, program=(sys.executable, __file__)))\n"
    program.write_text(running + main)
    stop(carried.state)
    carried.program = (sys.executable, str(program))
    carried.start()
    carried.standing("blue", "ready")
    worker, before = carried.about()["worker_pid"], carrier(carried)
    program.write_text(running + "if sys.argv[1] == 'work': sys.exit('not today')\n" + main)
    with carried.load() as load:
        load.more(50)
        with pytest.raises(Failure, match="the keeper goes on as it was"):
            upgrade(carried.state, within=LONG)
        load.more(50)
        carried.serve(carried.deployer(), "green", release("v2"))
        load.more(50)
    assert (load.faults, carrier(carried), carried.get()[2]) == ([], before, "v2")
    assert carried.about()["worker_pid"] == worker
    os.kill(before, signal.SIGKILL)
    another(carried, before)
    assert carried.get()[2] == "v2"


@needed
def test_an_end_of_the_keeper_ends_haproxy_when_its_requests_have(carried: Rig, tmp_path: Path) -> None:
    outcome: list[str] = []
    slow = asked(carried, f"/when?{tmp_path}/go", outcome)
    in_flight(carried, "blue", 1)
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(stop, carried.state)
        until(lambda: "worker leaves" in carried.journal(), why=carried.journal)
        assert not ending.done()
        (tmp_path / "go").touch()
        assert ending.result(LONG)
    gone(carried)
    slow.join(LONG)
    assert (outcome, carried.processes()) == (["v1"], [])


@needed
def test_a_keeper_that_was_killed_whole_can_be_started_again(carried: Rig) -> None:
    about, before = carried.about(), carrier(carried)
    for name in ("holder_pid", "worker_pid"):
        os.kill(int(about[name]), signal.SIGSTOP)
    for name in ("holder_pid", "worker_pid"):
        os.kill(int(about[name]), signal.SIGKILL)
    gone(carried)
    carried.start()
    assert until(lambda: carried.get()[2] == "v1")
    assert another(carried, before)


@needed
def test_clients_cannot_say_who_they_are_unless_they_are_trusted(tmp_path: Path, echo: Callable[[Rig], str]) -> None:
    for trusted, told in (([], "127.0.0.1"), (["127.0.0.0/8"], "6.6.6.6, 127.0.0.1")):
        entry = {"listen": "127.0.0.1:0", "carrier": "haproxy", "trusted": trusted}
        rig = Rig(tmp_path.resolve() / f"state{len(trusted)}", entry=entry)
        try:
            rig.start()
            assert echo(rig) == told
        finally:
            rig.clean_up()


@pytest.fixture
def echo() -> Callable[[Rig], str]:
    """Asks a service that answers with what it was told of its client."""
    import http.client

    code = (
        "import http.server,os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        self.wfile.write(', '.join(self.headers.get_all('X-Forwarded-For', [])).encode())\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    )

    def ask(rig: Rig) -> str:
        rig.serve(rig.deployer(), "blue", release("v1", command=[sys.executable, "-c", code]))
        connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=LONG)
        connection.request("GET", "/", headers={"X-Forwarded-For": "6.6.6.6"})
        return connection.getresponse().read().decode()

    return ask


@needed
def test_a_request_that_announces_too_much_is_refused(tmp_path: Path) -> None:
    import http.client

    rig = Rig(tmp_path.resolve() / "state", entry={"listen": "127.0.0.1:0", "carrier": "haproxy", "body": 10})
    try:
        rig.start()
        rig.serve(rig.deployer(), "blue", release("v1"))
        statuses = []
        for size in (10, 11):
            connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=LONG)
            connection.request("POST", "/", body=b"x" * size)
            statuses.append(connection.getresponse().status)
            connection.close()
        assert statuses == [200, 413]
        for size in (2**31, 2**32 + 1):  # no number of 32 bits
            request = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\nx"
            assert said(rig, request).startswith("HTTP/1.1 413 ")
    finally:
        rig.clean_up()


def said(rig: Rig, request: str) -> str:
    """The beginning of what comes back."""
    with socket.create_connection(("127.0.0.1", rig.port), timeout=LONG) as connection:
        connection.sendall(request.encode())
        return connection.recv(65536).decode("latin-1")


@needed
@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_no_tunnel_leads_past_the_keeper(carried: Rig, method: str) -> None:
    target = "a:80" if method == "CONNECT" else "/"
    assert said(carried, f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n").startswith("HTTP/1.1 501 ")


@needed
def test_only_websockets_are_offered_to_the_service(tmp_path: Path) -> None:
    """With h2c, a client could send requests past the log, the limits and the route."""
    code = (
        "import http.server,os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        told = [self.headers.get(name, '') for name in ('Upgrade', 'Proxy')]\n"
        "        self.wfile.write(('<%s>' % ';'.join(told)).encode())\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    rig = Rig(tmp_path.resolve() / "state", entry={"listen": "127.0.0.1:0", "carrier": "haproxy"})
    heard = {}
    try:
        rig.start()
        rig.serve(rig.deployer(), "blue", release("v1", command=[sys.executable, "-c", code]))
        for asked in (
            "Upgrade: websocket",
            "Upgrade: h2c",
            "Upgrade: websocket, h2c",
            "Upgrade: h2c\r\nUpgrade: websocket",
            "Proxy: http://evil",
        ):
            with socket.create_connection(("127.0.0.1", rig.port), timeout=LONG) as connection:
                lines = ("GET / HTTP/1.1", "Host: a", "Connection: Upgrade", f"Sec-WebSocket-Key: {'A' * 22}==", asked)
                connection.sendall("\r\n".join((*lines, "", "")).encode())
                found = b""
                while b">" not in found:
                    found += connection.recv(65536)
            heard[asked] = found.partition(b"<")[2].partition(b">")[0].decode()
    finally:
        rig.clean_up()
    assert heard.pop("Upgrade: websocket") == "websocket;"
    assert set(heard.values()) == {";"}


@needed
def test_a_certificate_is_renewed_without_an_end_of_anything(tmp_path: Path) -> None:
    tls = certificate(tmp_path, 1)
    entry = {"listen": "127.0.0.1:0", "carrier": "haproxy", "tls": {"certificate": tls.certificate, "key": tls.key}}
    rig = Rig(tmp_path.resolve() / "state", entry=entry)
    try:
        about = rig.start()
        before = carrier(rig)

        def serial() -> int:
            pem = ssl.get_server_certificate(("127.0.0.1", rig.port))
            return x509.load_pem_x509_certificate(pem.encode()).serial_number

        assert serial() == 1
        certificate(tmp_path, 2)
        os.kill(int(about["holder_pid"]), signal.SIGHUP)
        until(lambda: serial() == 2, why=rig.journal)
        assert carrier(rig) == before
    finally:
        rig.clean_up()


@needed
def test_it_begins_also_where_descriptors_are_few(tmp_path: Path) -> None:
    rig = Rig(tmp_path.resolve() / "state", entry={"listen": "127.0.0.1:0", "carrier": "haproxy"})
    rig.program = ("/bin/sh", "-c", 'ulimit -n 1024; exec "$@"', "sh", *rig.program)
    try:
        rig.start()
        rig.serve(rig.deployer(), "blue", release("v1"))
        assert rig.get()[1] == "v1"
    finally:
        rig.clean_up()


def test_without_haproxy_it_is_said_what_to_do() -> None:
    with pytest.raises(BadEntry, match=r"there is no program haproxy here: install HAProxy 2\.4"):
        program("/nowhere", system="")


def test_an_old_haproxy_is_refused_before_anything_starts(tmp_path: Path) -> None:
    old = tmp_path / "haproxy"
    old.write_text("#!/bin/sh\necho HAProxy version 1.8.30\n")
    old.chmod(0o755)
    with pytest.raises(Failure, match=r"wanted HAProxy 2\.4 or later"):
        start(tmp_path / "state", {"listen": "127.0.0.1:0", "carrier": "haproxy"}, environment={"PATH": str(tmp_path)})
    assert not (tmp_path / "state").exists()


def test_an_unknown_carrier_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="wanted one of keeper, haproxy, found `pigeon`"):
        start(tmp_path / "state", {"listen": "127.0.0.1:0", "carrier": "pigeon"})
