"""From findings to an outcome: what settings, waivers and a baseline may do to a finding, and what they may not."""

from datetime import date

import pytest

from readiness.engine import baseline
from readiness.engine.assess import Assessment, Terms, assess
from readiness.engine.baseline import Baseline
from readiness.engine.judge import conclude
from readiness.engine.registry import Registry
from readiness.engine.run import Asked
from readiness.engine.waivers import Book, Entry, inline
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.facts.texts import ThingAnchor
from readiness.facts.waivers import Waivers
from readiness.facts.writings import Note, Writing, Writings
from readiness.model import (
    Bar,
    Check,
    Finding,
    Origin,
    Outcome,
    Page,
    Place,
    Severity,
    Span,
    Status,
    Supply,
    Verdict,
    Waiver,
)

CHECK = Check("area/name", Severity.MEDIUM, lambda: iter(()), (), {}, Page("It is well."), Span("x.py", 1), "2026.11")
FINDING = Finding(False, Place(ThingAnchor("thing")), "is bad")


def judged(severity: Severity | None, said: Severity | None = None, known: Baseline | None = None) -> Outcome:
    asked = Asked(CHECK, subjects={"thing"}, bad=[FINDING._replace(severity=severity)])
    return conclude(asked, "test", settings={}, severity=said, known=known, new_only=known is not None)


@pytest.mark.parametrize(
    ("own", "said", "found"),
    [
        (None, None, Severity.MEDIUM),
        (Severity.CRITICAL, None, Severity.CRITICAL),
        (None, Severity.HIGH, Severity.HIGH),
        (Severity.LOW, Severity.HIGH, Severity.HIGH),
        # Settings that do not lower the check lower none of its findings.
        (Severity.CRITICAL, Severity.MEDIUM, Severity.CRITICAL),
        (Severity.CRITICAL, Severity.HIGH, Severity.CRITICAL),
        (Severity.CRITICAL, Severity.LOW, Severity.LOW),
    ],
)
def test_the_severity_of_a_finding(own, said, found):
    assert judged(own, said).judged[0].severity is found


def test_a_finding_that_got_worse_is_not_known():
    text = baseline.write({("shop", "test"): [judged(Severity.MEDIUM)]})
    known = baseline.read(text, "b.json")["shop", "test"]
    same, worse, milder = (judged(s, known=known) for s in (Severity.MEDIUM, Severity.HIGH, Severity.LOW))
    assert (same.status, worse.status, milder.status) == (Status.PASSED, Status.FAILED, Status.PASSED)


def test_the_worst_of_equal_fingerprints_is_what_a_baseline_keeps():
    found = [FINDING._replace(severity=s) for s in (Severity.HIGH, Severity.LOW)]
    both = conclude(Asked(CHECK, subjects={"thing"}, bad=found), "test", settings={})
    known = baseline.read(baseline.write({("shop", "test"): [both]}), "b.json")["shop", "test"]
    again = conclude(Asked(CHECK, subjects={"thing"}, bad=found), "test", settings={}, known=known, new_only=True)
    assert again.status is Status.PASSED


def test_a_baseline_outlives_no_waiver():
    asked = Asked(CHECK, subjects={"thing"}, bad=[FINDING])
    waiver = Waiver("area/name", "*", "a reason that is long enough", "us", date(2027, 1, 1))
    waived = conclude(asked, "test", settings={}, waive=lambda _id, _finding: waiver)
    known = baseline.read(baseline.write({("shop", "test"): [waived]}), "b.json")["shop", "test"]
    still = conclude(asked, "test", settings={}, known=known, new_only=True, waive=lambda _id, _finding: waiver)
    assert (still.status, still.judged[0].known) == (Status.PASSED, True)
    expired = conclude(asked, "test", settings={}, known=known, new_only=True)
    assert (expired.status, expired.judged[0].known) == (Status.FAILED, False)


@pytest.mark.parametrize("pattern", ["*", "area/*", "*/name"])
def test_a_waiver_is_of_one_check(pattern):
    waiver = Waiver(pattern, "*", "a reason that is long enough", "us", date(2027, 1, 1))
    book = Book([Entry(waiver, Span("readiness.yaml", 1))], date(2026, 11, 21))
    assert book.waive("area/name", FINDING) is None


@pytest.mark.parametrize("pattern", ["*", "area/*", "*/*"])
def test_a_comment_that_waives_many_checks_is_malformed(pattern):
    said = f'readiness: ignore {pattern} reason="for all of them" owner=us until=2027-01-01'
    (entry,) = inline([Writings((Writing("a.yaml", 1, (), (Note("a.yaml", 3, said, alone=False),)),))])
    assert "where one is wanted" in entry.fault


def objects(*bodies: tuple[str, str]) -> World:
    items = [Resource({"apiVersion": v, "kind": k, "metadata": {"name": "a"}}) for v, k in bodies]
    return World("test", [Supply("manifests", frozenset({Objects}), {Objects: Objects(items)}, Origin.RENDERED)])


def assessed(world: World, *checks: Check) -> Assessment:
    return assess("shop", world, Registry({c.id: c for c in checks}), Terms(Bar(0, 0)))


def test_a_kind_of_another_group_is_not_taken_for_read():
    from readiness_checks.availability.replicas import replicas
    from readiness_checks.network.service_type import service_type

    world = objects(
        ("apps/v1", "Deployment"), ("v1", "Service"), ("serving.knative.dev/v1", "Service"), ("x.org/v1", "Gizmo")
    )
    found = assessed(world, replicas, service_type).not_understood
    assert found == {"Gizmo": 1, "Service of serving.knative.dev": 1}


def test_a_source_of_objects_that_brings_none_has_a_gap():
    from readiness_checks.availability.replicas import replicas

    everything_else = Supply("repository", frozenset({Writings}), {Writings: Writings(())})
    world = World("test", [*objects().supplies, everything_else])
    found = assessed(world, replicas)
    assert [g.source for g in found.gaps] == ["manifests"]
    assert found.outcomes[0].status is Status.UNKNOWN
    assert found.answer.verdict is Verdict.INCOMPLETE
    assert assessed(objects(("v1", "ConfigMap")), replicas).gaps == ()


class Spent:
    """A view over what became of waivers."""

    def __init__(self, waivers: Waivers) -> None:
        self.waivers = waivers


def test_a_view_of_waivers_is_made_when_they_are_known():
    from readiness import Findings, check

    @check(Severity.LOW)
    def spent(view: Spent) -> Findings:
        """All is spent."""
        yield Place(ThingAnchor("waivers")).expect(not tuple(view.waivers), "are spent")

    (outcome,) = assessed(objects(), spent).outcomes
    assert outcome.status is Status.PASSED
