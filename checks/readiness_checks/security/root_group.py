from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.LOW)
def root_group(pods: security.PodSpecs) -> Findings:
    """No pod or container asks for group 0.

    Why: many files of a node and of images belong to group 0, often writable for it: that group is half of root.
    Fix: set `runAsGroup`, `fsGroup` and each of `supplementalGroups` to a group of your own, or leave them out.
    Peers: Trivy KSV-0116, kube-score container-security-context-user-group-id.
    Source: Kubernetes, "Configure a Security Context":
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for pod in pods:
        where = [(pod.security("fsGroup"), "fsGroup", "the pod")]
        where += [(item, "supplementalGroups", "the pod") for item in pod.security("supplementalGroups").each()]
        where += [(node, "runAsGroup", who) for node, who in pod.written("runAsGroup")]
        for node, field, who in where:
            if node.exists:
                yield node.expect(node.integer() != 0, f"{who} has {field} {node.value}, wants any but 0")
