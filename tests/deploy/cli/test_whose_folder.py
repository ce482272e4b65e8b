"""The state folder that nobody chose is found by two names, and other settings may have the same ones."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.shop import LONG, Shop

DATABASE = "      migrations: {database: {from-env: SHOP_DATABASE}, sql: migrations}"


@pytest.fixture
def nameless(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop whose settings name no state folder; a link to the one that it gets lies where the tests look."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    shop.settings(**{f"state: {shop.state}": "keep: 600"})
    yield shop
    shop.run("keeper", "stop")


def another(tmp_path: Path, name: str, port: int, more: str = "") -> Shop:
    """A shop of the same names in a folder of its own, which names no state folder either."""
    made = Shop(tmp_path / name, port)
    made.folder.mkdir()
    made.settings(more=more, **{f"state: {made.state}": "keep: 600"})
    made.version("v1")
    return made


def test_another_project_of_the_same_names_does_not_take_what_serves(nameless: Shop, tmp_path: Path):
    first = nameless.deploy("v1").end["release"]
    folder = tmp_path / "home" / "readiness" / "shop" / "local"
    with socket.create_server(("127.0.0.1", 0)) as other:
        stranger = another(tmp_path, "stranger", other.getsockname()[1], DATABASE)
    refused = stranger.deploy("v1")
    assert (refused.code, refused.end["outcome"]) == (7, "refused")
    for said in (str(nameless.folder), str(folder), "`deploy.state`", str(folder / "settings.root")):
        assert said in refused.end["why"]
    begun = stranger.run("keeper", "start")
    assert (begun.code, "`deploy.state`" in begun.err) == (7, True)
    for changing in (
        ("keeper", "stop"),
        ("keeper", "upgrade"),
        ("gc", "--keep", "0"),
        ("migrate", "--version", "v1", "--yes"),
    ):
        done = stranger.run(*changing)
        assert (done.code, "`deploy.state`" in done.out + done.err) == (7, True), (changing, done)
    assert nameless.answers() == first
    moved = nameless.folder.rename(tmp_path / "moved")
    nameless.folder = moved
    assert nameless.deploy("v2").code == 0, "what is no more does not keep its folder from where it went"
    assert (folder / "settings.root").read_text() == str(moved)


def test_another_checkout_goes_back_in_an_emergency(nameless: Shop, tmp_path: Path):
    first = nameless.deploy("v1").end["release"]
    assert nameless.deploy("v2").code == 0
    checkout = another(tmp_path, "checkout", nameless.port)
    assert checkout.run("status").code == 0
    assert first in checkout.run("gc", "--plan").out
    back = checkout.run("rollback", "--reason", "v2 is bad", "--format", "json")
    assert (back.code, back.end["outcome"]) == (0, "rolled-back-as-asked"), back
    assert nameless.answers() == first


def test_where_nothing_was_deployed_the_folder_is_named(shop: Shop):
    for done in (shop.run("status"), shop.run("rollback")):
        assert f"nothing was ever deployed here: there is no record in {shop.state}" in done.out


def test_a_keeper_whose_folder_is_gone_is_named_and_can_be_ended(shop: Shop):
    shop.deploy("v1")
    shop.until_alone()  # nothing is written into the folder while it is taken away
    shutil.rmtree(shop.state)
    begun = shop.run("keeper", "start")
    assert begun.code == 1
    line = re.search(r"`kill (\d+)`", shop.deploy("v2").end["why"])
    assert line, begun
    assert line[0] in begun.err
    os.kill(int(line[1]), signal.SIGTERM)
    deadline = time.monotonic() + LONG
    while (again := shop.deploy("v2")).code != 0:
        assert time.monotonic() < deadline, again
    assert shop.answers() == again.end["release"]
