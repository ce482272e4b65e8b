from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.naming import is_api_object
from readiness.facts.objects import CLUSTER_SCOPED, Objects
from readiness.facts.settings import ServiceSettings


@check(Severity.MEDIUM)
def namespace(
    objects: Rendered[Objects],
    settings: ServiceSettings | None,
    *,
    unwanted: Annotated[tuple[str, ...], "namespaces that no service belongs into", Stricter.MORE] = (
        "default",
        "kube-system",
        "kube-public",
        "kube-node-lease",
    ),
) -> Findings:
    """Every object goes into a namespace of its own service.

    Why: in `default` nothing separates services: quotas, network policies and rights of one hit all the others.
    Fix: write `metadata.namespace`, set `namespace` in the overlay, or name the environment's namespace in the
        settings.
    Peers: kube-linter use-namespace, Checkov CKV_K8S_21, Kubescape C-0061, Trivy KSV-0110.
    Source: CIS Kubernetes Benchmark 5.6.4; Kubernetes, "Namespaces":
        https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
    """
    declared = settings.namespace if settings else ""
    for resource in objects:
        if resource.kind in CLUSTER_SCOPED or not resource.kind or not is_api_object(resource):
            continue
        written = resource.node.text("metadata", "namespace")
        goes = written or declared or "default"
        said = f"goes into {goes}" if written or declared else "names no namespace, so that it goes into default"
        yield resource.at("metadata", "namespace").expect(
            goes not in unwanted, f"{said}, wants the service's own", namespace=goes
        )
