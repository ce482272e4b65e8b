from readiness import Findings, Severity, check
from readiness.facts.pipelines import Pipelines


@check(Severity.MEDIUM)
def rollback_path(pipelines: Pipelines) -> Findings:
    """The pipeline that deploys can also take a release back.

    Why: at three in the morning a rollback is one button that was tried before, or it is an hour of reading.
    Fix: add a workflow or a job that runs `helm rollback` or `kubectl rollout undo`, or deploy with
    `--rollback-on-failure`.
    Peers: none.
    Source: Google SRE, "Release Engineering": https://sre.google/sre-book/release-engineering/
    """
    if not pipelines.deploys:
        return
    where = pipelines.takes_back()
    for deploy in pipelines.deploys[:1]:
        said = f"{where} takes it back" if where else "no workflow takes it back"
        yield deploy.job.at().expect(bool(where), f"job {deploy.job.id} deploys and {said}, wants a rollback")
