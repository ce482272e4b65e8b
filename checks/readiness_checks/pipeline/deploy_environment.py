from readiness import Findings, Severity, check
from readiness.facts.pipelines import Pipelines


@check(Severity.MEDIUM)
def deploy_environment(pipelines: Pipelines) -> Findings:
    """Every deploying job names the environment that it deploys to.

    Why: approvals, branch rules and secrets of their own hang on the environment; a job without one is held by none
    of them.
    Fix: set `environment: production` on the job and protect that environment in the repository's settings.
    Peers: none.
    Source: GitHub, "Managing environments for deployment":
    https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
    """
    for deploy in pipelines.deploys:
        written = deploy.job.node.get("environment")
        name = written.value if isinstance(written.value, str) else written.text("name")
        yield written.expect(
            bool(name),
            f"job {deploy.job.id} ({deploy.said}) names {name or 'no environment'}, wants one",
            environment=name,
        )
