from readiness import Findings, Severity, check
from readiness.facts import security


@check(Severity.MEDIUM)
def probe_host(pods: security.PodSpecs) -> Findings:
    """Probes and lifecycle hooks ask their own pod only.

    Why: with a `host` the kubelet asks another machine on the pod's behalf, past network policies, and the answer
        says nothing about the pod; clusters with the baseline level of 1.34 refuse it.
    Fix: remove `host` from the httpGet or tcpSocket handler; name virtual hosts in the `Host` header.
    Peers: none.
    Source: Pod Security Standards, baseline, "Host Probes / Lifecycle Hooks":
        https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    for pod in pods:
        yield from security.probe_hosts(pod)
