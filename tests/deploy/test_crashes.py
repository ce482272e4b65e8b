"""A process dies, a reply does not come, a guard is killed: at every point, and finished by whoever comes next.

All points are tried where READINESS_PROOF_DIR says where to put the figures; else the calls that change something.
With little time (READINESS_PROOF_SECONDS) the longest campaigns try a part of the scenarios, and their figures say so.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from simulator import campaign
from simulator.campaign import FICKLE, RECOVERIES, SCENARIOS, Figures, Scenario, named
from simulator.faults import CRASHES, EVENTS, LOSSES, Fault, Kind, Violation
from simulator.plays import Theatre
from simulator.proof import FULL, SAMPLED, figures, sample

DOUBLE = SCENARIOS if FULL else named(("upgrade", "with migrations", "gate fails in the bake"))
EVERYWHERE = (
    "upgrade",
    "with migrations",
    "first deploy",
    "gate fails in the bake",
    "approved",
    "rollback by hand",
    "both bad",
)
"""Scenarios that are disturbed at every call where all is tried; the others at the calls that change something."""
SILENT = SCENARIOS if FULL else named(("upgrade", "with migrations", "fails after the switch", "waits for approval"))
GUARDED = SCENARIOS if FULL else named(("upgrade", "gate fails in the bake", "promoted in the bake"))


def _tried(
    scenario: Scenario, kinds: tuple[Kind, ...], run: Callable[[Fault], Theatre], *, every_call: bool | None = None
) -> int:
    """How many points were tried; the first that breaks a promise fails the test and is named."""

    def told(fault: Fault) -> None:
        try:
            run(fault)
        except Violation as violation:
            pytest.fail(f"{scenario.name}: {fault.kind} at {fault.at}: {violation}", pytrace=False)

    everywhere = FULL and scenario.name in EVERYWHERE
    return campaign.faults(kinds, everywhere if every_call is None else every_call, told)


@pytest.mark.parametrize("recovery", RECOVERIES)
def test_killed_once(recovery: str) -> None:
    tried = Figures()
    with figures(f"killed-once-then-{recovery}") as counts:
        for scenario in SCENARIOS:
            everywhere = FULL and (recovery == "resume" or scenario.name in EVERYWHERE)
            campaign.all_crashes(scenario, (recovery,), tried, every_call=everywhere)
        counts.update(scenarios=len(SCENARIOS), points=tried.runs, survived=tried.runs, promises=tried.checks)
    assert tried.runs > len(SCENARIOS), "the faults did not strike"


@pytest.mark.parametrize("recovery", RECOVERIES)
def test_killed_twice(recovery: str) -> None:
    """The second time in the recovery."""
    tried = Figures()
    with figures(f"killed-twice-{recovery}") as counts:
        scenarios = sample(DOUBLE, 3 if recovery == "deploy" else 2) if recovery != "deploy" or FULL else DOUBLE[:1]
        for scenario in scenarios:
            campaign.double_crashes(scenario, recovery, tried)
        counts.update(scenarios=len(scenarios), of_scenarios=len(SCENARIOS), sampled=int(SAMPLED))
        counts.update(points=tried.runs, survived=tried.runs, promises=tried.checks)
    assert tried.runs > len(scenarios), "the faults did not strike"


def test_one_reply_is_lost() -> None:
    with figures("reply-lost") as counts:
        points = 0
        for scenario in (*SCENARIOS, FICKLE):
            points += _tried(
                scenario, LOSSES, lambda f, s=scenario: campaign.lost(s, f), every_call=FULL and not SAMPLED
            )
        counts.update(points=points, survived=points, sampled=int(SAMPLED))
    assert points > len(SCENARIOS), "the faults did not strike"


def test_nothing_answers_any_more() -> None:
    with figures("silence") as counts:
        points = 0
        scenarios = sample(SILENT, 2)
        for scenario in scenarios:
            points += _tried(scenario, LOSSES, lambda f, s=scenario: campaign.silence(s, f))
        counts.update(scenarios=len(scenarios), of_scenarios=len(SCENARIOS), sampled=int(SAMPLED))
        counts.update(points=points, survived=points)
    assert points > len(scenarios), "the faults did not strike"


def test_something_happens_meanwhile() -> None:
    """Ctrl-C, somebody else's write, a freeze, a release that breaks down."""
    with figures("meanwhile") as counts:
        points = 0
        scenarios = sample(SCENARIOS, 2)
        for scenario in scenarios:
            points += _tried(scenario, EVENTS, lambda f, s=scenario: campaign.disturbed(s, f))
        counts.update(scenarios=len(scenarios), of_scenarios=len(SCENARIOS), sampled=int(SAMPLED))
        counts.update(points=points, survived=points)
    assert points > len(scenarios), "the faults did not strike"


def test_the_deployer_dies_and_a_guard_goes_on() -> None:
    with figures("guarded") as counts:
        points = 0
        for scenario in GUARDED:
            kinds = (*CRASHES, *LOSSES)
            points += _tried(scenario, kinds, lambda f, s=scenario: campaign.guarded(s, f))
        counts.update(points=points, survived=points)
    assert points > len(GUARDED), "the faults did not strike"


def test_the_guard_dies_and_another_one_goes_on() -> None:
    with figures("guard-dies") as counts:
        points = 0
        for scenario in GUARDED:
            kinds = (*CRASHES, *LOSSES)
            points += _tried(scenario, kinds, lambda f, s=scenario: campaign.guarded(s, None, guard_fault=f))
        counts.update(points=points, survived=points)
    assert points > len(GUARDED), "the faults did not strike"
