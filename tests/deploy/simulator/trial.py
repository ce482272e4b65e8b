"""The campaign as a program: `python -m simulator.trial [part …]` tries the parts and says what it found.

Exit code 0: nothing. 1: a promise is broken; the last line says which. Anything else: the trial itself failed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from simulator import campaign, races
from simulator.campaign import FICKLE, RECOVERIES, SCENARIOS, Figures, named
from simulator.faults import EVENTS, LOSSES, Fault, Violation


def _clean() -> None:
    for scenario in SCENARIOS:
        try:
            end = campaign.clean(scenario)
        except Violation as violation:
            raise Violation(f"{scenario.name}: {violation}") from violation
        if end.state is not scenario.ends:
            raise Violation(f"{scenario.name}: ended as {end.state} ({end.why}), wanted {scenario.ends}")


def _foreign() -> None:
    campaign.foreign_route()


def _lost() -> None:
    for scenario in (*SCENARIOS, FICKLE):
        campaign.faults(LOSSES, False, lambda f, s=scenario: campaign.lost(s, f))
    for scenario in named(("upgrade", "resume of what died before the switch")):
        campaign.faults(LOSSES, True, lambda f, s=scenario: campaign.lost(s, f))


def _crashes() -> None:
    for scenario in SCENARIOS:
        campaign.all_crashes(scenario, tuple(RECOVERIES), Figures(), every_call=False)


def _late() -> None:
    """Crashes at each call, also where nothing changes: in the middle of a wait."""
    for scenario in named(("upgrade",)):
        campaign.all_crashes(scenario, ("resume",), Figures(), every_call=True)


def _meanwhile() -> None:
    for scenario in named(("upgrade", "with migrations", "waits for approval", "fails after the switch")):

        def run(fault: Fault, scenario: campaign.Scenario = scenario) -> None:
            campaign.disturbed(scenario, fault)

        campaign.faults(EVENTS, True, run)


def _races() -> None:
    for race in races.RACES:
        races.one_switch(race)


PARTS: dict[str, Callable[[], None]] = {
    "clean": _clean,
    "foreign": _foreign,
    "lost": _lost,
    "crashes": _crashes,
    "late": _late,
    "meanwhile": _meanwhile,
    "races": _races,
}


def main(parts: list[str]) -> int:
    """Try these parts, or all."""
    for part in parts or list(PARTS):
        try:
            PARTS[part]()
        except (Violation, AssertionError) as found:
            print(f"{part}: {found}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
