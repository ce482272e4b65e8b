"""Whether a rule keeps the pods apart that it stands in, and how long pods stay on a lost node."""

import pytest

from readiness.facts.objects import Resource
from readiness.facts.scheduling import NODE_KEYS, spreads_over, tolerated_seconds
from readiness.facts.workloads import Workload

HOST, LOST = "kubernetes.io/hostname", "node.kubernetes.io/unreachable"
OWN, OTHER = {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}


def workload(pod: dict) -> Workload:
    template = {"metadata": {"labels": {"app": "web", "tenant": "a"}}, "spec": pod}
    resource = Resource({"kind": "Deployment", "metadata": {"namespace": "shop"}, "spec": {"template": template}})
    return Workload(resource, resource.get("spec", "template"))


def required(**term: object) -> dict:
    rule = {"topologyKey": HOST} | term
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}}


@pytest.mark.parametrize(
    ("pod", "apart"),
    [
        ({}, False),
        ({"topologySpreadConstraints": [{"topologyKey": HOST, "labelSelector": OWN}]}, True),
        ({"topologySpreadConstraints": [{"topologyKey": HOST, "labelSelector": OTHER}]}, False),
        ({"topologySpreadConstraints": [{"topologyKey": HOST}]}, False),
        ({"topologySpreadConstraints": [{"topologyKey": "kubernetes.io/arch", "labelSelector": OWN}]}, False),
        (required(labelSelector=OWN), True),
        (required(labelSelector={}), True),
        (required(), False),
        (required(labelSelector=OWN, namespaces=["shop"]), True),
        (required(labelSelector=OWN, namespaces=["other"]), False),
        (required(labelSelector=OWN, namespaces=["other"], namespaceSelector={}), True),
        (required(labelSelector=OWN, mismatchLabelKeys=["tenant"]), False),
        (required(labelSelector=OWN, mismatchLabelKeys=["colour"]), True),
        # Affinity brings together, it does not keep apart.
        ({"affinity": {"podAffinity": required(labelSelector=OWN)["affinity"]["podAntiAffinity"]}}, False),
    ],
)  # fmt: skip
def test_a_rule_counts_where_it_matches_its_own_pods(pod: dict, apart: bool):
    assert spreads_over(workload(pod), NODE_KEYS) is apart


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], 300),
        ([{"key": LOST, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}], 30),
        ([{"key": LOST, "operator": "Exists", "tolerationSeconds": 30}], 30),
        ([{"key": LOST, "operator": "Exists"}], float("inf")),
        ([{"operator": "Exists"}], float("inf")),
        ([{"key": LOST, "operator": "Exists", "effect": "NoSchedule"}], 300),
        ([{"key": "other", "operator": "Exists", "tolerationSeconds": 5}], 300),
        ([{"key": LOST, "operator": "Equal", "value": "x", "tolerationSeconds": 5}], 300),
        ([{"operator": "Exists"}, {"key": LOST, "operator": "Exists", "tolerationSeconds": 60}], 60),
    ],
)
def test_the_shortest_toleration_decides(tolerations: list, seconds: float):
    assert tolerated_seconds(workload({"tolerations": tolerations}), LOST)[1] == seconds
