"""Whoever is to be told of a deploy is told each event once, by the deployer or by the guard."""

from __future__ import annotations

from cli.shop import Shop


def test_each_event_of_a_whole_deploy_is_told_once(shop: Shop) -> None:
    words = "echo $READINESS_EVENT >> told"
    shop.settings(more=f"      notify: [{{command: [/bin/sh, -c, '{words}']}}]")
    assert shop.deploy("v1").code == 0
    shop.until_alone()
    said = (shop.folder / "told").read_text().splitlines()
    for event in ("announced", "switched", "baking", "committed"):
        assert said.count(event) == 1, said
