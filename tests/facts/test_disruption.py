"""What a drain may take, against the arithmetic of the disruption controller."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.facts.autoscaling import Autoscalers
from readiness.facts.disruption import DisruptionBudget, DisruptionBudgets
from readiness.facts.objects import Objects, Resource
from readiness.facts.workloads import Workloads

PERCENT = st.integers(0, 100).map(lambda n: f"{n}%")


def budget(spec: object) -> DisruptionBudget:
    return DisruptionBudget(Resource({"kind": "PodDisruptionBudget", "spec": spec}), ())


def up(value: int | str, total: int) -> int:
    return value if isinstance(value, int) else math.ceil(int(value[:-1]) * total / 100 - 1e-9)


@given(st.one_of(st.integers(0, 200), PERCENT), st.integers(0, 100))
def test_minavailable_leaves_what_it_names(value: int | str, replicas: int):
    # disruptionsAllowed = healthy - desired, never below nought.
    assert budget({"minAvailable": value}).allowed(replicas) == max(0, replicas - up(value, replicas))


@given(st.one_of(st.integers(0, 200), PERCENT), st.integers(0, 100))
def test_maxunavailable_lets_go_what_it_names(value: int | str, replicas: int):
    # desired = expected - maxUnavailable, never below nought.
    assert budget({"maxUnavailable": value}).allowed(replicas) == min(replicas, up(value, replicas))


@pytest.mark.parametrize("spec", [{"minAvailable": "half"}, {"maxUnavailable": True}, {"maxUnavailable": []}])
def test_what_cannot_be_read_is_not_guessed(spec: object):
    assert budget(spec).allowed(3) is None


@pytest.mark.parametrize("spec", [{}, None, [], {"minAvailable": None}])
def test_a_budget_that_says_nothing_lets_nothing_go(spec: object):
    assert budget(spec).allowed(3) == 0


def test_a_budget_covers_by_its_whole_selector_in_its_own_namespace():
    def deployment(name: str, namespace: str, **labels: str) -> Resource:
        body = {"kind": "Deployment", "metadata": {"name": name, "namespace": namespace}}
        return Resource(body | {"spec": {"template": {"metadata": {"labels": labels}}}})

    pdb = {"kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "n"}}
    pdb["spec"] = {
        "selector": {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]}
    }
    objects = Objects(
        [
            deployment("a", "n", app="a"),
            deployment("a", "m", app="a"),
            deployment("o", "n", app="a", old="y"),
            Resource(pdb),
        ]
    )
    workloads = Workloads(objects, Autoscalers(objects))
    budgets = DisruptionBudgets(objects, workloads)
    (budget,) = budgets
    assert [(w.namespace, w.name) for w in budget.workloads] == [("n", "a")]
    assert [w.subject for w in workloads if budgets.covering(w)] == ["Deployment n/a"]
