"""The last words: what serves, why, and the one command that comes next, for every way a run can end."""

import json

import pytest
from cli.samples import FROZEN, V2, intent, record, target
from readiness_deploy.bluegreen import End
from readiness_deploy.states import PARKED, Phase, State

from readiness.cli.deploying import ending
from readiness.cli.deploying.ending import Ending, duration

NEEDS_SOMEBODY = [state for state, code in PARKED.items() if code and state is not State.IDLE]


def said(
    state: State, verb: str = "deploy", why: str = "because", by_request: bool = False, **changes: object
) -> Ending:
    end = End(state, why, "r1", by_request)
    return ending.of(verb, end, target(), record(**changes), release=V2, took=1.5)


@pytest.mark.parametrize("state", list(PARKED))
def test_every_end_says_what_serves_and_why(state: State):
    text = "\n".join(said(state).lines())
    assert "serves    v1  blue, v1-111111111111" in text
    assert text.startswith("shop · local: ")
    assert ("because" in text) is (state is not State.DONE)


@pytest.mark.parametrize("state", NEEDS_SOMEBODY)
def test_every_end_that_is_no_success_names_the_command_that_comes_next(state: State):
    end = said(state)
    assert end.next.startswith("readiness ")
    assert "--env local" in end.next
    assert end.next in "\n".join(end.lines())


@pytest.mark.parametrize("state", list(PARKED))
def test_the_object_for_programs_has_the_same_keys_whatever_happened(state: State):
    data = said(state).data()
    assert data.keys() == said(State.DONE).data().keys()
    assert data["exit"] == PARKED[state]
    assert data["end"] is True
    assert json.loads(json.dumps(data)) == data


def test_a_rollback_that_was_asked_for_is_a_success_and_one_that_was_not_is_none():
    asked, not_asked = said(State.ROLLED_BACK, "rollback", by_request=True), said(State.ROLLED_BACK)
    assert (asked.exit, asked.outcome) == (0, "rolled back as asked")
    assert (not_asked.exit, not_asked.outcome) == (5, "rolled back")
    assert "taken back" in not_asked.meant
    assert not asked.meant


def test_a_gate_that_could_not_tell_wants_a_reason_to_go_on():
    end = said(State.DOUBTFUL, phase=Phase.AWAITING, intent=intent(doubt="no data"))
    assert "--reason" in end.next
    assert "--reason" not in said(State.WAITING, phase=Phase.AWAITING, intent=intent()).next


def test_what_is_frozen_is_said_with_its_owner():
    assert "audit (ada, since 2026-11-21T10:00:00Z)" in "\n".join(said(State.REFUSED, freeze=FROZEN).lines())


def test_what_nobody_can_see_is_not_said_to_be_empty():
    end = ending.of("deploy", End(State.UNWATCHED, "no answer", "r1"), target(), None, release=V2, took=0)
    assert "serves    unknown" in "\n".join(end.lines())
    assert end.data()["serves"] is None


def test_strangers_words_do_nothing():
    text = "\n".join(said(State.ABORTED, why="\x1b[2J\n::error::x").lines())
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.startswith("::")]) == 0


def test_what_a_command_said_stands_beneath_line_by_line_and_bounded():
    output = "\n".join(f"  step {n} \x1b[2J" for n in range(100))
    lines = list(said(State.ABORTED, why=f"`make` failed: it ended with 2. It said:\n{output}").lines())
    at = lines.index("  because   `make` failed: it ended with 2. It said:")
    assert lines[at + 20].startswith("      step 99 ")
    assert lines[at + 21] == "  Nothing has moved: what served before serves, untouched."
    assert not any("\x1b" in line or "\\n" in line for line in lines)


def test_a_rollback_that_is_refused_leads_to_other_releases_and_not_to_a_deploy():
    assert said(State.REFUSED, "rollback").next == "readiness gc --env local --plan"
    assert said(State.REFUSED).next == "readiness deploy --env local --plan"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (75, "75 s"), (720, "12 min"), (10800, "3.0 h")]
)
def test_durations_are_in_the_unit_that_people_would_use(seconds: float, words: str):
    assert duration(seconds) == words
