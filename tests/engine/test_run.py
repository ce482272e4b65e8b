"""Asking a check: what is missing, what fails and what is hidden never reads as a yes."""

from dataclasses import replace

import pytest

from readiness import Findings, Live, Rendered, Severity, Status, check
from readiness.engine.judge import conclude
from readiness.engine.run import ask
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.facts.repository import Repository
from readiness.facts.workloads import Workloads
from readiness.model import Gap, Origin, Outcome, Span, Supply


def deployment(name: str, replicas: int = 2) -> dict:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": replicas}}


def supply(*bodies: dict, origin: Origin = Origin.RENDERED, gaps: tuple[Gap, ...] = ()) -> Supply:
    objects = Objects(Resource(b, origin=origin) for b in bodies)
    return Supply("manifests", frozenset({Objects}), {Objects: objects}, origin, gaps)


def world(*supplies: Supply) -> World:
    return World("test", supplies, {Repository: {"repository": None}, Objects: {"manifests": Origin.RENDERED}})


def outcome(one, *supplies: Supply) -> Outcome:
    asked = ask(one, world(*supplies), {})
    return conclude(asked, "test", settings={})


@check(Severity.HIGH)
def pairs(workloads: Workloads) -> Findings:
    """Every workload keeps two."""
    for workload in workloads:
        yield workload.at("spec", "replicas").expect(workload.effective_replicas >= 2, "wants 2")


@check(Severity.HIGH)
def covered(workloads: Workloads) -> Findings:
    """Every workload has a budget."""
    for workload in workloads:
        yield workload.at().expect(False, "has no budget", absence=("PodDisruptionBudget",))


@check(Severity.HIGH)
def raises(workloads: Workloads) -> Findings:
    """Every workload is well."""
    first = next(iter(workloads))
    yield first.at().expect(first.name != "bad", "is bad")
    raise RuntimeError("the check's own fault")


@check(Severity.HIGH)
def leaves(workloads: Workloads) -> Findings:
    """Every workload is well."""
    raise SystemExit(0)
    yield next(iter(workloads)).at().expect(True, "")


@check(Severity.HIGH)
def returns_text(workloads: Workloads) -> Findings:
    """Every workload is well."""
    return iter(["all is well"])  # type: ignore[list-item]


@check(Severity.HIGH)
def about_files(repository: Repository) -> Findings:
    """The repository is well."""
    yield repository.at().expect(True, "is well")


@check(Severity.HIGH)
def either(workloads: Workloads, repository: Repository | None) -> Findings:
    """Every workload is well, wherever it is from."""
    for workload in workloads:
        yield workload.at().expect(True, f"is well {repository is None}")


@check(Severity.HIGH)
def drift(rendered: Rendered[Workloads], live: Live[Workloads]) -> Findings:
    """What runs is what is written."""
    for workload, other in zip(rendered, live, strict=True):
        yield workload.at().expect(workload.effective_replicas == other.effective_replicas, "differs")


GAP = Gap("manifests", "cannot be parsed", Span("b.yaml", 3))


@pytest.mark.parametrize(
    ("one", "supplies", "status"),
    [
        pytest.param(pairs, [supply(deployment("a"))], Status.PASSED, id="all well"),
        pytest.param(pairs, [supply(deployment("a", 1))], Status.FAILED, id="one bad"),
        pytest.param(pairs, [supply()], Status.NOT_APPLICABLE, id="nothing to look at"),
        pytest.param(pairs, [], Status.SKIPPED, id="no source declared"),
        pytest.param(
            pairs, [supply(deployment("a"), gaps=(GAP,))], Status.UNKNOWN, id="well, but something was not read"
        ),
        pytest.param(pairs, [supply(gaps=(GAP,))], Status.UNKNOWN, id="nothing found, but something was not read"),
        pytest.param(pairs, [supply(deployment("a", 1), gaps=(GAP,))], Status.FAILED, id="bad in spite of a gap"),
        pytest.param(covered, [supply(deployment("a"))], Status.FAILED, id="an absence that is proven"),
        pytest.param(
            covered, [supply(deployment("a"), gaps=(GAP,))], Status.UNKNOWN, id="an absence that a gap could explain"
        ),
        pytest.param(raises, [supply(deployment("a"))], Status.UNKNOWN, id="raises after good news"),
        pytest.param(raises, [supply(deployment("bad"))], Status.FAILED, id="raises after bad news"),
        pytest.param(leaves, [supply(deployment("a"))], Status.UNKNOWN, id="tries to exit"),
        pytest.param(returns_text, [supply(deployment("a"))], Status.UNKNOWN, id="yields no findings"),
        pytest.param(about_files, [supply(deployment("a"))], Status.SKIPPED, id="another source needed"),
        pytest.param(either, [supply(deployment("a"))], Status.PASSED, id="an optional fact is missing"),
        pytest.param(drift, [supply(deployment("a"))], Status.SKIPPED, id="one of two origins is missing"),
    ],
)
def test_an_answer_has_one_status(one, supplies, status):
    assert outcome(one, *supplies).status is status


