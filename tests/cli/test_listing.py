"""`list` and `explain`: what a check says of itself, as text and as data."""

import json

import pytest

from readiness.engine.registry import installed

CHECK = '''
from typing import Annotated
from readiness import Findings, PerTier, Severity, Stricter, check
from readiness.facts.tools import Tools
from readiness.facts.workloads import Workloads

@check(Severity.LOW)
def doors(
    workloads: Workloads,
    tools: Tools | None,
    *,
    most: Annotated[float, "how wide", Stricter.LOWER, PerTier({1: 0.5})] = 2.5,
    named: tuple[str, ...] = ("a", "b"),
) -> Findings:
    """Doors are shut.

    Why: because of the wind.
    Fix: shut them.
    """
    yield from ()
'''


@pytest.fixture
def guests(here):
    here.write(".readiness/checks/own/doors.py", CHECK)
    here.write(".readiness/checks/own/broken.py", "import nothing_of_this_name\n")
    return here


def test_list_has_every_installed_check_with_its_severity(here):
    listed = {c["id"]: c["severity"] for c in json.loads(here.run("list", "--format", "json").out)["checks"]}
    assert listed == {c.id: c.severity.value for c in installed().checks.values()}


def test_list_shows_the_checks_of_an_area_alone_worst_first(here):
    lines = here.run("list", "--area", "images").out.splitlines()
    rows = [line.split() for line in lines[1:] if "/" in line.split(" ")[0]]
    assert {row[0].split("/")[0] for row in rows} == {"images"}
    ranks = ["critical", "high", "medium", "low", "info"]
    assert [ranks.index(row[1]) for row in rows] == sorted(ranks.index(row[1]) for row in rows)


def test_enterprise_is_tenancy_and_governance(here):
    found = json.loads(here.run("list", "--area", "enterprise", "--format", "json").out)["checks"]
    assert {c["area"] for c in found} == {"tenancy", "governance"}


def test_a_repositorys_own_checks_are_shown_where_they_are_trusted_and_a_broken_one_is_named(guests):
    assert "repo:own/doors" not in guests.run("list").out
    text = guests.run("list", "--trust-repository-checks").out
    assert "repo:own/doors" in text
    assert "repo:own/broken  ModuleNotFoundError: No module named 'nothing_of_this_name'" in text
    broken = json.loads(guests.run("list", "--trust-repository-checks", "--format", "json").out)["broken"]
    assert [b["id"] for b in broken] == ["repo:own/broken"]


def test_explain_tells_needs_settings_and_defaults(guests):
    done = guests.run("explain", "repo:own/doors", "--trust-repository-checks")
    assert done.code == 0
    assert "Needs     Workloads, from manifests, kustomize, helm or cluster\n" in done.out
    assert "          Tools, from tools, where there is one\n" in done.out
    assert "Settings  most: how wide; number; lower is stricter\n            default 2.5; tier 1 0.5\n" in done.out
    assert "          named: list of text\n            default [a, b]\n" in done.out
    found = json.loads(guests.run("explain", "repo:own/doors", "--trust-repository-checks", "--format", "json").out)
    assert found["settings"][0]["defaults"] == {"default": 2.5, "tier 1": 0.5}
    assert found["needs"][1] == {"fact": "Tools", "optional": True, "origin": None, "sources": [["tools"]]}


def test_explaining_a_broken_check_says_what_broke(guests):
    done = guests.run("explain", "repo:own/broken", "--trust-repository-checks")
    assert done.code == 2
    assert "nothing_of_this_name" in done.err


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("replica", "did you mean `availability/replicas`?"),
        ("foo/replicas", "did you mean `availability/replicas`?"),
        ("availability/redinessprobe", "did you mean `availability/readiness-probe`?"),
        ("docs/runbok", "did you mean `docs/runbook`?"),
        ("runbok", "did you mean `docs/runbook` or `monitoring/runbook`?"),
        ("qqqq", "`readiness list` shows them all"),
    ],
)
def test_an_unknown_id_gets_the_nearest_one(here, word: str, hint: str):
    done = here.run("explain", word)
    assert (done.code, done.out) == (2, "")
    assert hint in done.err
