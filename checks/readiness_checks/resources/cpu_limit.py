from typing import Annotated, Literal

from readiness import Findings, Severity, check
from readiness.facts.quantities import written
from readiness.facts.workloads import Workloads


@check(Severity.INFO)
def cpu_limit(
    workloads: Workloads,
    *,
    policy: Annotated[Literal["ignore", "require", "forbid"], "what this organisation wants of CPU limits"] = "ignore",
) -> Findings:
    """CPU limits are as this organisation wants them.

    Why: a CPU limit keeps neighbours apart and throttles a busy service while the node is idle: there are good reasons
    for both ways, so nothing is said until `policy` chooses one.
    Fix: set or remove `resources.limits.cpu` as the policy has it.
    Peers: kube-score container-resources, Polaris cpuLimitsMissing, Kubescape C-0270, Checkov CKV_K8S_11, Trivy
    KSV-0011 (all want one); KRR advises against it.
    Source: Kubernetes, "Resource Management for Pods and Containers":
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    if policy == "ignore":
        return
    for workload in workloads:
        for container in workload.running():
            limit = container.limit("cpu")
            said = f"may use {written(limit, 'cpu')} of cpu" if limit else "has no cpu limit"
            wanted = "wants a cpu limit" if policy == "require" else "wants no cpu limit"
            yield container.at("resources", "limits", "cpu").expect(
                bool(limit) == (policy == "require"), f"{container.title} {said}, {wanted}"
            )
