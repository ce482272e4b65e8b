from readiness import Findings, Severity, check
from readiness.facts.rbac import Accounts, Bindings


@check(Severity.MEDIUM)
def dangling_role_bindings(bindings: Bindings, accounts: Accounts) -> Findings:
    """Every binding names a role and accounts that are there.

    Why: a binding to a missing role grants nothing, and the service finds out when it first asks; a binding to a
        missing account waits for whoever makes one of that name.
    Fix: correct the name in `roleRef` or `subjects`, add the missing object, or delete the binding.
    Peers: Popeye POP-1300.
    Source: Kubernetes, "Using RBAC Authorization": https://kubernetes.io/docs/reference/access-authn-authz/rbac/
    """
    homes = {account.namespace for account in accounts}
    for binding in bindings:
        if binding.role_kind == "Role":  # a ClusterRole may be the cluster's own
            there = binding.role is not None
            said = f"Role {binding.role_name} is {'there' if there else 'not there'}"
            yield binding.resource.at("roleRef", "name").expect(
                there,
                f"{said}, wants it in {binding.resource.namespace}",
                absence=("Role",),
            )
        for subject in binding.subjects:
            # Accounts of a namespace that brings none are made elsewhere.
            if subject.kind == "ServiceAccount" and subject.name != "default" and subject.namespace in homes:
                there = accounts.named(subject.namespace, subject.name) is not None
                yield subject.node.at("name").expect(
                    there, f"{subject} is {'there' if there else 'not there'}, wants it", absence=("ServiceAccount",)
                )
