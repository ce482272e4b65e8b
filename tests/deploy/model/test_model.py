"""The protocol keeps its promises in every state that can be reached, and no rule of it is superfluous."""

from __future__ import annotations

from dataclasses import fields

import pytest
from model.protocol import Broken, Protocol, Rules, World, explore, without
from simulator.proof import FULL, figures

FIRST = World() if FULL else World(meddlers=0)


@pytest.mark.parametrize("guard", [True, False], ids=["guard", "no guard"])
def test_every_state_keeps_the_promises(guard: bool) -> None:
    with figures(f"model-{'with' if guard else 'without'}-guard") as counts:
        counts["states"] = explore(Protocol(guard=guard), FIRST)
    assert counts["states"] > 1000, "the model stands still"


@pytest.mark.parametrize("guard", [True, False], ids=["guard", "no guard"])
@pytest.mark.parametrize("rule", [field.name for field in fields(Rules)])
def test_no_rule_is_superfluous(rule: str, guard: bool) -> None:
    with pytest.raises(Broken):
        explore(Protocol(without(rule), guard=guard))
