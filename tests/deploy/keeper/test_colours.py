"""Colours come up, are probed, are kept up while they serve, and go with everything that is theirs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.processes import Identity, alive, identity, in_session
from readiness_deploy.ports import Standing
from readiness_deploy.record import Release
from readiness_deploy.states import Phase

from keeper.rig import LONG, release, until


def test_a_colour_comes_up_and_is_counted(rig: Any, tmp_path: Path) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1", "--ready-when", str(tmp_path / "go")))
    view = until(lambda: (view := keeper.observe().colours["blue"]).probes and view)
    assert (view.standing, view.release, view.ready_for) == (Standing.STARTING, "v1", 0.0)
    (tmp_path / "go").touch()
    rig.standing("blue", "ready")
    until(lambda: keeper.observe().colours["blue"].streak >= 3)
    view = keeper.observe().colours["blue"]
    assert view.probes > view.streak
    assert 0 < view.ready_for < LONG
    assert view.restarts == 0


def test_starting_it_again_changes_nothing(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1"))
    pid = rig.standing("blue", "ready")["pid"]
    keeper.start("blue", rig.release("v1"))
    assert rig.details()["colours"]["blue"]["pid"] == pid
    assert len(rig.processes()) == 1


def test_another_release_in_the_slot_ends_the_first(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1"))
    first = rig.standing("blue", "ready")["pid"]
    keeper.start("blue", rig.release("v2"))
    until(lambda: (view := keeper.observe().colours["blue"]).release == "v2" and view.ready)
    assert first not in rig.processes()
    assert len(rig.processes()) == 1


def test_a_slot_that_is_being_emptied_shows_who_ends_and_for_whom(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1", "--ignore-term", stop={"drain": 0, "grace": 3600}))
    first = rig.standing("blue", "ready")["pid"]
    keeper.start("blue", rig.release("v2"))
    view = keeper.observe().colours["blue"]
    assert (view.standing, view.release, view.probes) == (Standing.STOPPING, "v1", 0)
    assert "release v1 is still ending here" in view.why
    assert "release v2 is started after it" in view.why
    os.kill(first, signal.SIGKILL)
    until(lambda: keeper.observe().colours["blue"].release == "v2")
    assert rig.standing("blue", "ready")["why"] == ""


def test_one_that_ends_before_it_served_stays_dead_and_says_why(rig: Any) -> None:
    rig.deployer().start("blue", rig.release("v1", "--fail-at-start"))
    view = rig.standing("blue", "dead")
    assert view["why"] == "it ended with exit code 2; it said last: no database"
    assert view["restarts"] == 0
    assert rig.processes() == []


def test_one_that_is_ready_and_ends_before_it_served_is_not_started_again(rig: Any) -> None:
    rig.deployer().start("blue", rig.release("v1"))
    rig.standing("blue", "ready")
    rig.tell("blue", "/die")
    view = rig.standing("blue", "dead")
    assert "exit code 3" in view["why"]
    assert view["restarts"] == 0


def test_a_signal_is_called_by_its_name(rig: Any) -> None:
    rig.deployer().start("blue", rig.release("v1"))
    os.kill(rig.standing("blue", "ready")["pid"], signal.SIGABRT)
    assert "it was ended by SIGABRT" in rig.standing("blue", "dead")["why"]


def test_one_that_is_not_ready_in_time_is_ended(rig: Any) -> None:
    wanted = {"interval": 0.05, "within": 10}  # the time in which it has to listen, so that it can be asked
    rig.deployer().start("blue", rig.release("v1", "--ready-after", "3600", ready=wanted))
    view = rig.standing("blue", "dead")
    assert view["why"].startswith("it was not ready within 10 s: GET /ready is answered with 503")
    assert rig.processes() == []


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({"command": ["/no/such/program"]}, "it cannot be started: No such file or directory"),
        ({"folder": "/no/such/folder"}, "lies in /no/such/folder, which is no folder here"),
        ({"command": []}, "names no command"),
        ({"command": "true"}, "says wrongly how it is run"),
        ({"ready": {"interval": "often"}}, "says wrongly how it is run"),
        ({"environment": {"KEY": {"from-env": "NOT_THERE"}}}, "KEY is to come from the variable NOT_THERE"),
        ({"environment": {"KEY": {"from-file": "/not/there"}}}, "KEY is to come from the file /not/there"),
        ({"environment": {"KEY": {}}}, "wanted `from-env` or `from-file`, found neither"),
    ],
)
def test_what_cannot_be_run_says_so(rig: Any, details: dict[str, Any], why: str) -> None:
    rig.deployer().start("blue", rig.release("v1", **details))
    assert why in rig.standing("blue", "dead")["why"]


def test_secrets_reach_the_process_and_nothing_else(idle: Any, tmp_path: Path) -> None:
    idle.environment |= {"HOST_SECRET": "s3cret/of-the-host", "UNDECLARED": "for-nobody"}
    (tmp_path / "key").write_text("key+from+file\n")
    idle.start()
    environment = {
        "PLAIN": "as it is",
        "PASSWORD": {"from-env": "HOST_SECRET"},
        "KEY": {"from-file": str(tmp_path / "key")},
    }
    keeper = idle.deployer()
    idle.serve(keeper, "blue", idle.release("v1", environment=environment))
    told = [idle.get(f"/env?{name}")[1] for name in ("PLAIN", "PASSWORD", "KEY", "UNDECLARED", "HOST_SECRET", "PORT")]
    assert told[:5] == ["as it is", "s3cret/of-the-host", "key+from+file", "", ""]
    assert told[5].isdecimal()
    keeper.start("green", idle.release("v2", "--say", "PASSWORD", "--fail-at-start", environment=environment))
    assert "PASSWORD=<PASSWORD>" in idle.standing("green", "dead")["why"]
    pid = idle.details()["colours"]["blue"]["pid"]
    seen = str(idle.details()).encode() + Path(f"/proc/{pid}/cmdline").read_bytes()
    for path in idle.state.rglob("*"):
        # What a process prints of its own will is its own.
        if path.is_file() and path.name != "green.log":
            seen += path.read_bytes()
    for secret in (b"s3cret/of-the-host", b"key+from+file", b"for-nobody"):
        assert secret not in seen


def test_a_selected_colour_that_dies_is_started_again(serving: Any) -> None:
    before = serving.details()["colours"]["blue"]
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: serving.details()["colours"]["blue"]["restarts"] == 1)
    after = serving.standing("blue", "ready")
    assert after["pid"] != before["pid"]
    assert after["why"].startswith("it was started again, because it was ended by SIGKILL; it said last: ")
    assert serving.get()[1] == "v1"


def test_one_that_keeps_dying_is_started_again_and_again_more_slowly(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"))
    for restarts in (1, 2, 3):
        serving.standing("green", "ready")
        serving.tell("green", "/die")
        until(lambda restarts=restarts: serving.details()["colours"]["green"]["restarts"] == restarts)
    assert "exit code 3" in serving.journal()


def test_the_one_to_go_back_to_is_kept_up_too(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2"), previous="blue", retire_after=3600.0)
    os.kill(serving.details()["colours"]["blue"]["pid"], signal.SIGKILL)
    until(lambda: serving.details()["colours"]["blue"]["restarts"] == 1)
    serving.standing("blue", "ready")


def test_one_that_is_unready_is_not_ended(serving: Any) -> None:
    pid = serving.get("/pid")[1]
    serving.get("/fail", "POST")
    view = serving.standing("blue", "unready")
    assert view["why"] == "GET /ready is answered with 503"
    assert str(view["pid"]) == pid


def test_nothing_of_a_colour_is_left_in_whatever_session(rig: Any) -> None:
    rig.deployer().start("blue", rig.release("v1", "--spawn"))
    rig.standing("blue", "ready")
    assert len(rig.processes()) == 2
    rig.deployer(take_over="to go on").stop("blue")
    rig.standing("blue", "absent")
    assert rig.processes() == []


def test_children_of_one_that_died_do_not_live_beside_the_next(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2", "--spawn"))
    os.kill(serving.details()["colours"]["green"]["pid"], signal.SIGKILL)
    until(lambda: serving.details()["colours"]["green"]["restarts"] == 1)
    serving.standing("green", "ready")
    assert len(serving.processes()) == 3  # blue; green and its child


def test_children_of_one_that_died_while_there_was_no_worker_do_not_live_beside_the_next(serving: Any) -> None:
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2", "--spawn"))
    before = serving.details()["colours"]["green"]["pid"]
    worker = serving.about()["worker_pid"]
    os.kill(worker, signal.SIGSTOP)  # so that it does not see the colour die
    os.kill(before, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    until(lambda: serving.details()["colours"]["green"]["pid"] not in (None, before))
    serving.standing("green", "ready")
    # blue; green and its child. Whom nobody waits for dies some time after it was told to.
    until(lambda: len(serving.processes()) == 3, why=serving.processes)


@pytest.fixture
def with_unmarked(tmp_path: Path) -> Iterator[tuple[Release, Callable[[], list[Identity]]]]:
    """A release each of whose processes has a child that shows no mark and hears no SIGTERM, as servers have that write
    their title over their environment; and which of these children live."""
    children = tmp_path / "children"
    child = f"env -i sh -c 'trap \"\" TERM; echo $$ >> {children}; while :; do sleep 1; done'"
    first = release("v1").details["command"]

    def living() -> list[Identity]:
        pids = map(int, children.read_text().split()) if children.exists() else ()
        return [one for pid in pids if (one := identity(pid))]

    yield release("v1", command=["/bin/sh", "-c", f'{child} & exec "$@"', "sh", *first]), living
    for one in living():
        os.kill(one.pid, signal.SIGKILL)


def test_children_without_a_mark_do_not_outlive_a_process_that_died(rig: Any, with_unmarked: Any) -> None:
    wanted, living = with_unmarked
    rig.serve(rig.deployer(), "blue", wanted)
    for restarts in (1, 2):
        (before,) = until(living)
        os.kill(rig.details()["colours"]["blue"]["pid"], signal.SIGKILL)
        until(lambda restarts=restarts: rig.details()["colours"]["blue"]["restarts"] == restarts)
        assert not alive(before)
        rig.standing("blue", "ready")


def test_children_without_a_mark_are_gone_when_a_colour_is(rig: Any, with_unmarked: Any) -> None:
    wanted, living = with_unmarked
    keeper = rig.deployer()
    keeper.start("blue", wanted)
    until(living)
    rig.standing("blue", "ready")
    before = rig.kill("worker")  # the next one did not start it, and ends it all the same
    until(lambda: rig.about()["worker_pid"] != before)
    keeper.stop("blue")
    rig.standing("blue", "absent")
    assert living() == []


def test_a_session_is_that_of_the_process_that_began_it_and_of_no_other_with_its_id(tmp_path: Path) -> None:
    script = f"sleep 600 & sleep 600 & echo $! > {tmp_path}/last; wait"
    leader = subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True)
    try:
        until(lambda: (tmp_path / "last").exists() and (tmp_path / "last").read_text().strip())
        known = identity(leader.pid)
        assert known is not None
        until(lambda: len(list(in_session(known))) == 3)
        assert list(in_session(replace(known, started=known.started - 1))) == []
        leader.kill()
        leader.wait(LONG)
        assert len(list(in_session(known))) == 2
        assert list(in_session(replace(known, started=known.started + 10**6))) == []
    finally:
        os.killpg(leader.pid, signal.SIGKILL)


def test_one_that_ignores_sigterm_is_killed_after_the_grace(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1", "--ignore-term", stop={"drain": 0, "grace": 0.5}))
    rig.standing("blue", "ready")
    keeper.stop("blue")
    rig.standing("blue", "absent")
    assert rig.processes() == []
    events = [json.loads(line) for line in rig.journal().splitlines() if line.startswith("{")]
    drained, stopped = (
        next(datetime.fromisoformat(one["at"]) for one in events if one["what"] == what)
        for what in ("colour drained", "colour stopped")
    )
    assert (stopped - drained).total_seconds() > 0.4


def test_what_is_in_flight_ends_before_the_colour_does(serving: Any, tmp_path: Path) -> None:
    """Also where the program has no patience of its own."""
    keeper = serving.deployer()
    serving.serve(keeper, "green", serving.release("v2", "--abrupt"))
    got: list[Any] = []
    asking = threading.Thread(target=lambda: got.append(serving.get(f"/when?{tmp_path}/go")))
    asking.start()
    until((tmp_path / "go.heard").exists)  # before, it would follow the route
    record = keeper.observe().record
    keeper.write(record.but(selected="blue"))
    keeper.stop("green")
    assert serving.get()[1] == "v1"
    assert got == []
    (tmp_path / "go").touch()
    asking.join(LONG)
    assert got == [(200, "v2", "v2")]
    serving.standing("green", "absent")


def test_a_stop_that_the_worker_did_not_live_to_finish_is_finished(rig: Any) -> None:
    keeper = rig.deployer()
    keeper.start("blue", rig.release("v1", "--ignore-term", stop={"drain": 0, "grace": 1}))
    rig.standing("blue", "ready")
    keeper.stop("blue")
    rig.kill("worker")
    rig.standing("blue", "absent")
    assert rig.processes() == []


def test_a_process_that_nobody_accounts_for_is_ended(serving: Any) -> None:
    """As one that a worker started in the instant before it was killed."""
    stray = subprocess.Popen(
        ["sleep", "3600"],
        env={"PATH": os.environ["PATH"], "READINESS_KEEPER": str(serving.state), "READINESS_INSTANCE": "unknown"},
        start_new_session=True,
    )
    serving.kill("worker")
    assert stray.wait(LONG) == -signal.SIGKILL
    assert serving.get()[1] == "v1"


def test_the_log_of_a_colour_stays_within_its_bounds(serving: Any) -> None:
    """Also one that grew far beyond them since the last look: what is kept is the end of it, in whole lines."""
    log, kept = serving.state / "log" / "blue.log", serving.state / "log" / "blue.log.1"
    number = 3 << 20
    text = b"".join(b"%08d\n" % line for line in range(number))
    worker = serving.about()["worker_pid"]
    os.kill(worker, signal.SIGSTOP)  # what is written while it cuts would be lost
    try:
        with log.open("ab") as file:
            file.write(text)
    finally:
        os.kill(worker, signal.SIGCONT)
    until(lambda: log.stat().st_size < 1 << 20)
    lines = kept.read_bytes().splitlines()
    assert (8 << 20) - 9 <= kept.stat().st_size <= 8 << 20
    assert lines == [b"%08d" % line for line in range(number - len(lines), number)]
    assert kept.stat().st_mode & 0o777 == 0o600


def test_clients_never_have_the_descriptors_that_the_colours_need(idle: Any) -> None:
    few = 'ulimit -n 128; exec "$@"'
    idle.program = ("/bin/sh", "-c", few, "sh", *idle.program)
    idle.start()
    keeper = idle.deployer()
    idle.serve(keeper, "blue", idle.release("v1"))
    with ExitStack() as held:
        for _ in range(128):
            client = held.enter_context(socket.create_connection(("127.0.0.1", idle.port)))
            client.sendall(b"GET / HTTP/1.1\r\n")
        until(lambda: '"connections full"' in idle.journal())
        keeper.start("green", idle.release("v2"))
        idle.standing("green", "ready")
        assert '"accept failed"' not in idle.journal()
    assert idle.get()[1] == "v1"
    assert idle.details()["colours"]["blue"]["restarts"] == 0
    assert idle.journal().count('"connections lowered","wanted":4096,"number":32,"descriptors":128') == 1


def test_a_port_that_somebody_takes_meanwhile_costs_another_attempt(rig: Any, tmp_path: Path) -> None:
    with socket.socket() as stranger:
        # The stranger: this test. It has the port that the first attempt is given, as soon as that is known.
        first = rig.release("v1").details["command"]
        keeper = rig.deployer()
        wrapper = ["/bin/sh", "-c", f'test -e {tmp_path}/go && exec "$@"; echo $PORT > {tmp_path}/port; '
                   f'until test -e {tmp_path}/go; do sleep 0.01; done; exit 1', "sh", *first]  # fmt: skip
        keeper.start("blue", Release(id="v1", version="v1", details={**rig.release("v1").details, "command": wrapper}))
        port = until(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text().strip())
        stranger.bind(("127.0.0.1", int(port)))
        stranger.listen()
        (tmp_path / "go").write_text("")
        view = rig.standing("blue", "ready")
        assert not view["address"].endswith(f":{port}")
        assert view["restarts"] == 0


def test_nothing_is_kept_up_that_a_run_gave_up(serving: Any) -> None:
    keeper = serving.deployer()
    keeper.write(keeper.observe().record.but(phase=Phase.STABLE))
    serving.serve(keeper, "green", serving.release("v2"), previous="blue")
    record = keeper.observe().record
    keeper.write(record.but(selected="blue", previous=None))
    os.kill(serving.details()["colours"]["green"]["pid"], signal.SIGKILL)
    assert serving.standing("green", "dead")["restarts"] == 0


def test_four_words_in_braces_are_filled_in_and_no_others(rig: Any) -> None:
    texts = {"A": "{release} {version} {colour}", "B": "{other} { } {{port}} {", "C": "{port}"}
    rig.serve(rig.deployer(), "blue", rig.release("v1", environment=texts))
    address = rig.details()["colours"]["blue"]["address"]
    port = address.rpartition(":")[2]
    said = [rig.get(f"/env?{name}")[1] for name in "ABC"]
    assert said == ["v1 v1 blue", "{other} { } {" + port + "} {", port]
