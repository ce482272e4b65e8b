"""What autoscalers measure, in every version of their API."""

import pytest

from readiness.facts.autoscaling import Autoscalers, VerticalAutoscalers
from readiness.facts.objects import Objects, Resource


def metrics(kind: str, **spec: object) -> list[tuple[str, str, int | None, bool]]:
    (scaler,) = Autoscalers(Objects([Resource({"kind": kind, "spec": spec})]))
    return [(m.resource, m.container, m.percent, m.relative) for m in scaler.metrics()]


@pytest.mark.parametrize(
    ("metric", "read"),
    [
        (
            {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}},
            [("cpu", "", 70, True)],
        ),
        ({"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 60}}, [("cpu", "", 60, True)]),
        (
            {"type": "Resource", "resource": {"name": "cpu", "target": {"averageValue": "1"}}},
            [("cpu", "", None, False)],
        ),
        (
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": "a", "target": {"averageUtilization": 70}},
            },
            [("cpu", "a", 70, True)],
        ),
        ({"type": "Pods", "pods": {"metric": {"name": "cpu"}}}, []),
        ("cpu", []),
    ],
)
def test_a_metric_is_read(metric: object, read: list):
    assert metrics("HorizontalPodAutoscaler", metrics=[metric]) == read


def test_the_first_version_of_the_api_had_one_number():
    assert metrics("HorizontalPodAutoscaler", targetCPUUtilizationPercentage=70) == [("cpu", "", 70, True)]


def test_an_autoscaler_without_a_metric_gets_one_from_the_api_server() -> None:
    assert metrics("HorizontalPodAutoscaler", maxReplicas=3) == [("cpu", "", 80, True)]
    assert metrics("HorizontalPodAutoscaler", metrics=[]) == [("cpu", "", 80, True)]
    external = {"type": "External", "external": {"metric": {"name": "queue"}}}
    assert metrics("HorizontalPodAutoscaler", metrics=[external]) == []


@pytest.mark.parametrize(
    ("trigger", "read"),
    [
        ({"type": "cpu", "metadata": {"value": "70"}}, [("cpu", "", 70, True)]),
        ({"type": "memory", "metricType": "AverageValue", "metadata": {"value": "1Gi"}}, [("memory", "", None, False)]),
        (
            {"type": "cpu", "metadata": {"type": "Utilization", "value": "55", "containerName": "a"}},
            [("cpu", "a", 55, True)],
        ),
        ({"type": "kafka", "metadata": {"lagThreshold": "5"}}, []),
    ],
)
def test_a_trigger_is_read(trigger: dict, read: list):
    assert metrics("ScaledObject", triggers=[trigger]) == read


def test_what_kedas_own_autoscaler_says_is_not_said_twice():
    owned = {"name": "keda-hpa-a", "ownerReferences": [{"controller": True, "kind": "ScaledObject", "name": "a"}]}
    objects = Objects(
        [Resource({"kind": "ScaledObject"}), Resource({"kind": "HorizontalPodAutoscaler", "metadata": owned})]
    )
    assert [scaler.keda for scaler in Autoscalers(objects)] == [True]


@pytest.mark.parametrize(
    ("spec", "acts", "cpu"),
    [
        ({}, True, True),
        ({"updatePolicy": {"updateMode": "Off"}}, False, True),
        ({"resourcePolicy": {"containerPolicies": [{"controlledResources": ["memory"]}]}}, True, False),
        ({"resourcePolicy": {"containerPolicies": [{"mode": "Off"}]}}, True, False),
        ({"resourcePolicy": {"containerPolicies": [{"mode": "Off"}, {"containerName": "a"}]}}, True, True),
    ],
)
def test_what_a_vertical_autoscaler_sets(spec: dict, acts: bool, cpu: bool):
    (vertical,) = VerticalAutoscalers(Objects([Resource({"kind": "VerticalPodAutoscaler", "spec": spec})]))
    assert (vertical.acts, vertical.controls("cpu")) == (acts, cpu)
