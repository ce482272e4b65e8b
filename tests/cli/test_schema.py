"""The settings' schema agrees with the program: what one refuses, the other refuses."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from readiness.config import load
from readiness.config.faults import SettingsError
from readiness.config.json_schema import settings
from readiness.engine.registry import installed

CHECKS = installed().checks
VALIDATOR = jsonschema_rs.validator_for(settings(CHECKS))
HEAD = "environments: {staging: {%s}}\n"

GOOD = {
    "least": HEAD % "",
    "paths as one or many": HEAD
    % "sources: {manifests: deploy, kustomize: [a, {path: b}], helm: {chart: c, values: d}}",
    "a chart as a text": HEAD % "sources: {helm: chart}",
    "a variable for a number": HEAD % 'bar: {score: "${BAR:-80}"}',
    "a variable for a choice": HEAD % 'profile: "${PROFILE:-staging}"',
    "a variable for a text with a pattern": HEAD % 'kubernetes: "${KUBERNETES:-1.34}"',
    "settings of checks": HEAD % "checks: {availability/replicas: {minimum: 3, severity: low}}",
    "a check that is skipped": HEAD % "checks: {availability/replicas: {skip: one licence only}}",
    "lists of checks": HEAD % "checks: {images/registry: {allowed: [registry.example.com]}}",
    "a guest": HEAD % "checks: {guests:area/name: {anything: 1}}",
    "services": "services: {web: {owner: me, tier: 1, environments: {staging: {}}}}\n",
    "null takes away": HEAD % "sources: {manifests: null}",
    "commands": HEAD % "sources: {commands: {test: {run: [make, test], timeout: 60}}}",
    "one waiver file": "waiver-files: []\n" + HEAD % "",
}
BAD = {
    "unknown key": HEAD % "source: {}",
    "unknown key at the top": "owners: me\n" + HEAD % "",
    "unknown check": HEAD % "checks: {availability/replica: {}}",
    "unknown setting": HEAD % "checks: {availability/replicas: {minimun: 2}}",
    "text for a number": HEAD % "bar: {score: high}",
    "number for a text": HEAD % "namespace: 3",
    "text for a check's number": HEAD % "checks: {availability/replicas: {minimum: many}}",
    "truth for a check's number": HEAD % "checks: {availability/replicas: {minimum: true}}",
    "too high a bar": HEAD % "bar: {score: 101}",
    "tier": "tier: 4\n" + HEAD % "",
    "severity": HEAD % "checks: {availability/replicas: {severity: blocker}}",
    "a reason that is none": HEAD % "checks: {availability/replicas: {skip: no}}",
    "version": HEAD % "kubernetes: '2.0'",
    "command": HEAD % "sources: {commands: {deploy: {run: [make]}}}",
    "command as a text": HEAD % "sources: {commands: {test: {run: make test}}}",
    "source of the wrong kind": HEAD % "sources: {helm: 3}",
    "rules": "rules: newest\n" + HEAD % "",
    "waiver without an owner": "waivers: [{check: a/b, subject: x, reason: long enough, expires: '2027-01-01'}]\n"
    + HEAD % "",
}


def loaded(tmp_path: Path, text: str) -> bool:
    path = tmp_path / "readiness.yaml"
    path.write_text(text)
    try:
        load.load(path, CHECKS, {})
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("name", GOOD)
def test_both_take_it(name: str, tmp_path: Path):
    assert [e.message for e in VALIDATOR.iter_errors(yaml.safe_load(GOOD[name]))] == []
    assert loaded(tmp_path, GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_both_refuse_it(name: str, tmp_path: Path):
    assert not VALIDATOR.is_valid(yaml.safe_load(BAD[name]))
    assert not loaded(tmp_path, BAD[name])


def test_the_examples_settings_fit():
    for path in Path(__file__).parents[2].glob("examples/**/readiness.yaml"):
        errors = [e.message for e in VALIDATOR.iter_errors(yaml.safe_load(path.read_text()))]
        assert errors == [], path


def test_a_default_in_the_schema_is_the_one_that_counts():
    printed = settings(CHECKS)["$defs"]["Checks"]["properties"]
    for check in CHECKS.values():
        for name, setting in check.settings.items():
            said = printed[check.id]["properties"][name]["default"]
            assert said == json.loads(json.dumps(setting.default)), f"{check.id} {name}"


def test_both_schemas_are_valid_and_printed(here):
    for arguments in ((), ("settings",), ("report",)):
        done = here.run("schema", *arguments)
        assert done.code == 0
        jsonschema_rs.meta.validate(json.loads(done.out))
