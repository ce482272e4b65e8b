from readiness import Findings, Severity, check
from readiness.facts.scheduling import SpreadConstraint, spread_constraints
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def topology_spread_valid(workloads: Workloads) -> Findings:
    """Every topology spread constraint counts the pods it stands in.

    Why: a constraint without a selector, or with one that misses the pods' own labels, is accepted and spreads nothing.
    Fix: give it a topologyKey, a maxSkew of at least 1, and a labelSelector that matches the labels of the pod
    template.
    Peers: kube-score pod-topology-spread-constraints.
    Source: Kubernetes, "Pod Topology Spread Constraints":
    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    for workload in workloads:
        for constraint in spread_constraints(workload):
            fault = _fault(constraint)
            over = constraint.topology_key or "nothing"
            yield constraint.node.expect(
                not fault, f"constraint over {over} {fault or 'counts its own pods'}, wants to count its own pods"
            )


def _fault(constraint: SpreadConstraint) -> str:
    if not constraint.topology_key:
        return "has no topologyKey"
    skew = constraint.max_skew
    if skew is None or skew < 1:
        return f"has maxSkew {'unset' if skew is None else skew}"
    if constraint.when_unsatisfiable not in {"DoNotSchedule", "ScheduleAnyway"}:
        return f"has whenUnsatisfiable {constraint.when_unsatisfiable or 'unset'}"
    if constraint.selector is None:
        return "has no labelSelector"
    return "" if constraint.counts_itself else f"selects {constraint.selector}"
