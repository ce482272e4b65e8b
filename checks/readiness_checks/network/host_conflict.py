from readiness import Findings, Severity, check
from readiness.facts.ingress import NGINX, Ingress, Ingresses, Path


@check(Severity.HIGH)
def host_conflict(ingresses: Ingresses) -> Findings:
    """Each host and path belongs to one Ingress.

    Why: where two Ingresses claim the same host and path, one of them gets the traffic: which one depends on the
        controller and on which is older, and changes when one is made anew.
    Fix: give each path to one Ingress; declare a canary as one, by the controller's annotation.
    Peers: none.
    Source: Kubernetes, "Ingress", "Path types":
        https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
    """
    claims: dict[tuple[str, str, str, str], list[tuple[Ingress, Path]]] = {}
    for ingress in ingresses:
        if ingress.resource.annotations.get(f"{NGINX}canary") != "true":
            for path in ingress.paths():
                kind = "Exact" if path.type == "Exact" else "Prefix"
                where = path.path.rstrip("/") or "/" if kind == "Prefix" else path.path
                claims.setdefault((ingress.class_name, path.host.lower(), where, kind), []).append((ingress, path))
    for found in claims.values():
        for ingress, path in found:
            others = sorted({i.resource.subject for i, _ in found if i is not ingress})
            twice = sum(1 for i, _ in found if i is ingress) > 1
            also = "claimed twice here" if twice else "claimed once"
            also = f"also claimed by {', '.join(others)}" if others else also
            yield path.node.at("path").expect(
                not others and not twice, f"{path.host or '*'}{path.path} is {also}, wants one owner"
            )
