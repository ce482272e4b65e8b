"""Rolling updates in numbers of pods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.facts.objects import Resource
from readiness.facts.rollouts import rolling_update
from readiness.facts.workloads import Workload


def workload(kind: str, strategy: object) -> Workload:
    resource = Resource({"kind": kind, "spec": {"strategy": strategy}})
    return Workload(resource, resource.get("spec", "template"))


@pytest.mark.parametrize(
    ("rolling", "replicas", "unavailable", "surge"),
    [
        (None, 1, 0, 1),
        (None, 3, 0, 1),
        (None, 4, 1, 1),
        (None, 10, 2, 3),
        ({"maxUnavailable": 1, "maxSurge": 0}, 2, 1, 0),
        # Both at nought would stand still for ever: one is taken.
        ({"maxUnavailable": 0, "maxSurge": 0}, 2, 1, 0),
        ({"maxUnavailable": "10%", "maxSurge": 0}, 2, 1, 0),
        ({"maxUnavailable": "100%", "maxSurge": "100%"}, 2, 2, 2),
        ({"maxUnavailable": 9, "maxSurge": 1}, 2, 2, 1),
    ],
)
def test_the_numbers_are_rounded_as_the_controller_rounds(rolling: object, replicas: int, unavailable: int, surge: int):
    update = rolling_update(workload("Deployment", {"rollingUpdate": rolling}), replicas)
    assert update is not None
    assert (update.unavailable, update.surge) == (unavailable, surge)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 50))
def test_a_rolling_update_always_moves(unavailable: int, surge: int, replicas: int):
    rolling = {"maxUnavailable": f"{unavailable}%", "maxSurge": f"{surge}%"}
    update = rolling_update(workload("Deployment", {"rollingUpdate": rolling}), replicas)
    assert update is not None
    assert update.unavailable + update.surge >= 1
    assert 0 <= update.unavailable <= replicas


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        ("Deployment", {"type": "Recreate"}),
        ("Deployment", {"rollingUpdate": {"maxUnavailable": "some"}}),
        ("StatefulSet", {}),
        ("Rollout", {"blueGreen": {}}),
    ],
)
def test_another_way_of_replacing_is_no_rolling_update(kind: str, strategy: object):
    assert rolling_update(workload(kind, strategy), 3) is None


def test_a_canary_has_its_own_numbers():
    update = rolling_update(workload("Rollout", {"canary": {"maxUnavailable": 2}}), 4)
    assert update is not None
    assert (update.unavailable, update.surge) == (2, 1)
