from readiness import Findings, Severity, check
from readiness.facts.services import Services


@check(Severity.HIGH)
def external_ips(services: Services) -> Findings:
    """No Service claims addresses by `externalIPs`.

    Why: whoever may create a Service can take over traffic to any address by that field, other pods' included
        (CVE-2020-8554); many clusters refuse it.
    Fix: remove `spec.externalIPs` and use an Ingress, a Gateway or a LoadBalancer.
    Peers: Trivy KSV-0108.
    Source: CVE-2020-8554: https://github.com/kubernetes/kubernetes/issues/97076
    """
    for service in services:
        found = [str(address) for address in service.resource.node.sequence("spec", "externalIPs")]
        yield service.at("spec", "externalIPs").expect(
            not found, f"claims {', '.join(found) or 'no address'}, wants no externalIPs"
        )
