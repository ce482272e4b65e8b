from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.ingress import VirtualServices


@check(Severity.LOW)
def retry_limit(
    virtual_services: VirtualServices,
    *,
    most: Annotated[int, "attempts that a proxy may add to one request", Stricter.LOWER] = 3,
) -> Findings:
    """Proxies repeat a failed request a few times at most.

    Why: retries multiply the load on a service that is already failing, on every hop again; that turns a slow minute
        into an outage.
    Fix: set `retries.attempts` to three or less, with a `perTryTimeout`.
    Peers: none (Mercari's checklist asks for it).
    Source: Google, "Site Reliability Engineering", "Addressing Cascading Failures":
        https://sre.google/sre-book/addressing-cascading-failures/
    """
    for route in virtual_services.routes():
        attempts = route.integer("retries", "attempts")
        if attempts is not None:
            yield route.at("retries", "attempts").expect(
                attempts <= most, f"repeats {attempts} times, wants at most {most}"
            )
