from readiness import Findings, Severity, check
from readiness.facts.scheduling import NODE_KEYS, ZONE_KEYS, spreads_over
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def node_spread(workloads: Workloads) -> Findings:
    """Replicas of one workload are kept on different nodes.

    Why: the scheduler may put all replicas on one node, and then losing that node is an outage in spite of the
    replicas.
    Fix: add a topologySpreadConstraint or a podAntiAffinity term over `kubernetes.io/hostname` (or the zone) whose
    selector matches the labels of these very pods.
    Peers: kube-score deployment-has-host-podantiaffinity and statefulset-has-host-podantiaffinity, kube-linter
    no-anti-affinity, Polaris topologySpreadConstraint.
    Source: Kubernetes, "Pod Topology Spread Constraints":
    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    for workload in workloads.replicated():
        if workload.effective_replicas < 2:
            continue
        spread = spreads_over(workload, NODE_KEYS | ZONE_KEYS)
        said = "are kept apart" if spread else "may all run on one node"
        yield workload.at_pod("topologySpreadConstraints").expect(
            spread, f"replicas {said}, wants a rule over nodes or zones that matches their own labels"
        )
