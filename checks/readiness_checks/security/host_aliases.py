from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs


@check(Severity.LOW)
def host_aliases(pods: PodSpecs) -> Findings:
    """No pod carries host names with fixed addresses.

    Why: an entry in /etc/hosts goes on pointing at the old address when the other side moves, and nobody who looks at
        DNS sees it.
    Fix: remove `hostAliases` and give the name to DNS: a Service, an ExternalName, or a rewrite in CoreDNS.
    Peers: Trivy KSV-0007.
    Source: Kubernetes, "Adding entries to Pod /etc/hosts with HostAliases":
        https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
    """
    for pod in pods:
        count = len(pod.spec.sequence("hostAliases"))
        yield pod.at("hostAliases").expect(not count, f"has {count} in hostAliases, wants none", aliases=count)
