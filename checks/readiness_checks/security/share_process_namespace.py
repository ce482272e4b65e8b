from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs, spelled


@check(Severity.MEDIUM)
def share_process_namespace(pods: PodSpecs) -> Findings:
    """The containers of a pod do not see each other's processes.

    Why: with a shared process namespace a sidecar reads the service's environment and, through /proc, its files; and
        no process is PID 1 of its own container, so that signals at shutdown go elsewhere.
    Fix: remove `shareProcessNamespace`; attach an ephemeral container with `kubectl debug --target` when you need to
        look inside.
    Peers: none.
    Source: Kubernetes, "Share Process Namespace between Containers in a Pod":
        https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/
    """
    for pod in pods:
        value = pod.spec.boolean("shareProcessNamespace")
        yield pod.at("shareProcessNamespace").expect(
            value is not True, f"shareProcessNamespace is {spelled(value)}, wants it unset or false"
        )
