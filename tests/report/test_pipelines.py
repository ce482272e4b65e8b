"""JUnit and GitHub's workflow commands: what a pipeline shows of a run."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from readiness.model import Gap, Span
from readiness.report import render
from readiness.report.selection import findings


def suites(*assessments) -> ET.Element:
    return ET.fromstring(render("junit", assessments))  # noqa: S314 (our own)


def case(suite: ET.Element, name: str) -> ET.Element:
    return next(c for c in suite.iter("testcase") if c.get("name") == name)


def test_a_case_for_each_check_and_one_for_the_verdict(shop):
    assessment = shop()
    suite = suites(assessment)[0]
    assert [c.get("name") for c in suite.iter("testcase")] == ["verdict", *(o.check.id for o in assessment.outcomes)]
    assert suite.get("name") == "shop · staging"


def test_a_failed_check_tells_all_its_findings(shop):
    failure = case(suites(shop())[0], "availability/replicas").find("failure")
    assert failure is not None
    assert failure.get("message") == "Deployment shop/web: keeps 1, wants 2"
    assert "[deploy/web.yaml:5:3]" in (failure.text or "")
    assert "fix: Set `spec.replicas`" in (failure.text or "")


def test_nothing_unknown_reads_as_passed(shop, gap, calm):
    suite = suites(shop(text=calm, gaps=[gap], fails=True))[0]
    assert case(suite, "broken/check").find("error") is not None
    assert case(suite, "verdict").find("error") is not None
    assert case(suite, "gap 1: deploy/b r.yaml:7:3").find("error") is not None
    assert suite.get("errors") == str(len(suite.findall("testcase/error")))


def test_a_missing_source_alone_is_an_error(shop, calm):
    ready = shop(text=calm)
    lacking = replace(
        ready, answer=replace(shop(text="kind: Gizmo\n").answer, reasons=("the source `x` is mandatory",))
    )
    assert suites(ready)[0].get("errors") == "0"
    assert suites(lacking)[0].get("errors") == "1"


def test_what_was_not_asked_is_skipped_with_its_reason(shop):
    skipped = case(suites(shop())[0], "quality/formatter").find("skipped")
    assert skipped is not None
    assert "Repository" in (skipped.get("message") or "")


def test_a_waived_finding_passes_and_is_told(shop, waiver):
    one = case(suites(shop(waivers=[waiver]))[0], "security/privileged")
    assert one.find("failure") is None
    assert waiver.reason in (one.findtext("system-out") or "")


def test_a_check_that_is_not_adopted_does_not_fail(shop):
    one = case(suites(shop(rules="2026.01"))[0], "availability/replicas")
    assert one.find("failure") is None
    assert "newer than the pinned rules" in (one.find("skipped").get("message") or "")  # type: ignore[union-attr]


def test_counts_over_all_suites(shop):
    tree = suites(shop(), shop(environment="production"))
    for name in ("tests", "failures", "errors"):
        assert int(tree.get(name, "")) == sum(int(suite.get(name, "")) for suite in tree)
    assert int(tree.get("failures", "")) > 0


def github(*assessments) -> list[str]:
    return render("github", assessments).split("\n")[:-1]


def test_annotations_come_worst_first_and_the_verdict_last(shop):
    lines = github(shop())
    assert lines[0].startswith("::error file=deploy/web.yaml,line=13,title=security/privileged (critical)::")
    assert lines[-1].startswith("::error title=readiness%3A NOT READY::shop staging is NOT READY: score 0 (bar 80)")
    assert next(line for line in lines if "availability/replicas" in line).startswith("::error ")
    assert "%0Afix: Set `spec.replicas`" in "\n".join(lines)


def test_no_more_annotations_than_github_shows_and_the_rest_in_the_log(shop, calm):
    many = "---\n".join(
        calm.replace("name: web, namespace", f"name: web{n}, namespace").replace("replicas: 3", "replicas: 1")
        for n in range(14)
    )
    lines = github(shop(text=many))
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert errors[-1] == lines[-1]
    log = lines[
        lines.index(next(line for line in lines if line.startswith("::group::"))) + 1 : lines.index("::endgroup::")
    ]
    told = {m[0] for line in lines for m in re.finditer(r"shop/web\d+: keeps 1", line)}
    assert len(told) == 14
    assert all(line.startswith("  ") for line in log)


def test_a_message_cannot_end_its_line(shop, calm):
    gap = Gap("manifests", "100% wrong%0A::error::x", Span("a%,b:c.yaml", 1))
    lines = github(shop(text=calm, gaps=[gap]))
    assert lines[0].startswith("::warning file=a%25%2Cb%3Ac.yaml,line=1,")
    assert lines[0].endswith("::100%25 wrong%250A::error::x")


def test_findings_are_told_worst_first(shop):
    assessment = shop()
    ranks = [item.judged.severity.rank for item in findings(assessment)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1
    assert findings(assessment, 2) == findings(assessment)[:2]


def test_a_gap_is_a_warning_at_its_line(shop, gap, calm):
    lines = github(shop(text=calm, gaps=[gap]))
    assert lines[0].startswith("::warning file=deploy/b r.yaml,line=7,title=not examined (manifests)::mapping values")
    assert lines[-1].startswith("::warning title=readiness%3A INCOMPLETE::")


def test_paths_are_those_of_the_repository(shop):
    lines = github(shop(path="deploy/web,a:b.yaml", about={"folder": "services/shop"}))
    assert "file=services/shop/deploy/web%2Ca%3Ab.yaml,line=13" in lines[0]
    assert "file=" not in github(shop(live=True))[0]


def test_a_rendered_line_is_no_line_of_the_file(shop, calm):
    gap = Gap("helm", "no", Span("chart/x.yaml", 9, rendered=True))
    assert github(shop(text=calm, gaps=[gap]))[0].startswith("::warning file=chart/x.yaml,title=")


def test_ready_is_a_notice(shop, calm):
    assert github(shop(text=calm))[-1].startswith("::notice title=readiness%3A READY::shop staging is READY")


@pytest.mark.parametrize(("environments", "wanted"), [(("staging",), False), (("staging", "production"), True)])
def test_several_runs_name_their_environment(shop, environments, wanted):
    lines = github(*(shop(environment=name) for name in environments))
    assert ("shop staging)::" in lines[0]) is wanted
