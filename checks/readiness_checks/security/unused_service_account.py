from readiness import Findings, Severity, check
from readiness.facts.rbac import Accounts, Bindings


@check(Severity.LOW)
def unused_service_account(accounts: Accounts, bindings: Bindings) -> Findings:
    """Every service account with rights is used by a workload.

    Why: an account that nothing runs under still gives its rights to whoever may make a pod or a token for it, and
        nobody misses it.
    Fix: delete the ServiceAccount and its bindings, or name it in the workload that it was made for.
    Peers: Popeye POP-400.
    Source: Kubernetes, "RBAC Good Practices", "Periodic review":
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    bound = {(s.namespace, s.name) for binding in bindings for s in binding.subjects if s.kind == "ServiceAccount"}
    for account in accounts:
        key = (account.namespace, account.name)
        if key in bound and key[1] != "default":
            used = key in accounts.used
            yield account.at("metadata", "name").expect(
                used,
                f"has rights and is used by {'a workload' if used else 'no workload'}, wants one that runs under it",
                absence=("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Rollout", "ReplicaSet"),
            )