def test_a_gap_of_other_kinds_hides_nothing_from_a_check():
    nodes = replace(GAP, kinds=frozenset({"Node"}))
    assert outcome(pairs, supply(deployment("a"), gaps=(nodes,))).status is Status.PASSED
    assert outcome(covered, supply(deployment("a"), gaps=(nodes,))).status is Status.FAILED


def test_a_declared_source_that_brought_nothing_is_unknown_and_says_why():
    dead = Supply("cluster", frozenset({Objects}), origin=Origin.LIVE, gaps=(Gap("cluster", "connection refused"),))
    answer = outcome(pairs, dead)
    assert answer.status is Status.UNKNOWN
    assert "connection refused" in str(answer.gaps[0])


def test_the_worst_origin_is_the_outcome_and_nothing_is_concatenated():
    answer = outcome(pairs, supply(deployment("a")), supply(deployment("a", 1), origin=Origin.LIVE))
    assert answer.status is Status.FAILED
    assert answer.origins == ("live", "rendered")
    assert {j.finding.place.anchor.origin for j in answer.judged} == {"live"}


def test_one_origin_that_cannot_be_read_spoils_a_pass_of_the_other():
    dead = Supply("cluster", frozenset({Objects}), origin=Origin.LIVE, gaps=(Gap("cluster", "connection refused"),))
    assert outcome(pairs, supply(deployment("a")), dead).status is Status.UNKNOWN
    assert outcome(pairs, supply(deployment("a", 1)), dead).status is Status.FAILED


def test_a_check_that_compares_is_asked_once_with_both_origins():
    same = outcome(drift, supply(deployment("a")), supply(deployment("a"), origin=Origin.LIVE))
    other = outcome(drift, supply(deployment("a")), supply(deployment("a", 1), origin=Origin.LIVE))
    assert (same.status, other.status) == (Status.PASSED, Status.FAILED)


def test_sources_of_one_origin_are_one_world():
    answer = outcome(pairs, supply(deployment("a")), supply(deployment("b", 1)))
    assert answer.looked_at == 2
    assert answer.well == 1


def test_a_fingerprint_ignores_order_and_generated_names_but_not_the_object():
    def marks(*bodies: dict) -> set[str]:
        return {j.fingerprint for j in outcome(pairs, supply(*bodies)).judged}

    one = marks(deployment("a", 1), deployment("b", 1))
    assert marks(deployment("b", 1), deployment("x", 2), deployment("a", 1)) == one
    assert marks(deployment("a-5g8tkb2f2c", 1)) == marks(deployment("a", 1))
    assert marks(deployment("c", 1)).isdisjoint(one)


class Fragile:
    """A view that cannot be made of these objects."""

    kinds = frozenset({"Deployment"})

    def __init__(self, objects: Objects) -> None:
        raise OverflowError(f"{len(objects)} is too many")


@check(Severity.HIGH)
def about_fragile(fragile: Fragile) -> Findings:
    """It is well."""
    yield from ()


def test_a_view_that_cannot_be_made_is_unknown_for_its_checks_and_nothing_else():
    given = supply(deployment("a"))
    answer = outcome(about_fragile, given)
    assert answer.status is Status.UNKNOWN
    assert "Fragile could not be made: OverflowError: 1 is too many" in answer.reason
    assert outcome(pairs, given).status is Status.PASSED
