from readiness import Findings, Severity, check
from readiness.facts.network import POLICY_KINDS, Policies
from readiness.facts.tenancy import Namespaces


@check(Severity.MEDIUM)
def default_deny(namespaces: Namespaces, policies: Policies) -> Findings:
    """Every namespace denies traffic both ways unless a policy permits it.

    Why: policies protect the pods that they select; the next workload, or a debug pod, stands open until somebody
        thinks of it.
    Fix: add a NetworkPolicy with `podSelector: {}`, policyTypes Ingress and Egress, and no rules.
    Peers: Kubescape C-0030, CIS 5.3.2.
    Source: Kubernetes, "Network Policies", "Default policies":
        https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
    """
    for namespace in namespaces.tenants():
        lacking = [way for way in ("ingress", "egress") if policies.default_deny(namespace.name, way) is None]
        said = f"has no default deny for {' and '.join(lacking)}" if lacking else "denies both ways"
        yield namespace.resource.at().expect(not lacking, f"{said}, wants one for both", absence=POLICY_KINDS)
