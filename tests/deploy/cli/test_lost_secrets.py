"""A keeper that was started without the secrets of what it is to serve: everybody says so, and the command cures it."""

from __future__ import annotations

import re
import shlex

import pytest
from cli.shop import Shop

STOP = "stop: {drain: 1, grace: 1}"
WITH_KEY = {STOP: STOP + "\n        environment: {SHOP_KEY: {from-env: SHOP_KEY}}"}
CURE = "readiness keeper upgrade --env local --variable SHOP_KEY"


def test_every_command_says_what_is_missing_and_the_one_that_is_advised_cures_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.settings(**WITH_KEY)
    monkeypatch.setenv("SHOP_KEY", "s3cret-of-the-shop")
    for version in ("v1", "v2"):
        assert shop.deploy(version).code == 0
    assert shop.run("keeper", "stop").code == 0
    monkeypatch.delenv("SHOP_KEY")
    begun = shop.run("keeper", "start")
    assert begun.code == 6, begun
    assert "SHOP_KEY is to come from the variable SHOP_KEY, which the keeper was started without" in begun.err
    assert begun.err.splitlines()[-1] == f"next: SHOP_KEY=… {CURE}"
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "dead")
    seen = shop.status()
    assert (seen["exit"], seen["next"]) == (6, f"SHOP_KEY=… {CURE}")
    resumed = shop.run("resume", "--format", "json")
    assert (resumed.code, resumed.end["outcome"], resumed.end["next"]) == (6, "held", f"SHOP_KEY=… {CURE}")
    assert resumed.end["unwell"].startswith("dead: it cannot be started: SHOP_KEY")
    back = shop.run("rollback")
    assert (back.code, "serves, untouched" in back.out) == (4, False)
    assert "Nothing has moved; what is selected is not ready." in back.out
    assert re.search(r"serves    v2 .* \(dead: it cannot be started: SHOP_KEY is to come", back.out)
    assert f"to give the keeper what it lacks: SHOP_KEY=… {CURE}" in back.out
    monkeypatch.setenv("SHOP_KEY", "s3cret-of-the-shop")
    advised = shop.status()["next"]
    assert advised == CURE, "what is set here is handed over as it is"
    assert shop.run(*shlex.split(advised)[1:]).code == 0
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "ready")
    assert shop.status()["exit"] == 0
