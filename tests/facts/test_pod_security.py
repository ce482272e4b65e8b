"""What a Kubernetes 1.34 API server says about pods, compared with what we say.

`pod_security.json` was recorded with server-side dry runs in namespaces that enforce each level at several versions of
the standards. `refused` names those that did not admit the pod.
"""

import json
from pathlib import Path

import pytest

from readiness.facts.admission import refusals
from readiness.facts.autoscaling import Autoscalers
from readiness.facts.objects import Objects, Resource
from readiness.facts.security import PodSpec, PodSpecs
from readiness.facts.workloads import Workloads

RECORDED = json.loads((Path(__file__).parent / "pod_security.json").read_text())
LEVELS = [f"{level} v1.{minor}" for level in ("baseline", "restricted") for minor in (26, 30, 33, 34)]


def pod_of(body) -> PodSpec:
    objects = Objects([Resource(body)])
    (pod,) = PodSpecs(Workloads(objects, Autoscalers(objects)))
    return pod


@pytest.mark.parametrize("level", LEVELS)
def test_we_refuse_what_the_api_server_refuses(level: str):
    name, _, version = level.partition(" v1.")
    differing = []
    for record in RECORDED:
        reasons = [finding.message for finding in refusals(pod_of(record["pod"]), name, int(version))]
        if bool(reasons) != (level in record["refused"]):
            differing.append((record["pod"], reasons))
    assert differing == []


def test_the_recording_has_both_answers_at_every_level():
    for level in LEVELS:
        assert 0 < sum(level in record["refused"] for record in RECORDED) < len(RECORDED)


@pytest.mark.parametrize("level", ["privileged", "", "restrictive"])
def test_a_level_that_asks_for_nothing_refuses_nothing(level: str):
    assert not list(refusals(pod_of({"kind": "Pod", "spec": {"hostPID": True}}), level))


@pytest.mark.parametrize(
    ("minor", "refused"), [(34, True), (35, False)], ids=["before user namespaces", "with user namespaces"]
)
def test_root_in_a_user_namespace_is_admitted_since_1_35(minor: int, refused: bool):
    spec = {
        "hostUsers": False,
        "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}],
    }
    assert bool(list(refusals(pod_of({"kind": "Pod", "spec": spec}), "restricted", minor))) is refused
