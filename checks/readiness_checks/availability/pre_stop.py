from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.services import Services
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def pre_stop(
    workloads: Workloads,
    services: Services,
    *,
    application_waits: Annotated[
        bool, "the application itself goes on serving for some seconds after SIGTERM", Stricter.FALSE
    ] = False,
) -> Findings:
    """Every container that a Service sends traffic to goes on serving until traffic has stopped coming.

    Why: proxies and load balancers learn of a stopping pod some seconds after it got SIGTERM; requests that they send
    in between are refused, at every rollout and every drain.
    Fix: add `lifecycle.preStop.sleep.seconds` of five to fifteen (in the grace period), or set `application_waits`
    where the application does this by itself.
    Peers: none.
    Source: Kubernetes, "Pod Lifecycle", termination:
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """
    for workload in workloads.long_running():
        for container in services.serving(workload):
            hook = container.pre_stop.exists
            said = "has a preStop hook" if hook else "waits by itself" if application_waits else "has no preStop hook"
            yield container.at("lifecycle", "preStop").expect(
                hook or application_waits, f"{container.title} {said}, wants one that sleeps: a Service uses it"
            )
