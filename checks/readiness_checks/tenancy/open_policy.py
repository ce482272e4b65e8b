from readiness import Findings, Severity, check
from readiness.facts.network import Policies, Rule


@check(Severity.MEDIUM)
def open_policy(policies: Policies) -> Findings:
    """No network policy lets every other tenant in.

    Why: `from: []`, or a namespaceSelector that matches everything, opens the pods to the whole cluster: the policy
        is there and protects nothing.
    Fix: name the callers by namespaceSelector and podSelector; what the public may reach comes through the ingress
        controller's namespace.
    Peers: none.
    Source: Kubernetes, "Multi-tenancy", "Network isolation":
        https://kubernetes.io/docs/concepts/security/multi-tenancy/#network-isolation
    """
    for policy in policies:
        for rule in policy.rules("ingress"):
            why = _open_to(rule)
            yield rule.node.expect(not why, f"lets in {why or 'named peers'}, wants named peers only")


def _open_to(rule: Rule) -> str:
    if rule.anywhere:
        return "everybody"
    for peer in rule.peers:
        spaces = peer.raw("namespaceSelector")
        empty = isinstance(spaces, dict) and not spaces.get("matchLabels") and not spaces.get("matchExpressions")
        if empty and not peer.mapping("podSelector"):
            return "every namespace"
        if peer.text("ipBlock", "cidr") in {"0.0.0.0/0", "::/0"} and not peer.sequence("ipBlock", "except"):
            return "every address"
    return ""
