"""The real process: it starts, answers, and ends in order on SIGTERM."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import free_port

SOURCE = Path(__file__).parents[1] / "src"


class Service:
    """`payments serve` in a folder of its own, on SQLite."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "PORT": str(self.port),
            "PAYMENTS_RELEASE": "r-1",
            "PAYMENTS_COLOUR": "green",
        }
        self.folder = folder
        self.lines: list[str] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "payments", *arguments]

    def start(self) -> None:
        subprocess.run(
            self.command("migrate"), cwd=self.folder, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )
        self.process = subprocess.Popen(
            self.command("serve"), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "Booting worker" in line:
                return
        pytest.fail("the service ended before it was up: " + "".join(self.lines))

    def end(self) -> int:
        rest, _ = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    service.start()
    with service.process:
        yield service
        service.process.kill()


def test_it_answers_with_its_identity_and_logs_json(service: Service) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/ready", timeout=20) as answer:
        assert answer.headers["X-Payments-Release"] == "r-1"
        assert json.load(answer)["colour"] == "green"
    probe = subprocess.run(service.command("probe"), env=service.environment, timeout=20, check=False)
    assert probe.returncode == 0
    service.process.send_signal(signal.SIGTERM)
    assert service.end() == 0
    assert all(json.loads(line)["level"] for line in service.lines)


def test_sigterm_lets_a_request_in_flight_finish(service: Service) -> None:
    body = b'{"order_id": "A-1", "amount": 5, "currency": "EUR"}'
    head = "POST /payment HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as customer:
        # A first answer on the same connection shows that a thread has it; then half of a request.
        customer.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _answer(customer).status == 200
        customer.sendall(head.encode() + body[:10])
        told = threading.Event()
        watcher = threading.Thread(target=_await_term, args=(service, told))
        watcher.start()
        service.process.send_signal(signal.SIGTERM)
        assert told.wait(20), "no word of the signal in the log"
        customer.sendall(body[10:])
        assert _answer(customer).status == 201
        # The connection was announced as kept alive: what comes on it is still answered, and told that it is the last.
        customer.sendall(b"GET /payment/A-1 HTTP/1.1\r\nHost: x\r\n\r\n")
        last = _answer(customer)
        watcher.join(20)
    assert (last.status, last.headers["Connection"]) == (200, "close")
    assert service.process.wait(30) == 0


def _answer(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer


def _await_term(service: Service, told: threading.Event) -> None:
    assert service.process.stdout is not None
    for line in service.process.stdout:
        if "Handling signal: term" in line:
            told.set()


def test_the_probe_says_no_when_nobody_answers(tmp_path: Path) -> None:
    idle = Service(tmp_path)
    assert (
        subprocess.run(idle.command("probe"), env=idle.environment, check=False, stderr=subprocess.DEVNULL).returncode
        == 1
    )
