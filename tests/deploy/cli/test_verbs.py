"""The verbs as a person uses them: real processes, a real keeper, a small real service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.shop import CLI, LASTING, LONG, Shop


def test_from_nothing_to_an_upgrade_and_back(shop: Shop):
    assert shop.status()["exit"] == 3
    first = shop.deploy("v1")
    assert (first.code, first.end["outcome"], first.end["stands_by"]) == (0, "deployed", None), first.err
    assert shop.answers() == first.end["release"] == first.end["serves"]["release"]
    second = shop.deploy("v2")
    assert (second.code, second.end["outcome"]) == (0, "deployed"), second.out
    assert second.end["stands_by"]["release"] == first.end["release"]
    assert second.end["next"] == "readiness rollback --env local"
    assert shop.answers() == second.end["release"]
    assert shop.deploy("v2").end["outcome"] == "nothing-to-do"
    back = shop.run("rollback", "--reason", "the colours", "--format", "json")
    assert (back.code, back.end["outcome"]) == (0, "rolled-back-as-asked"), back.err
    assert shop.answers() == first.end["release"]
    assert shop.status()["exit"] == 0
    runs = shop.run("history", "--format", "json").end["runs"]
    assert [(r["goal"], r["outcome"], r["reason"]) for r in runs] == [
        ("rollback", "rolled back as asked", "the colours"),
        ("deploy", "deployed", ""),
        ("deploy", "deployed", ""),
    ]
    told = shop.run("history", "--run", second.end["run"])
    assert told.code == 0, told.err
    assert f"switched    blue → green ({second.end['release']})" in told.out


def test_events_for_programs_are_objects_and_nothing_else_is_said(shop: Shop):
    done = shop.deploy("v1")
    names = [event.get("event") for event in done.events[:-1]]
    assert all(names)
    assert names.index("checked") < names.index("planned") < names.index("switched") < names.index("committed")
    assert [event.get("end", False) for event in done.events].count(True) == 1
    assert next(e for e in done.events if e["event"] == "measured")["gate"] == "home"


def test_a_pipe_gets_a_line_for_each_event_and_then_the_ending(shop: Shop):
    done = shop.run("deploy", "--version", "v1", "--yes")
    lines = [line[9:] for line in done.out.splitlines()]
    assert any(line.startswith("switched    → blue (v1-") for line in lines)
    assert sum(line.startswith("measured") for line in lines) == 1
    assert "shop · local: DEPLOYED v1" in done.out
    assert "\x1b" not in done.out


def test_a_release_that_answers_badly_is_taken_back(shop: Shop):
    first = shop.deploy("v1")
    shop.settings(bake=60)
    shop.version("v3", "--fail-after", "6")
    done = shop.run("deploy", "--version", "v3", "--yes")
    assert done.code == 5, done.out
    assert "ROLLED BACK v3" in done.out
    assert "gate home failed" in done.out
    assert "serves    v1" in done.out
    assert shop.answers() == first.end["release"]


def test_a_candidate_that_never_comes_up_is_taken_away(shop: Shop):
    first = shop.deploy("v1")
    shop.version("v3", "--fail-at-start")
    done = shop.deploy("v3")
    assert (done.code, done.end["outcome"]) == (4, "aborted")
    assert "does not stay up" in done.end["why"]
    assert shop.answers() == first.end["release"]
    shop.until(lambda seen: seen["colours"]["green"]["standing"] == "absent")


def test_a_plan_changes_nothing_and_says_what_forbids_it(shop: Shop):
    done = shop.run("deploy", "--version", "v1", "--plan")
    assert done.code == 0, done.err
    assert "serves now   nothing" in done.out
    assert "to do it: readiness deploy --env local --version v1" in done.out
    assert "asked now" not in done.out
    assert shop.run("keeper", "status").code == 3
    with Path("/dev/full").open("w") as full:
        lost = shop.end(shop.begin("deploy", "--version", "v1", "--plan", stdout=full))
    assert ("takes no more" in lost.err, "goes on" in lost.err) == (True, False)
    shop.deploy("v1")
    assert shop.run("freeze", "--reason", "audit", "--owner", "ada").code == 0
    shop.settings(bake=60)  # what is asked now are the gates after the switch
    refused = shop.deploy("v2", "--plan")
    assert (refused.code, refused.end["outcome"]) == (7, "refused")
    told = {event.get("event"): event for event in refused.events}
    assert "audit" in told["planned"]["plan"]["refusals"][0]["text"]
    assert (told["asked-now"]["gate"], told["asked-now"]["verdict"]) == ("home", "pass")
    assert shop.deploy("v2").end["next"] == "readiness unfreeze --env local"
    lifted = shop.run("unfreeze")
    assert "audit (ada, since" in lifted.out
    shop.settings()
    assert shop.deploy("v2").code == 0


def test_what_is_not_ready_is_refused_unless_somebody_says_why(shop: Shop):
    shop.settings(**{"bar: {score: 0, covered: 0}": "bar: {score: 100, covered: 0}"})
    refused = shop.deploy("v1")
    assert (refused.code, refused.end["outcome"]) == (7, "refused")
    assert "the candidate is NOT READY" in refused.end["why"]
    assert shop.run("keeper", "status").code == 3
    done = shop.deploy("v1", "--override-readiness", "a demonstration")
    assert done.code == 0, done.out
    (run,) = shop.run("history", "--format", "json").end["runs"]
    assert run["verdict"].startswith("NOT READY ")
    assert run["verdict"].endswith("overridden: a demonstration")


def test_an_approval_binds_to_the_plan(shop: Shop):
    shop.deploy("v1")
    shop.settings(more="      approval: required")
    waiting = shop.deploy("v2")
    assert (waiting.code, waiting.end["outcome"]) == (8, "waiting-for-approval"), waiting.out
    assert shop.status()["exit"] == 8
    assert shop.answers() == waiting.end["serves"]["release"] != waiting.end["release"]
    wrong = shop.run("promote", "--plan", "0000", "--format", "json")
    assert (wrong.code, wrong.end["outcome"]) == (7, "refused")
    plan = next(e for e in waiting.events if e["event"] == "planned")["plan"]["hash"]
    right = shop.run("promote", "--plan", plan[:12], "--format", "json")
    assert (right.code, right.end["outcome"]) == (0, "deployed"), right.err
    assert shop.answers() == waiting.end["release"]


# What it is about to watch may be over by then: it does not look before there is a file `go`.
LATE = """
import time
from pathlib import Path
from readiness.cli import main
from readiness.cli.deploying import asking
looks = asking.watched
def watched(*given):
    Path("parked").touch()
    while not Path("go").exists():
        time.sleep(0.05)
    return looks(*given)
