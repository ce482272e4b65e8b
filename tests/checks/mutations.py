"""Worlds in which one node of one object is of another type than anybody would expect."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cases import Case

from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.model import Route

STRANGE: tuple[Any, ...] = (None, True, 7, -1.5, "", "text", [], ["a", None, {}], {}, {"a": [1]})


def mutated(case: Case, tries: int = 12) -> Iterator[Case]:
    """A seeded sample of mutations of the case's objects."""
    chance = random.Random(20261120)  # noqa: S311 (a sample, not a secret)
    supplies = [s for s in case.world.supplies if Objects in s.facts]
    for supply in supplies:
        bodies = [r.body for r in supply.facts[Objects]]  # type: ignore[attr-defined]
        spots = [(i, route) for i, body in enumerate(bodies) for route in routes(body)]
        for index, route in chance.sample(spots, min(tries, len(spots))):
            changed = list(bodies)
            changed[index] = put(bodies[index], route, chance.choice(STRANGE))
            if not isinstance(changed[index], dict):
                continue
            objects = Objects(Resource(b, origin=supply.origin) for b in changed)  # type: ignore[arg-type]
            others = [s for s in case.world.supplies if s is not supply]
            world = World("case", [*others, replace(supply, facts={Objects: objects})])
            yield replace(case, world=world)


def routes(value: Any, here: Route = ()) -> Iterator[Route]:
    """Every route into a value but the empty one."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*here, step)
        yield from routes(inner, (*here, step))


def put(value: Any, route: Route, new: Any) -> Any:
    """A copy of `value` with `new` at `route`."""
    if not route:
        return new
    step, *rest = route
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[step] = put(copy[step], tuple(rest), new)
    return copy
