"""The example is ready in every environment that its settings declare, however it is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from example.payments import EXAMPLE, Said, check, copy

from readiness.config.load import load
from readiness.engine.registry import installed

NEEDS = {"manifests": (), "kustomize": ("kubectl",), "helm": ("helm",)}


def environments() -> list[object]:
    """What the settings declare, each with the programs that its sources need."""
    declared = load(EXAMPLE / "readiness.yaml", installed().checks, {}).environments
    return [
        pytest.param(e.name, marks=[pytest.mark.needs(*(n for s in e.declared for n in NEEDS.get(s, ())))])
        for e in declared
    ]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(tmp_path_factory.mktemp("example") / "payments")


@pytest.mark.parametrize("name", environments())
def test_the_example_is_ready(name: str, example: Path):
    said = check(example, "--env", name)
    assert (said.code, said.run["verdict"], said.run["gaps"]) == (0, "READY", []), said.open


@pytest.fixture(scope="module")
def staging(example: Path) -> Said:
    return check(example, "--env", "staging")


def test_what_is_broken_on_purpose_does_not_count_and_is_listed(staging: Said):
    broken = [i for i in staging.run["inputs"] if i["name"].startswith("broken/")]
    assert "broken/security/privileged.yaml" in {i["name"] for i in broken}
    assert {(i["reading"], i["reason"]) for i in broken} == {("ignored", "excluded by the settings")}


@pytest.mark.needs("helm")
def test_a_chart_is_not_asked_for_what_no_release_owns(example: Path, staging: Said):
    about = "tenancy/pod-security-level"
    assert staging.status(about) == "passed"
    assert check(example, "--env", "staging-chart").status(about) == "not_applicable"
