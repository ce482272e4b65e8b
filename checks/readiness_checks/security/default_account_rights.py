from readiness import Findings, Severity, check
from readiness.facts.rbac import Bindings


@check(Severity.HIGH)
def default_account_rights(bindings: Bindings) -> Findings:
    """The account `default` of a namespace has no rights.

    Why: every pod that names no account runs under `default`, so a right given to it is given to pods nobody thought
        of.
    Fix: make a ServiceAccount for the workload that needs the right, and bind that.
    Peers: Popeye POP-308, Checkov CKV_K8S_42, Kubescape C-0189, CIS 5.1.5.
    Source: CIS Kubernetes Benchmark 5.1.5: https://www.cisecurity.org/benchmark/kubernetes
    """
    for binding in bindings:
        for subject in binding.subjects:
            if subject.kind == "ServiceAccount":
                yield subject.node.at("name").expect(
                    subject.name != "default",
                    f"gives {binding.role_kind} {binding.role_name} to {subject}, wants an account of the workload",
                )
