"""One line, or one object, per event; what is noted and seen is told once; a show that breaks stops nothing."""

import json

import msgspec
import pytest
from cli.samples import intent, record
from readiness_deploy.states import Phase

from readiness.cli.deploying.telling import Data, Lines, Telling
from readiness.cli.deploying.voice import Voice


def observation(phase: Phase, **changes: object) -> dict[str, object]:
    return {"record": msgspec.to_builtins(record(phase, intent=intent(), **changes))}


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]


def test_a_pipe_gets_one_line_per_event(capsys: pytest.CaptureFixture[str]):
    telling = Telling(Lines(Voice()))
    telling.note("announced", run="r1", release="v2-2", colour="green")
    telling.note("deed", state="announcing", event="ok", why="")
    telling.note("deed", state="verifying", event="failed", why="smoke: 500\nof 200")
    telling.note("measured", gate="errors", verdict="pass", value=0.001, threshold="<= 0.01", n=500, who="green")
    assert told(capsys) == [
        "announced   v2-2 → green",
        "failed      verifying: smoke: 500\\nof 200",
        "measured    errors  pass  0.001 (<= 0.01, n=500)",
    ]


def test_the_switch_says_from_where_to_where_and_is_told_once(capsys: pytest.CaptureFixture[str]):
    telling = Telling(Lines(Voice()))
    telling.seen(observation(Phase.PREPARING))
    telling.note("switched", run="r1", release="v2-2", colour="green")
    telling.seen(observation(Phase.CONVERGING, selected="green"))
    telling.seen(observation(Phase.BAKING, selected="green"))
    telling.note("baking", run="r1", seconds=60.0)
    assert told(capsys) == ["switched    blue → green (v2-2)", "baking      60 s"]


def test_what_only_the_guard_did_is_told_from_what_is_seen(capsys: pytest.CaptureFixture[str]):
    telling = Telling(Lines(Voice()))
    telling.seen(observation(Phase.BAKING, selected="green"))
    returning = record(Phase.RETURNING, intent=intent(ending="errors: 0.5 of 0.01"))
    telling.seen({"record": msgspec.to_builtins(returning)})
    assert told(capsys) == ["returned    → blue (v2-222222222222): errors: 0.5 of 0.01"]


def test_every_line_for_programs_is_an_object(capsys: pytest.CaptureFixture[str]):
    telling = Telling(Data(Voice()))
    telling.note("rolled back", run="r1", why='a "quote" \x1b')
    telling.note("strange", value=object())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["rolled-back", "strange"]
    assert all(line["format"] == 1 and line["at"].endswith("Z") for line in lines)


def test_a_show_that_breaks_is_not_felt_by_the_rollout():
    class Broken:
        def event(self, what: str, details: object) -> None:
            raise RuntimeError(what)

        seen = end = close = event

    telling = Telling(Broken())  # type: ignore[arg-type]
    telling.note("switched", run="r1")
    telling.seen({"record": None})


def test_some_journals_hear_only_what_this_process_does():
    heard: dict[str, list[str]] = {"all": [], "own": []}

    class Ear:
        def __init__(self, name: str) -> None:
            self.name = name

        def note(self, what: str, **_: object) -> None:
            heard[self.name].append(what)

    telling = Telling(Data(Voice()))
    telling.also.append(Ear("all"))
    telling.own.append(Ear("own"))
    telling.seen(observation(Phase.PREPARING))
    telling.seen(observation(Phase.CONVERGING, selected="green"))
    telling.note("switched", run="r1", release="v2-2", colour="green")
    telling.note("switched", run="r1", release="v2-2", colour="green")
    telling.seen(observation(Phase.BAKING, selected="green"))
    assert heard == {"all": ["switched", "baking"], "own": ["switched"]}
