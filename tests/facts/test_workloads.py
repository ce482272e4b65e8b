"""What counts as a workload, and how many replicas it keeps."""

import pytest

from readiness.facts.autoscaling import Autoscalers
from readiness.facts.objects import Objects, Resource
from readiness.facts.workloads import Workloads


def workloads(*bodies: dict) -> Workloads:
    objects = Objects(Resource(body) for body in bodies)
    return Workloads(objects, Autoscalers(objects))


def scaler(**spec: object) -> dict:
    return {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}} | spec}


def web(**spec: object) -> dict:
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize(
    ("bodies", "fewest", "most"),
    [
        ([web()], 1, 1),
        ([web(replicas=None)], 1, 1),
        ([web(replicas=3)], 3, 3),
        ([web(replicas=True)], 1, 1),
        ([web(replicas=5), scaler(minReplicas=2, maxReplicas=8)], 2, 8),
        ([web(replicas=5), scaler(maxReplicas=8)], 1, 8),
        ([web(replicas=5), {"kind": "ScaledObject", "spec": {"scaleTargetRef": {"name": "web"}}}], 0, 100),
        ([web(replicas=5), scaler(minReplicas=2) | {"metadata": {"namespace": "other"}}], 5, 5),
    ],
)
def test_the_autoscaler_decides_before_the_number(bodies: list[dict], fewest: int, most: int):
    (workload,) = workloads(*bodies)
    assert (workload.effective_replicas, workload.most_replicas) == (fewest, most)


def test_a_deployment_that_lends_its_template_is_no_workload_of_its_own():
    lent = web(replicas=0, template={"metadata": {"labels": {"app": "web"}}})
    rollout = {
        "kind": "Rollout",
        "metadata": {"name": "r"},
        "spec": {"workloadRef": {"kind": "Deployment", "name": "web"}},
    }
    (workload,) = workloads(lent, rollout)
    assert workload.kind == "Rollout"
    assert workload.labels == {"app": "web"}


def test_what_a_controller_made_is_not_looked_at_twice():
    def owned(kind: str, by: str) -> dict:
        return {
            "kind": kind,
            "metadata": {"name": kind, "ownerReferences": [{"controller": True, "kind": by, "name": "x"}]},
        }

    found = workloads(
        owned("ReplicaSet", "Deployment"), owned("Pod", "ReplicaSet"), owned("Pod", "Node"), owned("Job", "CronJob")
    )
    # A static pod is driven by its node alone.
    assert [w.kind for w in found] == ["Pod"]


def test_another_projects_kind_of_the_same_name_is_no_workload():
    assert not workloads({"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "x"}})


def test_a_cronjobs_pod_stands_two_templates_deep():
    (job,) = workloads(
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}}}
    )
    assert [c.name for c in job.containers()] == ["a"]
    assert [c.name for c in job.containers()] == ["a"]
