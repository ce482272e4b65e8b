"""Every road of the table is walked, with somebody else there and foreign state in the free slot."""

from __future__ import annotations

import pytest
from readiness_deploy import requests
from readiness_deploy.bluegreen import TABLE, mermaid
from readiness_deploy.states import PARKED, Event, Phase, State
from simulator import campaign, plays
from simulator.campaign import SCENARIOS, Scenario
from simulator.faults import EVENTS, FOREVER, LOSSES, REFUSALS, Fault, Kind
from simulator.plays import Theatre, deploy, intent, theatre
from simulator.proof import figures
from simulator.script import Behaviour, Script, release


def _roads(place: Theatre) -> set[tuple[State, Event]]:
    return {
        (State(note["state"]), Event(note["event"]))
        for actor in place.actors
        for what, note in actor.notes
        if what == "deed"
    }


@pytest.fixture(scope="module")
def walked() -> set[tuple[State, Event]]:
    """The roads that the scenarios walk: undisturbed, and disturbed in every way at every call."""
    roads: set[tuple[State, Event]] = set()

    def note(scenario: Scenario, fault: Fault, *, guard: bool = False) -> None:
        roads.update(_roads(campaign.disturbed(scenario, fault, guard=guard)))

    for scenario in SCENARIOS:
        place = scenario.ready()
        place.alone(scenario.verb())
        roads |= _roads(place)
        campaign.faults(REFUSALS + LOSSES, False, lambda fault, s=scenario: note(s, fault))
    (upgrade, migrating) = campaign.named(("upgrade", "with migrations"))
    (doubting,) = campaign.named(("gate cannot tell",))
    campaign.faults(REFUSALS + LOSSES, True, lambda fault: note(migrating, fault))
    campaign.faults(LOSSES, True, lambda fault: note(doubting, fault))
    campaign.faults(EVENTS, True, lambda fault: note(migrating, fault))
    campaign.faults((Kind.INTERRUPT, Kind.LOST_BEFORE, *REFUSALS), True, lambda fault: note(upgrade, fault, guard=True))
    note(upgrade, Fault(Kind.LOST_BEFORE, 1, times=FOREVER, only="schema"))
    _, switched = upgrade.ready().alone(upgrade.verb())
    for call in switched.changing:
        note(upgrade, Fault(Kind.LOST_BEFORE, call + 2, times=FOREVER, only="observe"), guard=True)
        for later in range(1, 6):
            note(upgrade, Fault(Kind.LOST_BEFORE, call + later, only="sleep"), guard=True)
    return roads


def test_every_road_is_walked(walked: set[tuple[State, Event]]) -> None:
    with figures("roads") as counts:
        counts.update(roads=len(TABLE), walked=len(set(TABLE) & walked), scenarios=len(SCENARIOS))
    missing = sorted(f"{state} --{event}-->" for state, event in set(TABLE) - walked)
    assert not missing, f"no scenario walks {missing}"


def test_no_deed_leaves_the_table(walked: set[tuple[State, Event]]) -> None:
    assert walked <= set(TABLE)


def test_every_state_leads_somewhere() -> None:
    """Each state is parked or has a way out, and each can be come to."""
    entered = {*TABLE.values(), State.LOOKING, *_located()}
    for state in State:
        assert state in entered, f"nothing leads to {state}"
        assert state in PARKED or state is State.LOOKING or any(a is state for a, _ in TABLE), f"{state} is a trap"


def _located() -> set[State]:
    """The states that looking can come to: those that some scenario was found in."""
    return {
        State.IDLE, State.PLANNED, State.GUARDED, State.CONVERGING, State.BAKING, State.RETURNING, State.SUPERSEDING,
        State.ABORTING, State.REFUSING,
    }  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_undisturbed(scenario: Scenario) -> None:
    end = campaign.clean(scenario)
    assert end.state is scenario.ends, end.why


@pytest.mark.parametrize(("ready_after", "ends"), [(0.3, State.DONE), (None, State.ABORTED)])
def test_the_time_of_a_candidate_begins_when_what_was_in_its_slot_has_ended(
    ready_after: float | None, ends: State
) -> None:
    script = Script(releases={"v2": Behaviour(ready_after=ready_after)}, drain=2 * campaign.V2.ready_within)
    slow = Scenario("slow to leave", lambda: theatre(script), lambda: deploy(campaign.V2), ends, campaign.V2)
    end = campaign.clean(slow)
    assert end.state is ends, end.why
    if ends is State.ABORTED:
        assert "the candidate was not ready within 2 s: no good answer yet" in end.why


def test_what_the_record_holds_of_a_run_it_holds_before_the_first_effect() -> None:
    """A record that has no room for it must not be found out at the switch."""
    place = theatre()
    for run, name in (("second", "v2"), ("third", "v3")):
        place.alone(deploy(intent(run, release(name))))
    written = [record for _, _, record in place.machine.accepted if record.intent and record.intent.run == "third"]
    assert written[0].phase is Phase.PREPARING
    assert any(record.phase is Phase.CONVERGING for record in written)
    held = {record.intent.displaced.id for record in written if record.intent and record.intent.displaced}
    assert held == {"v1"}
    assert all(record.intent and record.intent.displaced for record in written)


def test_a_rollback_that_a_person_keeps_ends_like_one_that_was_watched_to_its_end() -> None:
    """The release before had to be started anew, no gate could tell how it does, and a person did."""
    place = theatre(Script(releases={"v1": Behaviour(after=None)}))
    for verb in (deploy(campaign.V2), plays.wait(60), plays.rollback("r3", bake=campaign.V2HOLD.bake)):
        place.alone(verb)
    assert place.machine.record.phase is Phase.HELD
    place.alone(plays.held(requests.keep_it))
    record = place.machine.record
    assert record.last is not None
    assert (record.last.outcome, record.last.by_request, record.last.version) == ("rolled-back", True, "v1")
    assert [release.version for release in record.slots.values()] == ["v1"]


def test_a_route_that_somebody_edited_is_left_alone() -> None:
    """Who finds a route that the record does not explain says so, and neither fights nor guesses."""
    campaign.foreign_route()


def test_the_diagram_shows_the_table() -> None:
    shown = mermaid()
    shared = (Event.CONFLICT, Event.LOST, Event.SUPERSEDED)
    for (state, event), to in TABLE.items():
        line = f"    {state.value.replace('-', '_')} --> {to.value.replace('-', '_')}: {event.value}\n"
        assert (line in shown) == (event not in shared), line
