"""Which containers a Service sends traffic to."""

import pytest

from readiness.facts.autoscaling import Autoscalers
from readiness.facts.objects import Objects, Resource
from readiness.facts.services import Services
from readiness.facts.workloads import Workloads

HTTP = {"name": "web", "ports": [{"name": "http", "containerPort": 8080}]}
LOG = {"name": "log", "ports": [{"containerPort": 9000}]}
BARE = {"name": "bare"}


def serving(ports: list, containers: list, **service: object) -> list[str]:
    labels = {"app": "web"}
    bodies = [
        {"kind": "Service", "spec": {"selector": labels, "ports": ports} | service},
        {
            "kind": "Deployment",
            "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
        },
    ]
    objects = Objects(Resource(body) for body in bodies)
    workloads = Workloads(objects, Autoscalers(objects))
    (workload,) = workloads
    return [c.name for c in Services(objects, workloads).serving(workload)]


@pytest.mark.parametrize(
    ("ports", "containers", "names"),
    [
        ([{"port": 80, "targetPort": "http"}], [HTTP, LOG], ["web"]),
        ([{"port": 80, "targetPort": 8080}], [HTTP, LOG], ["web"]),
        ([{"port": 8080}], [HTTP, LOG], ["web"]),
        ([{"port": 80, "targetPort": "http"}, {"port": 9000}], [HTTP, LOG], ["web", "log"]),
        # A number that nobody declares is the main container's, where there is one main container.
        ([{"port": 80}], [HTTP], ["web"]),
        ([{"port": 80}], [BARE], ["bare"]),
        ([{"port": 80}], [HTTP, LOG], []),
        # A name has to be declared: no container answers to it.
        ([{"port": 80, "targetPort": "grpc"}], [HTTP], []),
        ([], [HTTP], []),
        ("none", [HTTP], []),
    ],
)
def test_traffic_goes_to_the_container_with_the_port(ports: list, containers: list, names: list[str]):
    assert serving(ports, containers) == names


def test_a_service_for_pods_that_are_not_ready_waits_for_none():
    assert serving([{"port": 8080}], [HTTP], publishNotReadyAddresses=True) == []