asking.watched = watched
main()
"""


@pytest.mark.parametrize("late", [False, True])
def test_a_deploy_that_waits_for_its_approval_ends_with_what_became_of_it(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool
):
    shop.settings(more="      approval: required")
    said, go = tmp_path / "said", shop.folder / "go"
    if not late:
        go.touch()
    with monkeypatch.context() as held, said.open("w") as out:
        held.setattr("cli.shop.CLI", [sys.executable, "-c", LATE])
        words = ("--version", "v1", "--yes", "--wait-approval", "--format", "json")
        waiting = shop.begin("deploy", *words, stdout=out)
    shop.until(lambda _: (shop.folder / "parked").exists() if late else '"watching"' in said.read_text())
    assert shop.run("promote").code == 0
    go.touch()
    done = shop.end(waiting)
    assert (done.code, json.loads(said.read_text().splitlines()[-1])["outcome"]) == (0, "deployed"), done.err


def test_a_second_deploy_is_told_who_is_at_work(shop: Shop):
    shop.version("slow", "--ready-after", "3600")
    first = shop.begin("deploy", "--version", "slow", "--yes")
    shop.until_phase("preparing")
    second = shop.deploy("v2")
    assert (second.code, second.end["outcome"]) == (75, "busy")
    assert f"process {first.pid}" in second.end["why"]
    assert shop.run("abort", "--reason", "too slow").code == 4
    done = shop.end(first)
    assert done.code == 4
    assert "withdrew it: too slow" in done.out


def test_a_rollback_while_it_bakes_is_a_success_for_who_asked_only(shop: Shop):
    first = shop.deploy("v1")
    shop.settings(bake=LASTING)
    deploying = shop.begin("deploy", "--version", "v2", "--yes", "--format", "json")
    shop.until_phase("baking")
    assert shop.run("rollback").code == 0
    assert shop.end(deploying).code == 5
    assert shop.answers() == first.end["release"]


def test_promoting_while_it_bakes_ends_the_bake(shop: Shop):
    shop.settings(bake=LASTING)
    deploying = shop.begin("deploy", "--version", "v1", "--yes")
    shop.until_phase("baking")
    assert shop.run("promote").code == 0
    assert shop.end(deploying).code == 0


def test_a_deploy_that_does_not_wait_leaves_the_rest_to_the_guard(shop: Shop):
    shop.settings(bake=LASTING)
    done = shop.deploy("v1", "--no-wait")
    assert (done.code, done.end["outcome"]) == (8, "detached"), done.out
    shop.until_phase("baking")
    shop.promote()
    shop.until(lambda seen: (seen["record"]["last"] or {}).get("outcome") == "deployed")


def test_what_the_keeper_served_is_served_again(shop: Shop):
    first = shop.deploy("v1")
    assert shop.run("keeper", "stop").code == 0
    down = shop.run("status", "--format", "json")
    assert (down.code, down.end["next"]) == (6, "readiness keeper start --env local")
    assert shop.run("keeper", "start").code == 0
    shop.until(lambda seen: seen["colours"]["blue"]["standing"] == "ready")
    assert shop.answers() == first.end["release"]
    unit = shop.run("keeper", "unit").out
    assert f"hold {shop.state}" in unit


def test_releases_that_nobody_needs_are_taken_away(shop: Shop):
    for version in ("v1", "v2"):
        shop.deploy(version)
    shop.version("v3", "--fail-at-start")
    bad = shop.deploy("v3").end["release"]
    planned = shop.run("gc", "--keep", "0", "--plan")
    assert planned.out.startswith(f"would take away {bad}")
    assert (shop.state / "releases" / bad).exists()
    assert shop.run("gc", "--keep", "0").code == 0
    assert not (shop.state / "releases" / bad).exists()
    assert shop.run("rollback").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy"], "nobody is here to ask"),
        (["deploy", "--yes", "--env", "nowhere"], "has no environment `nowhere`"),
        (["history", "--run", "x"], "no run begins like that"),
        (["freeze", "--reason", " "], "wants words"),
        (["migrate", "--yes"], "deploy.migrations"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_done(shop: Shop, words: list[str], said: str):
    done = shop.run(*words)
    assert done.code == 2
    assert said in done.err
    assert not shop.state.exists()


def test_an_environment_without_a_way_of_being_shipped_gets_one_to_paste(shop: Shop):
    (shop.folder / "readiness.yaml").write_text(
        "service: shop\nenvironments:\n  local:\n    sources: {repository: .}\n"
    )
    done = shop.run("deploy", "--yes")
    assert done.code == 2
    snippet = done.err[done.err.index("    deploy:") : done.err.index("docs/deploying.md")]
    with (shop.folder / "readiness.yaml").open("a") as file:
        file.write(snippet)
    pasted = shop.run("deploy", "--plan", "--version", "versions/v1")
    assert pasted.code in (0, 7), pasted.err


def test_verbs_that_need_a_keeper_say_what_brings_one(shop: Shop):
    for verb in ("promote", "abort", "resume", "rollback"):
        done = shop.run(verb)
        assert done.code == 7
        assert "nothing was ever deployed here" in done.out
        assert "readiness deploy --env local" in done.out


@pytest.mark.parametrize("redirect", [">&-", "> /dev/full", "| head -1"])
def test_standard_output_that_goes_away_changes_nothing(shop: Shop, redirect: str):
    command = f'"$0" -c "$1" deploy --version v1 --yes {redirect}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command, CLI[0], CLI[2]], cwd=shop.folder, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "the work goes on" in done.stderr or redirect == ">&-"
    assert shop.seen()["record"]["last"]["outcome"] == "deployed"
