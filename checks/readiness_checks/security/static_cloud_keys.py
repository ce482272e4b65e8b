from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.security import PodSpecs, named


@check(Severity.MEDIUM)
def static_cloud_keys(
    pods: PodSpecs,
    *,
    variables: Annotated[tuple[str, ...], "environment variables that hold a long-lived cloud key", Stricter.MORE] = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_CLIENT_SECRET",
        "ARM_CLIENT_SECRET",
        "GOOGLE_CREDENTIALS",
        "GOOGLE_APPLICATION_CREDENTIALS_JSON",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "DIGITALOCEAN_ACCESS_TOKEN",
    ),
) -> Findings:
    """No container holds a long-lived key of a cloud account.

    Why: such a key works from anywhere, expires never, and is read by whoever sees the pod's environment; a workload
        identity gives the same rights by tokens that live an hour.
    Fix: bind the ServiceAccount to a cloud role (EKS Pod Identity or IRSA, GKE Workload Identity, Azure Workload
        Identity) and remove the variable.
    Peers: none.
    Source: Amazon EKS Best Practices, "Identity and Access Management":
        https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    for pod in pods:
        for container in pod.containers:
            held = [env for env in container.environment() if env.text("name") in variables]
            for env in held:
                said = f"{named(container)} holds {env.text('name')}"
                yield env.expect(False, f"{said}, wants a workload identity instead of a long-lived key")
            if not held and container.node.sequence("env"):
                yield container.at("env").expect(True, f"{named(container)} holds no long-lived cloud key")
