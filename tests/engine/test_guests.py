"""Checks of packages and repositories: whatever they do wrong is their own outcome, named, and nothing else's."""

import importlib
import sys
import textwrap
from pathlib import Path

import pytest

from readiness.engine import registry
from readiness.engine.assess import Terms, assess
from readiness.engine.isolation import isolated
from readiness.engine.run import ask
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.model import Bar, Origin, Outcome, Status, Supply

HEAD = """
from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads

@check(Severity.LOW)
def {name}(workloads: Workloads) -> Findings:
    '''It is well.

    Why: because.
    Fix: mend it.
    '''
    for workload in workloads:
        {body}
"""
GUESTS = {
    "good": "yield workload.at('spec', 'replicas').expect(True, 'is well')",
    "bad": "yield workload.at('spec', 'replicas').expect(False, 'is bad', what={'a': [1]})",
    "raises": "raise ValueError('no'); yield",
    "exits": "raise SystemExit(0); yield",
    "dies": "import os; os.kill(os.getpid(), 9); yield",
    "leaves": "import os; os._exit(0); yield",
    "prints": "print('READY'); yield workload.at().expect(True, 'is well')",
    "wrong": "yield 'all is well'",
    "half": "yield workload.at().expect(False, 'is bad'); raise ValueError('then no')",
}


@pytest.fixture
def world() -> World:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {}}
    supply = Supply("manifests", frozenset({Objects}), {Objects: Objects([Resource(body)])}, Origin.RENDERED)
    return World("test", [supply])


def outcomes(folder: Path, world: World) -> dict[str, Outcome]:
    found = registry.in_repository(folder)
    answer = assess("service", world, found, Terms(Bar(0, 0)))
    return {o.check.id: o for o in answer.outcomes}


def write(folder: Path, **bodies: str) -> Path:
    (folder / "own").mkdir()
    for name, body in bodies.items():
        (folder / "own" / f"{name}.py").write_text(HEAD.format(name=name, body=body))
    return folder


def test_what_a_guest_does_wrong_is_its_own_outcome(tmp_path, world, capfd):
    found = outcomes(write(tmp_path, **GUESTS), world)
    assert {name.removeprefix("repo:own/"): o.status for name, o in found.items()} == {
        "good": Status.PASSED,
        "bad": Status.FAILED,
        "raises": Status.UNKNOWN,
        "exits": Status.UNKNOWN,
        "dies": Status.UNKNOWN,
        "leaves": Status.UNKNOWN,
        "prints": Status.PASSED,
        "wrong": Status.UNKNOWN,
        "half": Status.FAILED,
    }
    assert "signal 9" in found["repo:own/dies"].reason
    assert "ValueError: no" in found["repo:own/raises"].reason
    assert "READY" not in capfd.readouterr().out


def test_a_guest_that_hangs_is_stopped(tmp_path, world):
    write(tmp_path, hangs="import time; time.sleep(600); yield")
    check = registry.in_repository(tmp_path).checks["repo:own/hangs"]
    facts = [world.of(need.type, Origin.RENDERED) for need in check.needs]
    with pytest.raises(Exception, match=r"did not answer within 0\.2 s"):
        list(isolated(check, seconds=0.2).ask(*facts))


@pytest.mark.parametrize("then", ["import time; time.sleep(600)", "import os; os.kill(os.getpid(), 9)"])
def test_what_a_guest_found_before_it_was_stopped_stands(tmp_path, world, then):
    write(tmp_path, stopped=f"yield workload.at().expect(False, 'is bad'); {then}")
    check = registry.in_repository(tmp_path).checks["repo:own/stopped"]
    for seconds in (1, 10, 100):  # on a busy machine it does not come to its finding within any time
        asked = ask(isolated(check, seconds=seconds), world, {})
        if asked.bad:
            break
    assert [f.message for f in asked.bad] == ["is bad"]
    assert "stopped" in asked.fault or "signal 9" in asked.fault


def test_a_file_that_cannot_be_imported_is_named_and_nothing_else_is_disturbed(tmp_path, world):
    write(tmp_path, good=GUESTS["good"])
    (tmp_path / "own" / "broken.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "own" / "empty.py").write_text("x = 1\n")
    found = outcomes(tmp_path, world)
    assert found["repo:own/good"].status is Status.PASSED
    assert found["repo:own/broken"].status is Status.UNKNOWN
    assert "nothing_of_that_name" in found["repo:own/broken"].reason
    assert "no function marked @check" in found["repo:own/empty"].reason


def test_a_package_brings_checks_by_its_entry_point_and_a_broken_module_is_named(tmp_path, monkeypatch):
    package = tmp_path / "acme_rules" / "style"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "named_well.py").write_text(HEAD.format(name="named_well", body=GUESTS["good"]))
    (package / "broken.py").write_text("raise RuntimeError('at import')\n")
    info = tmp_path / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        textwrap.dedent("""\
        [readiness.checks]
        acme = acme_rules
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    found = registry.installed()
    assert "acme_rules:style/named-well" in found.checks
    assert [b.id for b in found.broken if b.id.startswith("acme_rules")] == ["acme_rules:style/broken"]
    assert "availability/replicas" in found.checks
    for name in [n for n in sys.modules if n.startswith("acme_rules")]:
        del sys.modules[name]


def test_a_file_that_lies_too_deep_is_named(tmp_path, world):
    write(tmp_path, good=GUESTS["good"])
    (tmp_path / "own" / "deeper").mkdir()
    (tmp_path / "own" / "deeper" / "lost.py").write_text(HEAD.format(name="lost", body=GUESTS["bad"]))
    found = outcomes(tmp_path, world)
    assert found["repo:own/deeper/lost"].status is Status.UNKNOWN
    assert "too deep" in found["repo:own/deeper/lost"].reason


def test_a_package_that_brings_no_check_is_named(tmp_path, monkeypatch):
    package = tmp_path / "empty_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    # A module at the top is in no area, and is not looked at.
    (package / "flat.py").write_text(HEAD.format(name="flat", body=GUESTS["good"]))
    info = tmp_path / "empty_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: empty-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[readiness.checks]\nempty = empty_rules\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    (broken,) = [b for b in registry.installed().broken if b.id == "empty_rules:*"]
    assert "brings no check" in broken.reason
    sys.modules.pop("empty_rules", None)


UNRESOLVED = """
from __future__ import annotations
from typing import TYPE_CHECKING
from readiness import Findings, Severity, check
if TYPE_CHECKING:
    from readiness.facts.objects import Objects

class View:
    def __init__(self, objects: Objects) -> None: ...

@check(Severity.LOW)
def {name}(view: {type}) -> Findings:
    '''It is well.'''
    yield from ()
"""


@pytest.mark.parametrize("kind", ["View", "int"])
def test_a_need_that_nothing_could_ever_bring_is_a_fault_and_not_skipped(tmp_path, world, kind):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"wants_{kind.lower()}.py").write_text(
        UNRESOLVED.format(name=f"wants_{kind.lower()}", type=kind)
    )
    world.bringers = {Objects: {"`manifests`": Origin.RENDERED}}
    (found,) = outcomes(tmp_path, world).values()
    assert found.status is Status.UNKNOWN
    assert f"{kind}, and it is no view of facts" in found.reason
