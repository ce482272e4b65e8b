from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.ingress import Ingresses


@check(Severity.MEDIUM)
def internal_paths(
    ingresses: Ingresses,
    *,
    paths: Annotated[tuple[str, ...], "paths that are meant for the inside", Stricter.MORE] = (
        "/metrics",
        "/debug",
        "/actuator",
        "/internal",
    ),
) -> Findings:
    """No Ingress opens metrics, debug or admin paths to the outside.

    Why: such pages tell an attacker versions, addresses and load, and some of them change the service, without a
        login.
    Fix: list the public paths in the Ingress one by one, and scrape metrics inside the cluster, best on a port of
        their own.
    Peers: Kubescape C-0021.
    Source: OWASP Kubernetes Top Ten, "Secrets and interfaces exposed":
        https://owasp.org/www-project-kubernetes-top-ten/
    """
    for ingress in ingresses:
        for path in ingress.paths():
            found = next((p for p in paths if path.path == p or path.path.startswith(f"{p}/")), "")
            yield path.node.at("path").expect(
                not found, f"opens {path.path} on {path.host or 'every host'}, wants public paths only"
            )
