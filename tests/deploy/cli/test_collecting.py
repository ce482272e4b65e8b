"""What `gc` takes away by the record, and what it says where that cannot be told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from readiness_deploy import releases
from readiness_deploy.ports import Lost
from readiness_deploy.record import Intent, Record, Release
from readiness_deploy.releases import Collected
from readiness_deploy.states import Goal, Phase

from readiness.cli.deploying import collect, door

A, B, C = (Release(id=name, version=name) for name in "abc")


def test_a_candidate_that_waits_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Intent(run="r", goal=Goal.DEPLOY, release=C, colour="green")
    record = Record(phase=Phase.AWAITING, selected="blue", slots={"blue": A, "green": B}, intent=waiting)
    there: Any = SimpleNamespace(record=lambda: record)
    monkeypatch.setattr(door.Door, "find", lambda _target: there)
    assert collect.needed(there) == {"a", "b", "c"}


def test_what_a_run_would_give_back_as_the_way_back_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    baking = Intent(run="r", goal=Goal.DEPLOY, release=C, colour="green", displaced=B)
    record = Record(phase=Phase.BAKING, selected="green", slots={"blue": A, "green": C}, intent=baking)
    there: Any = SimpleNamespace(record=lambda: record)
    monkeypatch.setattr(door.Door, "find", lambda _target: there)
    assert collect.needed(there) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("found", "code"), [(Collected(busy=True), 75), (Lost("the keeper does not answer"), 6), (OSError("denied"), 6)]
)
def test_what_cannot_be_collected_is_no_success(
    monkeypatch: pytest.MonkeyPatch, found: Collected | Exception, code: int
) -> None:
    def gc(*_: object, **__: object) -> Collected:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(releases, "gc", gc)
    monkeypatch.setattr(collect, "needed", lambda _target: set())
    monkeypatch.setattr(
        collect.targets, "chosen", lambda _flags: SimpleNamespace(state=None, refuse_others=lambda: None)
    )
    command: Any = collect.command.callback
    assert command(keep=5, dry=False, format_="text") == code
