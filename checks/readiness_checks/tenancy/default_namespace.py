from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs
from readiness.facts.tenancy import SYSTEM_NAMESPACES

_SHARED = SYSTEM_NAMESPACES | {"default"}


@check(Severity.MEDIUM)
def default_namespace(pods: PodSpecs) -> Findings:
    """Every workload lives in a namespace made for it.

    Why: quotas, policies and rights are given by namespace; in `default` or `kube-system` a service shares them with
        whatever lands there, and a mistyped context deploys into it.
    Fix: write `metadata.namespace`, or name the namespace of this environment in the settings.
    Peers: kube-linter use-namespace, Checkov CKV_K8S_21, Kubescape C-0061, Trivy KSV-0110.
    Source: CIS Kubernetes Benchmark 5.6.4, and Kubernetes, "Namespaces":
        https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
    """
    for pod in pods:
        workload = pod.workload
        said = f"lives in the namespace {workload.namespace}"
        if not workload.resource.node.text("metadata", "namespace"):
            said += " (none is written)"
        yield workload.at("metadata", "namespace").expect(
            workload.namespace not in _SHARED, f"{said}, wants one of its own"
        )
