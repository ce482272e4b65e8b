"""Flags lie on top of settings, and are held to the same rules."""

from dataclasses import replace
from pathlib import Path

import pytest
from config.checks import CHECKS

from readiness.config import overrides
from readiness.config.environment import CheckSettings, Environment
from readiness.config.faults import SettingsError

BEFORE = Environment(
    "shop", "staging", Path(), kubernetes="1.30", checks={"area/asked": CheckSettings({"higher": 4, "lower": 1.5})}
)


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ("higher=9", "higher", 9),
        ("lower=0.5", "lower", 0.5),
        ("true=true", "true", True),
        ("free=two", "free", "two"),
        ("more=[a, b]", "more", ("a", "b")),
        ("more=[]", "more", ()),
        ("more=[1, a]", "more", None),
    ],
)
def test_a_flag_sets_one_setting_and_leaves_the_others(said: str, name: str, value: object):
    if value is None:
        with pytest.raises(SettingsError, match="wanted a text"):
            overrides.apply(BEFORE, CHECKS, "", [f"area/asked.{said}"])
        return
    after = overrides.apply(BEFORE, CHECKS, "", [f"area/asked.{said}"])
    found = after.settings_of(CHECKS["area/asked"])
    assert found[name] == value
    assert type(found[name]) is type(value)
    others = {**BEFORE.settings_of(CHECKS["area/asked"]), name: value}
    assert found == others


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("area/asked", "--set wants CHECK.SETTING=VALUE"),
        ("area/asked.higher", "--set wants CHECK.SETTING=VALUE"),
        ("area/aksed.higher=1", "did you mean `area/asked`?"),
        ("area/asked.hihger=1", "did you mean `higher`?"),
        ("area/asked.higher=many", "wanted a whole number, found 'many'"),
        ("area/asked.higher=true", "wanted a whole number"),
        ("area/asked.lower=.inf", "wanted a finite number"),
        ("area/asked.free=three", "wanted 'one' or 'two'"),
        ("area/asked.skip=not today, thank you", "only the settings file may say this"),
        ("area/asked.severity=low", "only the settings file may say this"),
    ],
)
def test_a_flag_that_cannot_be_meant(said: str, message: str):
    with pytest.raises(SettingsError) as caught:
        overrides.apply(BEFORE, CHECKS, "", [said])
    assert message in str(caught.value)


def test_the_version_of_kubernetes():
    assert overrides.apply(BEFORE, CHECKS, "1.34", []) == replace(BEFORE, kubernetes="1.34")
    assert overrides.apply(BEFORE, CHECKS, "", []) == BEFORE
    for wrong in ("1", "2.0", "v1.34", "1.34.2", "latest"):
        with pytest.raises(SettingsError, match="wants a version such as"):
            overrides.apply(BEFORE, CHECKS, wrong, [])
