"""JUnit XML, for pipelines that show tests: a suite for each environment, a case for each check.

No standard exists; this keeps to the elements and attributes of the schema that Jenkins publishes, which all readers
know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from readiness.engine.assess import Assessment, area
from readiness.model import Gap, Outcome, Status, Verdict
from readiness.report import selection
from readiness.report.encoding import number
from readiness.report.selection import Open
from readiness.report.text import brief, counted, sentence

if TYPE_CHECKING:
    from readiness.report import Style

_MOST_FINDINGS = 200  # in one case
_MOST_GAPS = 1_000


def render(assessments: Sequence[Assessment], style: Style) -> str:  # noqa: ARG001 (a program has no taste)
    """One document. `failure` is an open finding, `error` what could not be known: nothing unknown reads as passed."""
    suites = ET.Element("testsuites", name="readiness")
    for assessment in assessments:
        suites.append(_suite(assessment))
    _count(suites, suites)
    ET.indent(suites, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(assessment: Assessment) -> ET.Element:
    name = f"{brief(assessment.service)} · {brief(assessment.environment)}"
    suite = ET.Element("testsuite", name=name)
    if "time" in assessment.about:
        suite.set("timestamp", brief(assessment.about["time"]))
    properties = ET.SubElement(suite, "properties")
    answer = assessment.answer
    for key, value in (
        ("verdict", answer.verdict.value),
        ("score", number(answer.score.value)),
        ("covered", number(answer.score.covered)),
    ):
        ET.SubElement(properties, "property", name=key, value="" if value is None else str(value))
    suite.append(_verdict(assessment))
    for outcome in assessment.outcomes:
        suite.append(_case(outcome, assessment.seconds.get(outcome.check.id, 0.0)))
    for number_, gap in enumerate(assessment.gaps[:_MOST_GAPS], 1):
        suite.append(_gap(gap, number_))
    if len(assessment.gaps) > _MOST_GAPS:
        suite.append(_not_listed(len(assessment.gaps) - _MOST_GAPS))
    _count(suite, suite)
    suite.set("time", f"{sum(assessment.seconds.values()):.3f}")
    return suite


def _verdict(assessment: Assessment) -> ET.Element:
    """The verdict as a case: a missing source or a low score is no finding of any check, and has to be seen."""
    answer = assessment.answer
    case = _new("verdict", "verdict")
    said = "\n".join(brief(reason) for reason in answer.reasons)
    kind = {Verdict.NOT_READY: "failure", Verdict.INCOMPLETE: "error"}.get(answer.verdict)
    if kind:
        _add(case, kind, answer.verdict.value, answer.verdict.value, said)
    elif said:
        ET.SubElement(case, "system-out").text = said
    return case


def _case(outcome: Outcome, seconds: float) -> ET.Element:
    case = _new(brief(area(outcome.check)), brief(outcome.check.id), seconds)
    found = selection.picked([outcome], lambda _o, j: j.counts, _MOST_FINDINGS)
    if outcome.status is Status.UNKNOWN:
        _add(case, "error", f"could not be answered: {brief(outcome.reason)}", "unknown", brief(outcome.reason))
    elif outcome.status in (Status.SKIPPED, Status.NOT_APPLICABLE):
        ET.SubElement(case, "skipped", message=f"{_words(outcome.status)}: {brief(outcome.reason)}")
    elif found and not outcome.adopted:
        ET.SubElement(case, "skipped", message=f"newer than the pinned rules: {_head(outcome, found)}")
    elif found:
        _add(case, "failure", _head(outcome, found), found[0].judged.severity.value, _body(outcome, found))
    aside = [_waiver(item) for item in selection.picked([outcome], lambda _o, j: not j.counts, _MOST_FINDINGS)]
    if found and outcome.reason:
        aside.append(brief(outcome.reason))
    if aside:
        ET.SubElement(case, "system-out").text = "\n".join(aside)
    return case


def _head(outcome: Outcome, found: Sequence[Open]) -> str:
    more = len(outcome.bad) - 1
    return f"{_line(found[0])}" + (f" (and {more:,} more)" if more else "")


def _body(outcome: Outcome, found: Sequence[Open]) -> str:
    lines = [f"{item.judged.severity.value}: {_line(item)} [{brief(item.where)}]" for item in found]
    left_out = len(outcome.bad) - len(found)
    if left_out > 0:
        lines.append(f"truncated: {counted(left_out, 'more finding')} not listed")
    fix = outcome.check.page.fix
    return "\n".join([*lines, f"fix: {brief(sentence(fix))}"] if fix else lines)


def _line(item: Open) -> str:
    finding = item.judged.finding
    return f"{brief(finding.place.subject)}: {brief(finding.message)}"


def _waiver(item: Open) -> str:
    waiver = item.judged.waiver
    if waiver is None:
        return f"known: {_line(item)} [{brief(item.where)}]"
    said = f"{waiver.owner} until {waiver.expires}: {waiver.reason}"
    return f"waived: {_line(item)} [{brief(item.where)}]; {brief(said)}"


def _gap(gap: Gap, position: int) -> ET.Element:
    where = brief(gap.span) if gap.span else brief(gap.source)
    case = _new("sources", f"gap {position}: {where}")
    _add(case, "error", brief(gap.cause), "gap", brief(gap))
    return case


def _not_listed(left_out: int) -> ET.Element:
    case = _new("sources", "gaps not listed")
    said = f"truncated: {counted(left_out, 'more gap')} not listed"
    _add(case, "error", said, "gap", said)
    return case


def _new(group: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=group, name=name, time=f"{seconds:.3f}")


def _add(case: ET.Element, tag: str, message: str, kind: str, text: str) -> None:
    ET.SubElement(case, tag, message=message, type=kind).text = text


def _words(status: Status) -> str:
    return status.value.replace("_", " ")


def _count(element: ET.Element, within: ET.Element) -> None:
    cases = list(within.iter("testcase"))
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        if attribute == "skipped" and element.tag == "testsuites":
            continue
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
