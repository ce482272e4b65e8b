from readiness import Findings, Severity, check
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
            moves = not image.digest and image.tag in {"", "latest"}
            policy = container.node.text("imagePullPolicy") or ("Always" if moves else "IfNotPresent")
            wanted = "IfNotPresent or Always" if policy == "Never" else "Always for a tag that moves"
            ok = policy == "Always" or (policy != "Never" and not moves)
            yield container.at("imagePullPolicy").expect(ok, f"{container.title}: has {policy}, wants {wanted}")
