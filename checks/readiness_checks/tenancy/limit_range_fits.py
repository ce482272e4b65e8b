from decimal import Decimal

from readiness import Findings, Severity, check
from readiness.facts.pods import Container
from readiness.facts.security import PodSpecs, named
from readiness.facts.tenancy import Limit, Namespaces


@check(Severity.HIGH)
def limit_range_fits(pods: PodSpecs, namespaces: Namespaces) -> Findings:
    """Every container keeps to the limit range of its namespace.

    Why: pods outside the range are refused one by one, after the rollout has begun: the Deployment is accepted and
        stays without them.
    Fix: bring the container's requests and limits between `min` and `max` of the LimitRange, or change the range.
    Peers: none.
    Source: Kubernetes, "Limit Ranges", "LimitRange and admission checks for Pods":
        https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    for pod in pods:
        namespace = namespaces.named(pod.workload.namespace)
        limits = [limit for limit in namespace.limits if limit.type == "Container"] if namespace else []
        for container in pod.containers if limits else ():
            wrong = [
                fault
                for limit in limits
                for resource in limit.resources()
                for fault in _faults(container, limit, resource)
            ]
            said = "; ".join(wrong) if wrong else "is within the limit range"
            yield container.at("resources").expect(
                not wrong, f"{named(container)} {said}, wants to keep to the LimitRange"
            )


def _faults(container: Container, limit: Limit, resource: str) -> list[str]:
    """What the plugin refuses; it completes what is unwritten from the defaults first."""
    highest, lowest = limit.bound("max", resource), limit.bound("min", resource)
    default = limit.bound("default", resource)
    ceiling, said = container.limit(resource), container.node.scalar("resources", "limits", resource)
    if ceiling is None:
        filled = "max" if default is None else "default"
        ceiling, said = limit.bound(filled, resource), limit.node.scalar(filled, resource)
    asked = _asked(container, limit, resource, ceiling)
    faults = []
    if highest is not None and ceiling is not None and ceiling > highest:
        faults.append(f"has a {resource} limit of {said}, above {limit.node.scalar('max', resource)}")
    if lowest is not None and asked is not None and asked < lowest:
        faults.append(f"has a {resource} request below {limit.node.scalar('min', resource)}")
    if asked is not None and ceiling is not None and asked > ceiling:
        faults.append(f"asks for more {resource} than its limit of {said}")
    return faults


def _asked(container: Container, limit: Limit, resource: str, ceiling: Decimal | None) -> Decimal | None:
    written = container.request(resource)
    if written is not None:
        return written
    default = limit.bound("defaultRequest", resource)
    return default if default is not None else ceiling
