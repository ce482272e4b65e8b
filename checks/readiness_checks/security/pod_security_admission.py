from readiness import Findings, Severity, check
from readiness.facts.admission import refusals
from readiness.facts.security import PodSpecs
from readiness.facts.tenancy import Namespaces


@check(Severity.HIGH)
def pod_security_admission(pods: PodSpecs, namespaces: Namespaces) -> Findings:
    """Every pod would be admitted by the Pod Security level of its namespace.

    Why: the API server takes a Deployment whose pods it will refuse: the old pods stay, no new one comes, and only an
        event says why.
    Fix: mend the fields that the finding names, or move the workload to a namespace made for what it needs.
    Peers: Trivy k8s-pss-baseline and k8s-pss-restricted (as reports, without the namespace's level).
    Source: Kubernetes, "Pod Security Admission": https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    for pod in pods:
        namespace = namespaces.named(pod.workload.namespace)
        if namespace is None or not namespace.level:
            continue
        seen = {(f.place.route, f.message): f for f in refusals(pod, namespace.level, namespace.minor)}
        reasons = [finding.message for finding in seen.values()]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        said = f"{reasons[0]}{more}" if reasons else "meets it"
        place = next(iter(seen.values())).place if seen else pod.at()
        yield place.expect(
            not reasons,
            f"namespace {namespace.name} enforces {namespace.level}: {said}",
            level=namespace.level,
            reasons=reasons,
        )
