"""The JSON report: valid against its published schema, complete, and the same for the same run."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from typing import Any

import jsonschema_rs
import pytest

from readiness.model import Finding, Severity, Verdict
from readiness.report import render
from readiness.report.encoding import number
from readiness.report.json_report import schema


def closed(part: Any) -> Any:
    """The schema with every object closed, so that a field that nobody published is found."""
    if isinstance(part, dict):
        made = {key: closed(value) for key, value in part.items()}
        return made | {"additionalProperties": False} if "properties" in made and made.get("type") == "object" else made
    return [closed(one) for one in part] if isinstance(part, list) else part


@pytest.fixture(scope="module")
def published() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(closed(json.loads(schema())), validate_formats=True)


def told(*assessments: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(render("json", assessments), parse_constant=pytest.fail)
    return value


def outcome(report: dict[str, Any], check_id: str) -> dict[str, Any]:
    return next(o for o in report["runs"][0]["outcomes"] if o["id"] == check_id)


def test_every_kind_of_run_is_valid(published, every_kind):
    for name, assessment in every_kind.items():
        errors = [
            f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in published.iter_errors(told(assessment))
        ]
        assert not errors, name
    assert published.is_valid(told(*every_kind.values()))


def test_a_report_of_another_shape_is_not_valid(published, shop):
    report = told(shop())
    assert not published.is_valid(report | {"verdict": "FINE"})
    assert not published.is_valid({key: value for key, value in report.items() if key != "exit_code"})


def test_the_same_run_is_told_in_the_same_bytes(shop, gap):
    texts = {render("json", [shop(gaps=[gap], fails=True)]) for _ in range(2)}
    assert len(texts) == 1


def test_a_finding_says_where_what_and_how_to_mend_it(shop):
    said = outcome(told(shop()), "availability/replicas")
    finding = said["findings"][0]
    assert said["status"] == "failed"
    assert said["fix"].startswith("Set `spec.replicas`")
    assert (finding["file"], finding["line"], finding["column"], finding["rendered"]) == (
        "deploy/web.yaml",
        5,
        3,
        False,
    )
    assert finding["subject"] == "Deployment shop/web"
    assert finding["message"] == "keeps 1, wants 2"
    assert finding["path"] == "spec.replicas"
    assert finding["evidence"] == {"replicas": 1, "minimum": 2}
    assert finding["open"]
    assert finding["waiver"] is None


def test_a_finding_about_a_live_object_has_no_line(shop):
    finding = outcome(told(shop(live=True)), "availability/replicas")["findings"][0]
    assert (finding["file"], finding["line"], finding["origin"]) == (None, None, "live")


def test_the_top_says_what_the_worst_run_came_to(shop, gap, calm):
    report = told(shop(text=calm), shop(text=calm, gaps=[gap], environment="canary"), shop(environment="production"))
    assert [r["verdict"] for r in report["runs"]] == ["READY", "INCOMPLETE", "NOT READY"]
    assert (report["verdict"], report["exit_code"], report["score"]) == (
        "NOT READY",
        1,
        report["runs"][2]["score"]["value"],
    )


def test_no_score_is_null(shop):
    report = told(shop(text="kind: Gizmo\nmetadata: {name: one}\n"))
    assert report["score"] is None
    assert report["verdict"] == Verdict.INCOMPLETE.value


def test_a_waived_finding_keeps_its_waiver_and_does_not_count(shop, waiver):
    report = told(shop(waivers=[waiver]))
    finding = outcome(report, "security/privileged")["findings"][0]
    assert finding["waiver"]["owner"] == waiver.owner
    assert not finding["open"]
    assert report["runs"][0]["counts"]["waived"] == 1
    assert report["runs"][0]["waivers"][0]["state"] == "used"


def test_known_findings_are_marked(shop):
    first = outcome(told(shop()), "images/tag")["findings"][0]
    report = told(shop(known=[first["fingerprint"]], new_only=True))
    finding = outcome(report, "images/tag")["findings"][0]
    assert finding["known"]
    assert not finding["open"]
    assert report["runs"][0]["new_only"]
    assert report["runs"][0]["counts"]["known"] == 1


def test_what_could_not_be_known_is_there(shop, gap):
    run = told(shop(gaps=[gap], fails=True))["runs"][0]
    assert run["gaps"] == [
        {
            "source": "manifests",
            "cause": gap.cause,
            "advice": gap.advice,
            "kinds": ["Service"],
            "file": "deploy/b r.yaml",
            "line": 7,
            "column": 3,
            "rendered": False,
        }
    ]
    broken = next(o for o in run["outcomes"] if o["id"] == "broken/check")
    assert (broken["status"], broken["reason"]) == ("unknown", "the check itself failed: RuntimeError: boom")
    assert [i["reading"] for i in run["inputs"]] == ["checked", "not_examined", "ignored"]
    assert run["not_understood"] == {"Gizmo": 1}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(79.9999, 79.99), (100.0, 100), (0.0, 0), (33.333333, 33.33), (79.99999999999999, 80), (None, None)],
)
def test_a_score_is_cut_and_never_rounded_over_a_bar(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (2**70, str(2**70)),
        ({2, 1}, [1, 2]),
        (b"x", "b'x'"),
        ({"a": {1: (math.nan,)}}, {"a": {"1": ["nan"]}}),
        (Severity.HIGH, "high"),
        (date(2026, 1, 2), "2026-01-02"),
        ([1.5, True, None], [1.5, True, None]),
    ],
)
def test_evidence_of_any_kind_is_json(shop, published, value, shown):
    assessment = shop()
    odd = [
        replace(o, judged=tuple(replace(j, finding=Finding(*j.finding[:5], {"odd": value})) for j in o.judged))
        for o in assessment.outcomes
    ]
    report = told(replace(assessment, outcomes=tuple(odd)))
    assert published.is_valid(report)
    assert outcome(report, "images/tag")["findings"][0]["evidence"] == {"odd": shown}
