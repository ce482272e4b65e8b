"""What a person at a terminal sees: a question, a picture that lives, and the ending below it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli.shop import CLI, LASTING, LONG, Shop

SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"


@dataclass
class Terminal:
    """A command on a terminal of its own."""

    folder: Path
    columns: int = 80
    seen: bytes = b""
    code: int | None = None
    master: int = -1
    pid: int = 0
    answered: list[bytes] = field(default_factory=list)

    def begin(self, *words: str) -> None:
        self.pid, self.master = pty.fork()
        if not self.pid:
            os.chdir(self.folder)
            for name in ("CI", "COLUMNS", "NO_COLOR"):
                os.environ.pop(name, None)
            os.environ["TERM"] = "xterm-256color"
            os.execv(CLI[0], [*CLI, *words])  # noqa: S606
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, self.columns, 0, 0))

    def until(self, what: Callable[[bytes], bool]) -> None:
        deadline = time.monotonic() + LONG
        while not what(self.seen):
            assert time.monotonic() < deadline, self.seen[-2000:]
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    piece = os.read(self.master, 65536)
                except OSError:
                    piece = b""
                if not piece:
                    return
                self.seen += piece

    def say(self, text: bytes) -> None:
        os.write(self.master, text)

    def end(self) -> int:
        self.until(lambda _: False)
        os.close(self.master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen.decode(errors="replace")).replace("\r", "")


def bakes(seen: bytes) -> bool:
    """Whether the bar of the bake was drawn, at whatever length."""
    return "━".encode() in seen or "┄".encode() in seen


@pytest.mark.parametrize("columns", [80, 44])
def test_a_deploy_is_asked_for_and_then_drawn(shop: Shop, columns: int):
    shop.settings(bake=LASTING)
    terminal = Terminal(shop.folder, columns)
    terminal.begin("deploy", "--version", "v1")
    terminal.until(lambda seen: b"[y/N]" in seen)
    assert "candidate    v1" in terminal.text
    terminal.say(b"y\n")
    terminal.until(lambda seen: bakes(seen) and b"home" in seen)
    shop.promote()
    assert terminal.end() == 0
    assert "✓ bake" in terminal.text
    assert "█" in terminal.text
    assert "home" in terminal.text
    last = terminal.text[terminal.text.rindex("shop · local: DEPLOYED v1") :]
    assert "serves    v1  blue" in last
    assert terminal.seen.rfind(SHOW_CURSOR) > terminal.seen.rfind(HIDE_CURSOR) >= 0


def test_who_says_no_has_changed_nothing(shop: Shop):
    terminal = Terminal(shop.folder)
    terminal.begin("deploy", "--version", "v1")
    terminal.until(lambda seen: b"[y/N]" in seen)
    terminal.say(b"\n")
    assert terminal.end() == 4
    assert "Nothing was changed" in terminal.text
    assert shop.run("keeper", "status").code == 3


def test_control_c_while_it_bakes_leaves_and_says_how_to_watch(shop: Shop):
    shop.settings(bake=LASTING)
    terminal = Terminal(shop.folder)
    terminal.begin("deploy", "--version", "v1", "--yes")
    terminal.until(bakes)
    terminal.say(b"\x03")
    assert terminal.end() == 8
    assert "readiness status --env local --watch" in terminal.text
    assert terminal.seen.rfind(SHOW_CURSOR) > terminal.seen.rfind(HIDE_CURSOR)
    shop.promote()
    shop.until(lambda seen: (seen["record"]["last"] or {}).get("outcome") == "deployed")


def test_a_terminal_that_goes_away_does_not_end_the_release(shop: Shop):
    shop.settings(bake=LASTING)
    terminal = Terminal(shop.folder)
    terminal.begin("deploy", "--version", "v1", "--yes")
    terminal.until(bakes)
    os.close(terminal.master)
    shop.promote()
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) in (0, 8)
    shop.until(lambda seen: (seen["record"]["last"] or {}).get("outcome") == "deployed")


def test_a_pipeline_that_imitates_a_terminal_gets_lines(shop: Shop):
    terminal = Terminal(shop.folder)
    terminal.pid, terminal.master = pty.fork()
    if not terminal.pid:
        os.chdir(shop.folder)
        os.environ |= {"CI": "true", "TERM": "xterm"}
        os.execv(CLI[0], [*CLI, "deploy", "--version", "v1", "--yes"])  # noqa: S606
    assert terminal.end() == 0
    assert HIDE_CURSOR not in terminal.seen
    assert "switched    → blue" in terminal.text


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_who_leaves_the_question_has_changed_nothing(shop: Shop, key: bytes):
    terminal = Terminal(shop.folder)
    terminal.begin("deploy", "--version", "v1")
    terminal.until(lambda seen: b"[y/N]" in seen)
    terminal.say(key)
    assert terminal.end() == 4
    assert "Nothing was changed" in terminal.text


def test_a_status_that_is_watched_is_drawn_until_control_c(shop: Shop):
    shop.deploy("v1")
    terminal = Terminal(shop.folder)
    terminal.begin("status", "--watch")
    terminal.until(lambda seen: "█".encode() in seen)
    terminal.say(b"\x03")
    assert terminal.end() == 0
    assert "shop · local: SERVES" in terminal.text
