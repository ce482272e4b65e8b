"""The answers of a real API server (see `server` in the file) to small objects, and ours to the same ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from readiness.engine import registry
from readiness.engine.run import ask
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.facts.settings import ServiceSettings
from readiness.model import Origin, Supply
from readiness.sources.knowledge import knowledge

RECORDED = json.loads((Path(__file__).parent / "api_server.json").read_text())
CHECKS = [
    "apis/accepted",
    "apis/removed",
    "apis/served",
    "apis/valid",
    "deployment/label-syntax",
    "deployment/object-names",
    "deployment/port-names",
    "deployment/selector-matches-labels",
    "deployment/volume-mounts",
]
# What we leave to others: a feature gate, the database of time zones, and the check of budgets' policies.
KNOWN = {
    ("hpa", "spec.minReplicas", 0),
    ("cj", "spec.timeZone", "Mars/Olympus"),
    ("pdb", "spec.maxUnavailable", 1),
}
REGISTRY = registry.installed()


def changed(answer: dict[str, Any]) -> dict[str, Any]:
    """The object that an answer is about: a copy of its base with one value put in, or taken out."""
    body: dict[str, Any] = json.loads(json.dumps(RECORDED["objects"][answer["object"]]))
    if "at" not in answer:
        return body
    place: Any = body
    for step in answer["at"][:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if "value" in answer:
        place[answer["at"][-1]] = answer["value"]
    else:
        place.pop(answer["at"][-1], None)
    return body


def complaints(body: dict[str, Any]) -> list[str]:
    """What the checks say against one object that goes to the release which was asked."""
    everywhere = {**knowledge(), ServiceSettings: ServiceSettings("web", kubernetes=RECORDED["server"])}
    objects = {Objects: Objects([Resource(body)])}
    world = World(
        "test",
        [
            Supply("test", frozenset(everywhere), everywhere),
            Supply("test", frozenset(objects), objects, Origin.RENDERED),
        ],
    )
    said = []
    for check_id in CHECKS:
        check = REGISTRY.checks[check_id]
        asked = ask(check, world, {name: setting.default for name, setting in check.settings.items()})
        assert not asked.fault, asked.fault
        said += [f"{check_id}: {finding.message}" for finding in asked.bad]
    return said


def title(answer: dict[str, Any]) -> str:
    where = ".".join(str(step) for step in answer.get("at", ["as it is"]))
    return f"{answer['object']} {where} {json.dumps(answer.get('value', 'absent'))}"[:100]


@pytest.mark.parametrize("answer", RECORDED["answers"], ids=title)
def test_we_refuse_what_the_api_server_refuses_and_nothing_else(answer: dict[str, Any]) -> None:
    where = ".".join(str(step) for step in answer.get("at", []))
    value = answer.get("value")
    said = complaints(changed(answer))
    if isinstance(value, str | int) and (answer["object"], where, value) in KNOWN:
        assert not said, "no longer left to others: take it out of KNOWN"
    else:
        assert bool(said) is not answer["accepted"], said
