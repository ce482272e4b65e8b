from readiness import Findings, Severity, check
from readiness.facts.pipelines import Pipelines


@check(Severity.MEDIUM)
def deploy_concurrency(pipelines: Pipelines) -> Findings:
    """No two deploys run at the same time, and none is cancelled half-way.

    Why: two deploys side by side leave whichever finishes last, and a cancelled one leaves a half-made release.
    Fix: give the deploying job `concurrency: {group: deploy-<environment>, cancel-in-progress: false}`.
    Peers: zizmor concurrency-limits.
    Source: GitHub, "Control the concurrency of workflows and jobs":
    https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
    """
    for deploy in pipelines.deploys:
        own, around = deploy.job.node.get("concurrency"), deploy.workflow.node.get("concurrency")
        rule = own if own.exists else around
        group = rule.value if isinstance(rule.value, str) else rule.text("group")
        if not group:
            yield own.expect(ok=False, message=f"job {deploy.job.id} deploys in no concurrency group, wants one")
            continue
        cancels = rule.boolean("cancel-in-progress") is True
        said = "cancels a deploy that runs" if cancels else "lets a deploy finish"
        yield rule.expect(not cancels, f"group {group} {said}, wants cancel-in-progress: false", group=group)
