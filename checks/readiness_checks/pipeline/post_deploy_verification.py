from readiness import Findings, Severity, check
from readiness.facts.pipelines import Pipelines


@check(Severity.HIGH)
def post_deploy_verification(pipelines: Pipelines) -> Findings:
    """Every deploy is looked at before the pipeline calls it done.

    Why: an apply that is accepted says nothing of pods that start; a pipeline that stops there is green on an outage.
    Fix: after the deploy run `kubectl rollout status --timeout=…` or `helm upgrade --wait`, then a smoke test of the
    real entry.
    Peers: none.
    Source: Kubernetes, "Deployment status":
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
    """
    for deploy in pipelines.deploys:
        looked = pipelines.verifies(deploy)
        said = "looks at the result" if looked else "is the end"
        yield deploy.step.node.expect(
            looked, f"job {deploy.job.id}: {deploy.said} {said}, wants a rollout status or a smoke test after it"
        )
