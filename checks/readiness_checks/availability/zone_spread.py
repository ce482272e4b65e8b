from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.scheduling import ZONE_KEYS, spreads_over
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def zone_spread(
    workloads: Workloads,
    service: ServiceSettings,
    *,
    up_to_tier: Annotated[int, "the least important tier that has to span zones; 0 for none", Stricter.HIGHER] = 1,
    from_replicas: Annotated[int, "how many replicas make spanning zones worth asking for", Stricter.LOWER] = 3,
) -> Findings:
    """Replicas of an important service are kept in different zones.

    Why: zones fail as a whole; replicas that share one go together with it.
    Fix: add a topologySpreadConstraint with `topologyKey: topology.kubernetes.io/zone` and `maxSkew: 1` whose selector
    matches the labels of these very pods.
    Peers: kube-score deployment-has-host-podantiaffinity (any key).
    Source: Kubernetes, "Running in multiple zones": https://kubernetes.io/docs/setup/best-practices/multiple-zones/
    """
    if service.tier > up_to_tier:
        return
    for workload in workloads.replicated():
        if workload.most_replicas < from_replicas:
            continue
        spread = spreads_over(workload, ZONE_KEYS)
        said = "are spread over zones" if spread else "may all run in one zone"
        yield workload.at_pod("topologySpreadConstraints").expect(
            spread, f"replicas {said}, wants a rule over zones that matches their own labels", tier=service.tier
        )
