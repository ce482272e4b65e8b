from readiness import Findings, Severity, check
from readiness.facts.workloads import Workloads


@check(Severity.CRITICAL)
def tiller(workloads: Workloads) -> Findings:
    """No Tiller, the server half of Helm 2, runs.

    Why: whoever reaches its port inside the cluster has its rights, as a rule those of cluster-admin; it has had
        no fixes since 2020.
    Fix: move the releases to Helm 3 or later with helm-2to3, and delete the tiller-deploy Deployment and its account.
    Peers: Checkov CKV_K8S_34, Trivy KSV-0102.
    Source: Helm, "Helm v2 Deprecation Timeline": https://helm.sh/blog/helm-v2-deprecation-timeline/
    """
    for workload in workloads:
        for container in workload.containers():
            image = container.reference
            if image is not None:
                found = image.repository.endswith("/tiller")
                yield container.at("image").expect(
                    not found, f"{container.title}: runs Tiller" if found else f"{container.title}: is not Tiller"
                )
