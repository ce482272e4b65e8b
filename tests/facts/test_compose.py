"""Compose files of any shape make no check raise, and services take over what they extend."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from mutations import STRANGE, put, routes

from readiness.engine import registry
from readiness.engine.run import ask
from readiness.engine.world import World
from readiness.facts.compose import ComposeFiles
from readiness.facts.document import Document
from readiness.facts.repository import File, Repository
from readiness.model import Supply
from readiness.sources.repository import parse


def repository(**texts: str) -> Repository:
    files = {path: File(path, len(text), lambda text=text: text.encode()) for path, text in texts.items()}  # type: ignore[misc]
    return Repository(files, parse(files)[0])


EXTENDS = """
services:
  a: {extends: {service: b}, image: a}
  b: {extends: c, restart: always, volumes: [b:/b]}
  c: {extends: {file: ../outside.yaml, service: d}, volumes: [c:/c]}
  round: {extends: round}
"""


def test_what_is_extended_is_taken_over() -> None:
    (file,) = ComposeFiles(repository(**{"compose.yaml": EXTENDS}))
    a, _, c, ring = file.services
    assert (a.get("image").value, a.get("restart").value) == ("a", "always")
    assert a.get("volumes", 0).value == "b:/b"
    assert (a.whole, ring.whole) == (False, False)
    assert (c.cycle, ring.cycle) == ("", "round")


@pytest.mark.parametrize(
    ("path", "development"),
    [
        ("compose.yaml", False), ("compose.override.yaml", True), ("docker-compose.dev.yml", True),
        ("docker-compose-local.yml", True),
        ("dev/compose.yaml", True), ("device/compose.yaml", False), ("compose.production.yaml", False),
    ],
)  # fmt: skip
def test_files_for_development_are_known_by_their_name(path: str, development: bool) -> None:
    (file,) = ComposeFiles(repository(**{path: "services: {}\n"}))
    assert file.is_for_development is development


def test_no_compose_file_makes_a_check_raise() -> None:
    chance = random.Random(20261120)  # noqa: S311 (a sample, not a secret)
    checks = [c for c in registry.installed().checks.values() if any(n.type is ComposeFiles for n in c.needs)]
    assert checks
    text = (Path(__file__).parents[2] / "examples" / "payments" / "compose.yaml").read_text()
    whole = repository(**{"compose.yaml": text})
    (document,) = whole.parsed["compose.yaml"]
    spots = [*routes(document.value)]
    for route in chance.sample(spots, min(len(spots), 120)):
        value = put(document.value, route, chance.choice(STRANGE))
        changed = Repository(whole.files, {"compose.yaml": (Document(value, "compose.yaml"),)})
        world = World("test", [Supply("test", frozenset({Repository}), {Repository: changed})])
        for check in checks:
            asked = ask(check, world, {name: setting.default for name, setting in check.settings.items()})
            assert not asked.fault, f"{check.id}: {asked.fault} at {route}"
