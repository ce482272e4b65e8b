from readiness import Findings, Severity, check
from readiness.facts.pods import Container
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def pull_policy(workloads: Workloads) -> Findings:
    """No container can run an image that its node kept from earlier under the same moving name.

    Why: with `Never` a node without the image cannot start the pod; with `IfNotPresent` and a moving tag each node runs
        whatever it pulled first.
    Fix: use a tag that does not move or a digest, or `imagePullPolicy: Always`; never `Never`.
    Peers: kube-score container-image-pull-policy, Polaris pullPolicyNotAlways, Checkov CKV_K8S_15, Kubescape C-0075.
    Source: Kubernetes, "Images", image pull policy:
        https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
    """
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is None:
                continue
            written = container.node.text("imagePullPolicy") or ""
            policy = written or ("Always" if image.tag in {"", "latest"} and not image.digest else "IfNotPresent")
            if policy == "Never":
                ok, wanted = False, "IfNotPresent or Always"
            else:
                ok, wanted = policy == "Always" or not _moves(container), "Always for a tag that moves"
            yield container.at("imagePullPolicy").expect(ok, f"{container.title}: has {policy}, wants {wanted}")


def _moves(container: Container) -> bool:
    """Whether the name surely moves: no digest, and the tag that means the newest."""
    image = container.reference
    return image is not None and not image.digest and image.tag in {"", "latest"}
