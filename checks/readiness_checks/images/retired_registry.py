from readiness import Findings, Severity, check
from readiness.facts.images import ImageReference
from readiness.facts.workloads import Workloads

# Host, or host and beginning of a path: what became of it.
_RETIRED = {
    "k8s.gcr.io": "frozen since April 2023; use registry.k8s.io",
    "gcr.io/google-containers": "frozen; use registry.k8s.io",
    "gcr.io/google_containers": "frozen; use registry.k8s.io",
    "gcr.io/kubernetes-helm": "Helm 2 ended in 2020",
    "docker.pkg.github.com": "replaced by ghcr.io",
    "docker.io/bitnamilegacy": "gets no updates; use a maintained image",
    "quay.io/kubernetes-ingress-controller": "moved to registry.k8s.io/ingress-nginx",
}


@check(Severity.HIGH)
def retired_registry(workloads: Workloads) -> Findings:
    """No image comes from a registry that has been retired.

    Why: images there get no security updates, and on the day the host is switched off no node can start the pod.
    Fix: take the image from the place named in the finding.
    Peers: Kubescape C-0253.
    Source: Kubernetes blog, "k8s.gcr.io Image Registry Will Be Frozen":
        https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/
    """
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is not None:
                found = _retired(image)
                yield container.at("image").expect(
                    not found, f"{container.title}: pulls from {found}" if found else f"{container.title}: not retired"
                )


def _retired(image: ImageReference) -> str:
    where = f"{image.registry}/{image.repository}/"
    return next((f"{place}, {fate}" for place, fate in _RETIRED.items() if where.startswith(f"{place}/")), "")
