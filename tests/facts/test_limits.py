"""What a quota counts, and what a namespace fills in."""

from decimal import Decimal

import pytest

from readiness.facts.autoscaling import Autoscalers
from readiness.facts.limits import ContainerDefaults, Quotas, demand, most_pods
from readiness.facts.objects import Objects, Resource
from readiness.facts.workloads import Workloads


def workload(kind: str, **spec: object):
    body = {"kind": kind, "metadata": {"name": "w"}, "spec": spec}
    objects = Objects([Resource(body)])
    (workload,) = Workloads(objects, Autoscalers(objects))
    return workload


@pytest.mark.parametrize(
    ("kind", "spec", "pods"),
    [
        ("Deployment", {"replicas": 4}, 5),
        ("Deployment", {"replicas": 4, "strategy": {"type": "Recreate"}}, 4),
        ("Deployment", {"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": "50%"}}}, 6),
        ("StatefulSet", {"replicas": 4}, 4),
        ("Job", {"parallelism": 3}, 3),
        ("Job", {}, 1),
        ("CronJob", {"jobTemplate": {"spec": {"parallelism": 2}}}, 2),
        ("DaemonSet", {}, 1),
        ("Deployment", {"replicas": -3}, 0),
    ],
)
def test_the_most_pods_at_a_time(kind: str, spec: dict, pods: int):
    assert most_pods(workload(kind, **spec)) == pods


def test_demand_is_what_the_quota_calls_by_its_name():
    template = {"spec": {"containers": [{"resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}}]}}
    one = workload("StatefulSet", replicas=2, template=template)
    said = {
        name: demand([one], name) for name in ("requests.cpu", "cpu", "limits.cpu", "limits.memory", "pods", "services")
    }
    assert said == {
        "requests.cpu": 1,
        "cpu": 1,
        "limits.cpu": 0,
        "limits.memory": Decimal(2 * 2**30),
        "pods": 2,
        "services": None,
    }


def test_a_default_limit_is_a_default_request_unless_one_is_written():
    limits = [
        {"type": "Container", "default": {"cpu": "2", "memory": "1Gi"}, "defaultRequest": {"cpu": "1"}},
        {"type": "Pod", "default": {"pods": "9"}},
    ]
    defaults = ContainerDefaults(
        Objects([Resource({"kind": "LimitRange", "metadata": {"namespace": "n"}, "spec": {"limits": limits}})])
    )
    assert (defaults.request("n", "cpu"), defaults.limit("n", "cpu")) == (1, 2)
    assert defaults.request("n", "memory") == 2**30
    assert defaults.request("n", "pods") is None
    assert defaults.request("other", "cpu") is None


def test_a_quota_with_a_scope_counts_only_some_pods_and_is_left_out():
    bodies = [
        {"kind": "ResourceQuota", "spec": s}
        for s in ({}, {"scopes": ["BestEffort"]}, {"scopeSelector": {"matchExpressions": []}})
    ]
    objects = Objects(Resource(body) for body in bodies)
    assert len(Quotas(objects, Workloads(objects, Autoscalers(objects)))) == 1
