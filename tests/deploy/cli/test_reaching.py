"""References that lead nowhere stop a deploy before anything moves, and what is said then helps."""

from __future__ import annotations

import os
import re
import shlex
import signal

import pytest
from cli.shop import HOME, Shop

STOP = "stop: {drain: 1, grace: 1}"
WITH_KEY = {STOP: STOP + "\n        environment: {SHOP_KEY: {from-env: SHOP_KEY}}"}
LATER = "from-env: LATER"
ASKING = f"{{name: asks, command: {{run: ['true'], environment: {{X: {{{LATER}}}}}}}, interval: 0.5, timeout: 60}}"


def refused(shop: Shop, version: str) -> tuple[str, str]:
    """Why a deploy is refused, and what its plan says."""
    done = shop.deploy(version)
    assert (done.code, done.end["outcome"]) == (7, "refused"), done
    return done.end["why"], " ".join(shop.run("deploy", "--version", version, "--plan").out.split())


def test_a_variable_that_is_new_to_the_keeper_is_refused_and_the_advice_works(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shop.deploy("v1").end["release"]
    shop.settings(**WITH_KEY)
    monkeypatch.setenv("SHOP_KEY", "s3cret-of-the-shop")
    why, plan = refused(shop, "v2")
    assert "SHOP_KEY is to come from the variable SHOP_KEY, which the keeper was started without" in why
    assert "s3cret" not in plan
    pid = shop.seen()["colours"]["blue"]["pid"]
    for line in re.findall(r"`(readiness keeper [^`]+)`", plan):
        assert shop.run(*shlex.split(line)[1:]).code == 0
    assert shop.answers() == first
    assert shop.seen()["colours"]["blue"]["pid"] == pid
    keeper = shop.seen()["keeper"]
    os.kill(keeper["worker_pid"], signal.SIGKILL)
    shop.until(lambda seen: seen["keeper"]["worker_pid"] != keeper["worker_pid"])
    assert shop.deploy("v2").code == 0
    shop.until_alone()  # files come and go while it writes
    assert not [path for path in shop.state.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


def test_a_variable_that_is_not_there_is_not_handed_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    shop.deploy("v1")
    # The guard of the run outlives it by a moment; it is gone before what the refused commands left alone is compared.
    keeper = shop.until(lambda seen: seen["keeper"]["guard_pid"] is None and seen["keeper"])
    done = shop.run("keeper", "upgrade", "--variable", "SHOP_KEY")
    assert (done.code, "found none named SHOP_KEY" in done.err) == (2, True)
    done = shop.run("keeper", "start", "--variable", "PATH")
    assert (done.code, "--variable is for `keeper upgrade`" in done.err) == (2, True)
    monkeypatch.setenv("SHOP_KEY", "\udcff")
    done = shop.run("keeper", "upgrade", "--variable", "SHOP_KEY")
    assert (done.code, "wanted text in UTF-8" in done.err) == (2, True)
    assert shop.seen()["keeper"] == keeper


def test_without_a_keeper_it_is_to_be_set_for_the_command(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.settings(**WITH_KEY)
    monkeypatch.delenv("SHOP_KEY", raising=False)
    why, plan = refused(shop, "v1")
    assert "which is not set here" in why
    assert "set it for this command" in plan
    monkeypatch.setenv("SHOP_KEY", "s3cret-of-the-shop")
    assert shop.deploy("v1").code == 0


def test_a_file_is_looked_for_beside_the_settings(shop: Shop) -> None:
    shop.settings(**{STOP: STOP + "\n        environment: {SHOP_KEY: {from-file: keys/shop}}"})
    why, _ = refused(shop, "v1")
    assert f"the file {shop.folder}/keys/shop, which cannot be read" in why
    (shop.folder / "keys").mkdir()
    (shop.folder / "keys" / "shop").write_text("s3cret-of-the-shop")
    assert shop.deploy("v1").code == 0


def test_a_gate_after_the_switch_is_asked_with_what_the_keeper_has(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.deploy("v1").code == 0
    monkeypatch.setenv("LATER", "s3cret-of-a-gate")
    shop.settings(bake=60, **{HOME: ASKING})
    why, _ = refused(shop, "v2")
    assert "X of gate asks after the switch is to come from the variable LATER, which the keeper was started" in why
    shop.settings(**{HOME: ASKING})  # before the switch, where whoever deploys asks it
    assert shop.deploy("v2").code == 0


def test_the_keeper_need_not_know_the_database(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deploys applies the migrations. What may change the schema is no business of what serves."""
    assert shop.deploy("v1").code == 0
    monkeypatch.setenv("LATER", f"sqlite:///{shop.folder.parent / 'shop.db'}")
    shop.settings(more=f"      migrations: {{database: {{{LATER}}}, sql: migrations}}")
    shop.version("m1", migrations__001_sql="CREATE TABLE orders (id INTEGER);\n")
    assert shop.deploy("m1").code == 0
