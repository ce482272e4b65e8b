"""SARIF: what code scanning shows, and where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from readiness.model import Span
from readiness.report import render

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def sarif() -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(
        json.loads((DATA / "sarif-schema-2.1.0.json").read_text()), validate_formats=True
    )


def log(*assessments: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(render("sarif", assessments), parse_constant=pytest.fail)
    return value


def run(assessment: Any) -> dict[str, Any]:
    one: dict[str, Any] = log(assessment)["runs"][0]
    return one


def result(assessment: Any, rule: str) -> dict[str, Any]:
    return next(r for r in run(assessment)["results"] if r["ruleId"] == rule)


def place(assessment: Any, rule: str) -> dict[str, Any]:
    physical: dict[str, Any] = result(assessment, rule)["locations"][0]["physicalLocation"]
    return physical


def test_every_kind_of_run_is_valid(sarif, every_kind):
    for name, assessment in every_kind.items():
        assert [f"{e.instance_path}: {e.message}" for e in sarif.iter_errors(log(assessment))] == [], name


def test_the_schema_refuses_what_is_wrong(sarif, shop):
    value = log(shop())
    value["runs"][0]["results"][0]["level"] = "fatal"
    assert not sarif.is_valid(value)


def test_a_result_points_at_its_rule_and_its_line(shop):
    told = run(shop())
    for one in told["results"]:
        assert told["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    assert place(shop(), "availability/replicas") == {
        "artifactLocation": {"uri": "deploy/web.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 5, "startColumn": 3},
    }
    assert result(shop(), "availability/replicas")["message"]["text"] == "Deployment shop/web: keeps 1, wants 2"


def test_paths_are_encoded_and_stand_under_the_root_of_the_repository(shop):
    odd = shop(path="deploy/a b#c%.yaml", about={"folder": "services/shop"})
    assert place(odd, "images/tag")["artifactLocation"]["uri"] == "services/shop/deploy/a%20b%23c%25.yaml"
    assert place(shop(path="/srv/web.yaml"), "images/tag")["artifactLocation"] == {"uri": "file:///srv/web.yaml"}


def test_a_live_object_is_placed_at_the_settings(shop):
    assert place(shop(live=True), "images/tag") == {
        "artifactLocation": {"uri": "readiness.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 1},
    }


def test_a_rendered_line_is_told_in_words_and_not_as_a_line_of_the_file(shop):
    assessment = shop()
    anchor = next(j for o in assessment.outcomes for j in o.judged if o.check.id == "images/tag").finding.place.anchor

    class Rendered:
        def locate(self, body: object, route: object) -> Span:
            return Span("chart/templates/web.yaml", 40, 3, rendered=True)

    locator, anchor.locator = anchor.locator, Rendered()
    try:
        assert "region" not in place(assessment, "images/tag")
        assert result(assessment, "images/tag")["message"]["text"].endswith("(line 40 of the rendered output)")
    finally:
        anchor.locator = locator


def test_severity_becomes_a_level_and_security_only_where_it_is_one(shop):
    rules = {r["id"]: r["properties"] for r in run(shop())["tool"]["driver"]["rules"]}
    assert rules["security/privileged"]["security-severity"] == "9.5"
    assert "security" in rules["security/privileged"]["tags"]
    assert "security-severity" not in rules["availability/replicas"]
    assert result(shop(), "security/privileged")["level"] == "error"


def test_a_rule_helps(shop):
    rule = next(r for r in run(shop())["tool"]["driver"]["rules"] if r["id"] == "availability/replicas")
    assert "Set `spec.replicas`" in rule["help"]["markdown"]
    assert rule["shortDescription"]["text"].startswith("Every long-running workload")


def test_a_waived_finding_is_suppressed(shop, waiver):
    suppression = result(shop(waivers=[waiver]), "security/privileged")["suppressions"][0]
    assert suppression["kind"] == "external"
    assert waiver.reason in suppression["justification"]
    assert "suppressions" not in result(shop(), "security/privileged")


def test_a_baseline_tells_new_from_known(shop):
    mark = result(shop(), "images/tag")["partialFingerprints"]["readiness/v1"]
    later = shop(known=[mark])
    assert result(later, "images/tag")["baselineState"] == "unchanged"
    assert result(later, "security/privileged")["baselineState"] == "new"
    assert "baselineState" not in result(shop(), "images/tag")
    nothing_known = replace(shop(), about={"baseline": True})
    assert result(nothing_known, "images/tag")["baselineState"] == "new"


def test_a_moved_line_keeps_its_fingerprint(shop, calm):
    text = calm.replace("replicas: 3", "replicas: 1")
    marks = {
        (result(shop(text=moved), "availability/replicas")["partialFingerprints"]["readiness/v1"])
        for moved in (text, "# a line more\n" + text)
    }
    lines = {
        place(shop(text=moved), "availability/replicas")["region"]["startLine"] for moved in (text, "# more\n" + text)
    }
    assert len(marks) == 1
    assert lines == {5, 6}


def test_what_could_not_be_known_is_a_notification_and_no_alert(shop, gap):
    told = run(shop(gaps=[gap], fails=True))
    invocation = told["invocations"][0]
    said = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    assert said[0] == "not examined: mapping values are not allowed here (mend it)"
    assert invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 7
    broken = next(n for n in invocation["toolExecutionNotifications"] if "broken/check" in n["message"]["text"])
    assert told["tool"]["driver"]["rules"][broken["associatedRule"]["index"]]["id"] == "broken/check"
    assert not [r for r in told["results"] if r["ruleId"] == "broken/check"]


def test_a_run_without_a_hole_was_successful(shop, calm):
    assert run(shop(text=calm))["invocations"][0]["executionSuccessful"] is True


def test_each_environment_has_a_category_of_its_own(shop):
    runs = log(shop(), shop(environment="production"))["runs"]
    assert [r["automationDetails"]["id"] for r in runs] == ["readiness/shop/staging/", "readiness/shop/production/"]


def test_the_same_run_is_told_in_the_same_bytes(shop, gap):
    assert len({render("sarif", [shop(gaps=[gap], fails=True)]) for _ in range(2)}) == 1
