from readiness import Findings, Severity, check
from readiness.facts.rbac import Roles

_LISTS = ("verbs", "resources", "apiGroups", "nonResourceURLs")


@check(Severity.HIGH)
def rbac_wildcards(roles: Roles) -> Findings:
    """Every rule names its verbs, resources and API groups.

    Why: `*` also grants what does not exist yet: the next custom resource, the next verb, such as `escalate`, come
        with it.
    Fix: write out the verbs and resources; the audit log of a test run shows which are used.
    Peers: kube-linter wildcard-in-rules, Checkov CKV_K8S_49, Kubescape C-0187, Trivy KSV-0044, KSV-0045 and KSV-0046,
        CIS 5.1.3.
    Source: CIS Kubernetes Benchmark 5.1.3, and Kubernetes, "RBAC Good Practices":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    for rule in roles.rules():
        wild = [key for key in _LISTS if any(v == "*" for v in rule.node.sequence(key))]
        said = f"has * in {' and '.join(wild)}" if wild else "names what it grants"
        yield rule.node.at(*wild[:1]).expect(not wild, f"{said}, wants names")
