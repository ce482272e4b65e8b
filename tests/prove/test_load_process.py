"""The generator as a process of its own: what it prints, how it ends, and that it can be stopped."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from loopback import PATIENCE, Talk, eventually, polite, serving

COMMAND = [sys.executable, "-m", "readiness_prove.load"]
# A busy machine is not held against the generator, nor against the server.
PATIENT = ("--timeout", "60", "--connect-timeout", "60", "--lag-bound", "60000")


def ran(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=300, check=False, **more)


def started(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_one_account_in_json_and_for_people(tmp_path: Path) -> None:
    requests = tmp_path / "requests.json"
    requests.write_text('[{"method": "POST", "path": "/pay", "json": {"id": "${id}"}}]')
    record = tmp_path / "record.jsonl"
    options = (*PATIENT, "--rate", "100", "--count", "20", "--run", "p")
    with serving(polite) as server:
        told = ran(server.url, *options, "--json", "--requests", str(requests), "--record", str(record))
        for_people = ran(server.url, *options, "--no-keep-alive", "--arrivals", "poisson")
    assert (told.returncode, told.stderr) == (0, "")
    account = json.loads(told.stdout)
    assert (account["testimony"], account["planned"], account["answered"], account["lost"]) == ("none lost", 20, 20, 0)
    assert account["response"]["count"] == 20
    assert len(record.read_text().splitlines()) == 20
    assert {asked.body for asked in server.asked[:20]} == {b'{"id": "p-%d"}' % n for n in range(20)}
    assert (for_people.returncode, for_people.stderr) == (0, "")
    assert "poisson, keep-alive off" in for_people.stdout
    assert "answered  20  (20 × 200)" in for_people.stdout
    assert for_people.stdout.endswith("requests: none lost\n")


def test_a_lost_request_is_told_by_the_exit_code() -> None:
    with serving(lambda talk: talk.reset()) as server:
        told = ran(server.url, "--count", "2", "--rate", "100")
    assert told.returncode == 1
    assert "lost      2  (2 reset)" in told.stdout


def test_a_generator_that_saw_too_little_does_not_say_that_all_is_well() -> None:
    with serving(polite) as server:
        told = ran(server.url, "--count", "20", "--rate", "100", "--lag-bound", "0.000001")
    assert told.returncode == 3
    assert "doubt: the generator was late" in told.stdout
    assert told.stdout.endswith("requests: unknown\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_an_account(number: signal.Signals) -> None:
    with (
        serving(polite) as server,
        started(server.url, *PATIENT, "--rate", "100", "--seconds", "1000", "--json") as process,
    ):
        server.wait_for(10)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    account = json.loads(out)
    assert (process.returncode, err, account["testimony"]) == (0, "", "none lost")
    assert account["answered"] == len(server.asked)
    assert account["not_sent_reasons"] == {"stopped": 100_000 - len(server.asked)}


def test_a_second_signal_does_not_wait_for_answers() -> None:
    def hangs(talk: Talk) -> None:
        talk.request()
        talk.head()

    with (
        serving(hangs) as server,
        started(
            server.url, "--rate", "100", "--seconds", "1000", "--timeout", "1000", "--json", "--live", "0.02"
        ) as process,
    ):
        assert process.stdout
        server.wait_for(3)
        process.terminate()
        while json.loads(process.stdout.readline())["live"]["not_sent"] == 0:
            pass
        assert process.poll() is None, "it waits for its answers"
        process.terminate()
        account = json.loads(process.communicate(timeout=PATIENCE)[0].splitlines()[-1])
    assert process.returncode == 3
    assert account["lost_kinds"] == {"abandoned": account["planned"] - account["not_sent"]}


def test_marks_and_live_counts() -> None:
    with (
        serving(polite) as server,
        started(
            server.url, *PATIENT, "--rate", "100", "--seconds", "1000", "--json", "--live", "0.02", "--marks"
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        while (live := json.loads(process.stdout.readline())["live"])["answered"] < 5:
            pass
        process.stdin.write("switch\n")
        process.stdin.flush()
        # A thread of the generator reads it, whenever it gets its turn.
        nothing = struct.pack("i", 0)
        eventually(lambda: fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4)), lambda left: left == nothing)
        server.wait_for(len(server.asked) + 100)  # and what it read is not a mark at once
        process.terminate()
        account = json.loads(process.communicate(timeout=PATIENCE)[0].splitlines()[-1])
    assert live["counts"] == {"": {"2xx": live["answered"]}}
    (mark,) = account["marks"]
    assert mark["label"] == "switch"
    assert live["at"] < mark["at"] < account["seconds"]


def test_when_the_process_may_open_no_further_socket() -> None:
    def hangs(talk: Talk) -> None:
        talk.request()
        talk.head()

    with serving(hangs) as server:
        told = ran(
            server.url, "--rate", "500", "--count", "100", "--timeout", "1", "--json",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)),
        )  # fmt: skip
    account = json.loads(told.stdout)
    assert account["not_sent_reasons"].keys() == {"no-descriptor"}
    assert account["lost_kinds"] == {"timeout": 100 - account["not_sent"]}
    assert account["saturated"]


def test_more_sockets_than_the_shell_allows_by_itself() -> None:
    def hangs(talk: Talk) -> None:
        talk.request()
        talk.head()

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 200:
        pytest.skip(f"needs a limit of 200 open files, this system grants {hard}")
    with serving(hangs) as server:
        told = ran(
            server.url, "--rate", "500", "--count", "100", "--timeout", "1", "--json",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard)),
        )  # fmt: skip
    assert json.loads(told.stdout)["lost_kinds"] == {"timeout": 100}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://example.com/"], "error: the target 'example.com' is not known to be this machine"),
        (["http://127.0.0.1:1/", "--rate", "0"], "error: rate: wanted a number above 0, found 0"),
        (["http://127.0.0.1:1/", "--live", "-1"], "error: --live: wanted seconds, found -1"),
        (["http://127.0.0.1:1/a", "--requests", "r.json"], "error: the target has the path '/a'"),
        (["http://127.0.0.1:1/", "--requests", "/none.json"], "error: /none.json cannot be read: No such file"),
        (["http://127.0.0.1:1/", "--record", "/none/r"], "error: the record /none/r cannot be written: No such file"),
        (["http://127.0.0.1:1/", "--rate", "1000", "--seconds", "1e6"], "make the run shorter or slower"),
    ],
)
def test_loads_that_cannot_be_made(arguments: list[str], said: str) -> None:
    told = ran(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_nobody_reads_the_account() -> None:
    read, write = os.pipe()
    os.close(read)
    with serving(polite) as server:
        told = subprocess.run(
            [*COMMAND, server.url, *PATIENT, "--count", "2"],
            stdout=write, stderr=subprocess.PIPE, timeout=300, check=False,
        )  # fmt: skip
    os.close(write)
    assert (told.returncode, told.stderr) == (0, b"")


def test_the_load_generator_imports_nothing_but_the_standard_library() -> None:
    code = "import sys, readiness_prove.load.command; print(*{name.partition('.')[0] for name in sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    loaded = {name for name in told.stdout.split() if not name.startswith(("_", "readiness_prove"))}
    assert not loaded & {"readiness", "click", "httpx", "pydantic", "yaml", "rich", "kubernetes", "docker"}
