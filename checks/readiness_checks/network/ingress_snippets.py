from readiness import Findings, Severity, check
from readiness.facts.ingress import Ingresses


@check(Severity.HIGH)
def ingress_snippets(ingresses: Ingresses) -> Findings:
    """No Ingress writes configuration into its controller.

    Why: a snippet runs with the controller's rights, and the controller reads the TLS keys of every namespace
        (CVE-2021-25742): the right to edit one Ingress becomes the right to all of them.
    Fix: use the controller's own annotations or resources, such as middlewares, instead of `*-snippet`.
    Peers: Checkov CKV_K8S_152, CKV_K8S_153 and CKV_K8S_154, Kubescape C-0059.
    Source: CVE-2021-25742: https://github.com/kubernetes/kubernetes/issues/126811
    """
    for ingress in ingresses:
        found = sorted(
            key for key in ingress.resource.annotations if key.rpartition("/")[2].endswith(("-snippet", "-snippets"))
        )
        for key in found:
            yield ingress.at("metadata", "annotations", key).expect(
                False, f"writes configuration by {key.rpartition('/')[2]}, wants none"
            )
        if not found:
            yield ingress.at("metadata", "annotations").expect(True, "writes no configuration")
