"""The whole of one environment: what is no finding of any check, and still decides."""

from readiness.engine.assess import Assessment, Terms, assess
from readiness.engine.registry import installed
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.model import Bar, Origin, Supply, Verdict

POD = {"containers": [{"name": "a", "image": "registry.example.com/a:1"}]}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a"},
    "spec": {"template": {"spec": POD}},
}


def assessed(*bodies: dict) -> Assessment:
    supply = Supply("manifests", frozenset({Objects}), {Objects: Objects(map(Resource, bodies))}, Origin.RENDERED)
    return assess("shop", World("test", [supply]), installed(), Terms(Bar(0, 0)))


def stranger(kind: str, group: str, spec: object) -> dict:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def test_containers_in_a_kind_that_no_check_reads_are_a_gap():
    unread = stranger("Machine", "example.com", {"template": {"spec": POD}})
    (gap,) = assessed(DEPLOYMENT, unread).gaps
    assert "Machine default/x (example.com/v1) runs containers" in gap.cause


def test_a_kind_of_another_group_is_not_the_built_in_one():
    foreign = stranger("Deployment", "example.com", {"template": {"spec": POD}})
    answer = assessed(DEPLOYMENT, foreign)
    assert answer.not_understood == {"Deployment of example.com": 1}
    assert len(answer.gaps) == 1


def test_a_kind_without_containers_is_only_listed():
    answer = assessed(DEPLOYMENT, stranger("Dashboard", "example.com", {"panels": []}))
    assert answer.gaps == ()
    assert answer.not_understood == {"Dashboard": 1}


def test_budgets_and_autoscalers_of_foreign_groups_cover_nothing():
    labelled = {**POD, "x": 1}
    workload = {
        **DEPLOYMENT,
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "a"}}, "spec": labelled}},
    }
    budget = stranger("PodDisruptionBudget", "example.com", {"selector": {"matchLabels": {"app": "a"}}})
    scaler = stranger(
        "HorizontalPodAutoscaler",
        "example.com",
        {"minReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "a"}},
    )
    bad = {o.check.id: [j.finding.message for j in o.bad] for o in assessed(workload, budget, scaler).outcomes}
    assert bad["availability/disruption-budget"] == ["is covered by none, wants exactly one PodDisruptionBudget"]


def test_nothing_that_runs_is_no_answer():
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "shop"},
        "data": {"a": "b"},
    }
    assert assessed(config).answer.verdict is Verdict.INCOMPLETE
