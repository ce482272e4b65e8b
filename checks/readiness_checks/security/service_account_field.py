from readiness import Findings, Rendered, Severity, check
from readiness.facts.security import PodSpecs


@check(Severity.LOW)
def service_account_field(pods: Rendered[PodSpecs]) -> Findings:
    """The service account stands in `serviceAccountName`, not in the field that it replaced.

    Why: `serviceAccount` is kept for old clients only; where both are written and differ, a reader is misled about
        the pod's rights.
    Fix: rename `serviceAccount` to `serviceAccountName`.
    Peers: kube-linter deprecated-service-account-field, Kubescape C-0294.
    Source: Kubernetes API reference, PodSpec:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
    """
    for pod in pods:
        old, new = pod.spec.text("serviceAccount"), pod.spec.text("serviceAccountName")
        if old or new:
            # What was exported from a cluster carries both: the server fills in the older one. So it cannot be asked.
            good = not old or old == new
            said = "serviceAccount" if old and not new else "serviceAccountName"
            said = f"both serviceAccount {old} and serviceAccountName {new}" if old and new and not good else said
            yield pod.at("serviceAccount" if old else "serviceAccountName").expect(
                good, f"writes {said}, wants serviceAccountName alone"
            )
