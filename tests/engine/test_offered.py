"""The checks that are offered, told by name alone until one is looked at."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from readiness.config import load
from readiness.engine import registry
from readiness.engine.registry import Offered, installed


def test_they_are_those_that_are_installed() -> None:
    found, offered = installed().checks, Offered()
    assert set(offered) == set(found)
    assert len(offered) == len(found)
    assert {check_id: offered[check_id] for check_id in offered} == found


def test_what_there_is_not_is_not_there() -> None:
    assert "availability/nothing" not in Offered()
    with pytest.raises(KeyError):
        Offered()["availability/nothing"]


def test_a_package_that_broke_takes_no_verb_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings for its checks are somebody else's, as they are to who imports all checks."""
    package = tmp_path / "brings_checks" / "area"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "broken.py").write_text("import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = list(entry_points(group=registry.GROUP))
    point = EntryPoint("x", "brings_checks", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*own, point])
    assert set(Offered()) == set(installed().checks)
    settings = tmp_path / "readiness.yaml"
    settings.write_text(
        "service: shop\nenvironments:\n  local:\n    checks: {'brings_checks:area/broken': {limit: 3}}\n"
    )
    assert load.load(settings, Offered(), {}).environments[0].name == "local"


def test_no_check_is_imported_before_it_is_looked_at() -> None:
    code = (
        "import sys; from readiness.engine.registry import Offered; o = Offered(); assert o; "
        "loaded = lambda: [m for m in sys.modules if m.startswith('readiness_checks.') and m.count('.') > 1]; "
        "assert not loaded(), loaded(); o['availability/replicas']; assert len(loaded()) == 1, loaded()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
