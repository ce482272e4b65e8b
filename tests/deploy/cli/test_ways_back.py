"""What a person is offered when things went wrong: a way that exists, and never one onto what was found to be bad."""

from __future__ import annotations

from pathlib import Path

from cli.shop import HOME, Shop


def test_a_second_rollback_does_not_bring_back_what_was_gone_back_from(shop: Shop):
    first, second = shop.deploy("v1"), shop.deploy("v2")
    assert shop.run("rollback").code == 0
    again = shop.run("rollback", "--format", "json")
    assert (again.code, again.end["outcome"]) == (7, "refused")
    assert shop.answers() == first.end["release"]
    named = shop.run("rollback", "--to", second.end["release"])
    assert (named.code, "ROLLED BACK AS ASKED" in named.out) == (0, True), named.out
    assert "last run  rolled back to v2 at" in shop.run("status").out, "what was started anew is gone back to as well"
    assert shop.answers() == second.end["release"]
    assert shop.run("rollback").code == 7, "the long way back is a way back as well"
    assert shop.answers() == second.end["release"]


def test_a_rollback_after_a_release_was_taken_back_does_not_serve_it_again(shop: Shop):
    first = shop.deploy("v1")
    shop.settings(bake=60)
    shop.version("v3", "--fail-after", "6")
    assert shop.deploy("v3").code == 5
    assert shop.run("rollback").code == 7
    assert shop.answers() == first.end["release"]


def test_a_bad_release_does_not_take_the_way_back_of_the_one_that_serves_again(shop: Shop):
    first, second = shop.deploy("v1"), shop.deploy("v2")
    shop.settings(bake=60)
    shop.version("v3", "--fail-after", "6")
    assert shop.deploy("v3").code == 5
    assert shop.answers() == second.end["release"]
    back = shop.run("rollback", "--reason", "v2 is bad too")
    assert back.code == 0, back.out + back.err
    assert shop.answers() == first.end["release"]
    assert shop.run("rollback").code == 7, "neither of the bad ones is the one before"


def test_a_first_release_that_nobody_asked_is_held_and_kept_by_a_person(shop: Shop):
    shop.settings(bake=1, **{HOME: "{name: errors, traffic: {max-error-ratio: 0.1}}"})
    done = shop.deploy("v1")
    assert (done.code, done.end["outcome"]) == (6, "held"), done.out
    assert done.end["next"].startswith("readiness promote --env local --reason")
    assert shop.status()["next"] == done.end["next"]
    assert shop.run("promote").code == 7
    kept = shop.run("promote", "--reason", "looked at it", "--format", "json")
    assert (kept.code, kept.end["outcome"]) == (0, "deployed")
    runs = shop.run("history", "--format", "json").end["runs"]
    assert [r["outcome"] for r in runs] == ["deployed"]


def test_the_command_that_a_plan_proposes_leads_to_the_same_release(shop: Shop, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere" / "built"
    shop.version("built")
    elsewhere.parent.mkdir()
    (shop.folder / "versions" / "built").rename(elsewhere)
    planned = shop.run("deploy", "--plan", "--version", str(elsewhere), "--format", "json").end
    assert planned["next"] == f"readiness deploy --env local --version {elsewhere}"


def test_a_candidate_in_the_place_of_the_release_before_is_not_called_that(shop: Shop):
    shop.deploy("v1")
    shop.deploy("v2")
    shop.settings(more="      approval: required")
    shop.version("v3")
    waiting = shop.deploy("v3")
    assert (waiting.code, waiting.end["stands_by"]) == (8, None), waiting.out
    said = shop.run("status").out
    assert "candidate v3" in said
    assert "stands by" not in said
