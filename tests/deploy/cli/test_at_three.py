"""What is typed at three in the morning: whatever is said next works, and says what is so."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cli.shop import LASTING, LONG, Shop


def serving(shop: Shop) -> str:
    return str(shop.seen()["record"]["slots"][shop.seen()["record"]["selected"]]["version"])


def pasted(shop: Shop, line: str) -> Any:
    """A command line that was printed, as it stands there."""
    words = shlex.split(line)
    assert words[0] == "readiness"
    return shop.run(*words[1:])


def test_what_serves_is_not_shipped_onto_itself_after_a_stop(shop: Shop):
    shop.deploy("v1")
    shop.deploy("v2")
    shop.run("keeper", "stop")
    again = shop.deploy("v2")
    assert (again.code, again.end["outcome"]) == (0, "nothing-to-do")
    assert serving(shop) == "v2"
    assert shop.run("rollback").code == 0
    assert serving(shop) == "v1"


def test_a_torn_record_leads_to_a_command_that_works(shop: Shop):
    shop.deploy("v1")
    shop.deploy("v2")
    shop.run("keeper", "stop")
    (shop.state / "route.json").write_text('{"for')
    shop.run("keeper", "start")
    shop.until_phase("held")
    shop.until(lambda seen: {view["standing"] for view in seen["colours"].values()} <= {"ready", "absent"})
    held = shop.status()
    assert held["exit"] == 6
    assert pasted(shop, held["next"]).code == 0
    assert shop.status()["exit"] == 0
    assert shop.answers()


def test_a_resume_with_nothing_to_do_leaves_the_history_as_it_is(shop: Shop):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    running = shop.begin("deploy", "--version", "v2", "--yes", "--format", "json")
    shop.until_phase("baking")
    shop.run("rollback")
    shop.end(running)
    shop.until_alone()
    before = shop.run("history").out
    assert shop.run("resume").code == 0
    assert shop.run("history").out == before


def test_a_run_that_another_one_superseded_is_recorded_so(shop: Shop):
    shop.settings(more="      approval: required")
    first = shop.deploy("v1")
    assert first.code == 8
    shop.settings()
    assert shop.deploy("v2").code == 0
    runs = shop.run("history", "--format", "json").end["runs"]
    assert {run["version"]: run["outcome"] for run in runs} == {"v1": "superseded", "v2": "deployed"}


def test_a_release_to_go_back_to_that_is_not_here_is_a_wrong_flag(shop: Shop):
    release = shop.deploy("v1").end["release"]
    done = shop.run("rollback", "--to", "v1", "--format", "json")
    assert done.code == 2
    assert f"nearest: {release}" in done.err
    assert "readiness gc --env local --plan` lists them" in done.err


def test_an_entry_that_is_not_in_force_is_said(shop: Shop):
    shop.deploy("v1")
    entry = f'entry: {{listen: "127.0.0.1:{shop.port}"}}'
    shop.settings(**{entry: entry.replace("}", ", idle: 7}")})
    said = "`entry.idle` of the settings is not in force: `readiness keeper stop --env local --keep-colours`, then"
    assert said in shop.run("status").out
    assert json.loads(shop.run("status", "--format", "json").out)["entry"].startswith(said)
    assert said in shop.run("deploy", "--version", "v2", "--plan").out.replace("\n", " ")
    shipped = shop.deploy("v2").end
    assert shipped["exit"] == 0
    assert shipped["entry"].startswith(said)
    assert said in shop.run("keeper", "upgrade").out
    for verb in (("stop", "--keep-colours"), ("start",)):
        assert shop.run("keeper", *verb).code == 0
    assert "not in force" not in shop.run("status").out


def test_a_keeper_that_is_ending_says_so_and_a_start_waits_for_it(shop: Shop, tmp_path: Path):
    shop.deploy("v1")
    with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", shop.port)) as slow:
        slow.sendall(f"GET /when?{tmp_path}/go HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        while not (tmp_path / "go.heard").exists():
            time.sleep(0.02)
        stopping = shop.begin("keeper", "stop")
        while not shop.seen()["keeper"]["leaving"]:
            time.sleep(0.02)
        starting = pool.submit(shop.run, "keeper", "start")
        assert "the keeper is ending: process " in shop.run("keeper", "status").out
        (tmp_path / "go").touch()
        assert shop.end(stopping).code == starting.result(LONG).code == 0
    shop.until(lambda seen: seen["colours"]["blue"]["standing"] == "ready")
    assert serving(shop) == "v1"


@pytest.mark.parametrize("words", [("resume",), ("deploy", "--version", "v2", "--yes")])
def test_who_comes_while_the_guard_watches_watches_too(shop: Shop, words: tuple[str, ...]):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    left = shop.run("deploy", "--version", "v2", "--yes", "--no-wait")
    assert left.code == 8
    shop.until(lambda seen: (seen["lock"] or {}).get("guard"))
    other = shop.deploy("v1")
    assert (other.code, "the guard watches run" in other.end["why"]) == (75, True)
    watching = shop.begin(*words, "--format", "json")
    assert watching.stdout is not None
    while (line := watching.stdout.readline()) and '"event": "watching"' not in line:
        pass
    shop.promote()
    done = shop.end(watching)
    assert (done.code, done.end["outcome"]) == (0, "deployed"), done.out


def test_after_a_way_back_the_command_shows_what_the_gates_measured(shop: Shop):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    shop.version("bad", "--fail-after", "0")
    done = shop.deploy("bad")
    assert (done.code, done.end["outcome"]) == (5, "rolled-back"), done.out
    assert "measured" in pasted(shop, done.end["next"]).out


def test_what_failed_is_asked_for_again_by_its_own_version(shop: Shop):
    shop.deploy("v1")
    shop.version("broken", "--fail-at-start")
    done = shop.deploy("broken")
    assert done.code == 4
    assert done.end["next"] == "readiness deploy --env local --version broken"


def test_what_is_said_again_is_about_the_same_release(shop: Shop):
    release = shop.deploy("v1").end["release"]
    shop.deploy("v2")
    (shop.state / "releases" / release / "tree" / "serve").write_text("changed")
    done = shop.run("rollback", "--to", release, "--format", "json")
    assert done.code == 4
    assert done.end["next"] == f"readiness rollback --env local --to {release}"


def test_a_deploy_of_what_is_gone_back_to_is_not_told_how_the_other_one_ended(shop: Shop):
    shop.deploy("v1")
    shop.settings(bake=LASTING)
    shop.run("deploy", "--version", "v2", "--yes", "--no-wait")
    guard = shop.until(lambda seen: (seen["lock"] or {}).get("guard") and seen["lock"]["pid"])
    os.kill(guard, signal.SIGSTOP)
    try:
        back = shop.begin("rollback", "--format", "json")
        shop.until(lambda seen: seen["request"])
        done = shop.deploy("v1")
    finally:
        with suppress(ProcessLookupError):
            os.kill(guard, signal.SIGCONT)
    assert (done.code, done.end["outcome"]) in ((75, "busy"), (0, "nothing-to-do")), done.out
    assert shop.end(back).code == 0
