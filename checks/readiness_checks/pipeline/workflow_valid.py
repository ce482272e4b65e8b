from collections.abc import Iterator

from readiness import Finding, Findings, Severity, check
from readiness.facts.expressions import ExpressionError, embedded
from readiness.facts.workflows import Job, Workflow, Workflows, texts


@check(Severity.MEDIUM)
def workflow_valid(workflows: Workflows) -> Findings:
    """Every workflow is one that GitHub can run.

    Why: a workflow with a fault does not run at all, and a check that never runs never fails.
    Fix: mend what is named; `needs` lists jobs of the same workflow, and each step has either `run` or `uses`.
    Peers: zizmor (expression soundness), actionlint.
    Source: GitHub, "Workflow syntax": https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
    """
    for workflow in workflows:
        faults = list(_faults(workflow))
        yield from faults
        if not faults:
            yield workflow.at().expect(ok=True, message="can run")


def _faults(workflow: Workflow) -> Iterator[Finding]:
    if not workflow.triggers:
        yield workflow.at().expect(ok=False, message="is triggered by nothing, wants `on`")
    if not workflow.jobs:
        yield workflow.at("jobs").expect(ok=False, message="has no jobs, wants one")
    known = {job.id for job in workflow.jobs}
    for job in workflow.jobs:
        yield from _of_job(job)
        for name in job.needs:
            if name not in known:
                yield job.at("needs").expect(
                    ok=False, message=f"job {job.id} needs {name}, wants a job of this workflow"
                )
        if job in workflow.following(job):
            yield job.at("needs").expect(
                ok=False, message=f"job {job.id} waits for itself, wants an order without a circle"
            )
    for node in texts(workflow.node):
        for one in embedded(node.value):
            try:
                one.flows()
            except ExpressionError as fault:
                yield node.expect(ok=False, message=f"an expression cannot be read: {fault}")


def _of_job(job: Job) -> Iterator[Finding]:
    if job.action is None and not job.node.get("runs-on").exists:
        yield job.at().expect(ok=False, message=f"job {job.id} says nowhere to run, wants `runs-on`")
    if job.action is None and not job.steps:
        yield job.at().expect(ok=False, message=f"job {job.id} has no steps, wants one")
    for step in job.steps:
        has = [key for key in ("run", "uses") if step.node.get(key).exists]
        if len(has) != 1:
            said = "both run and uses" if has else "neither run nor uses"
            yield step.node.expect(ok=False, message=f"a step of job {job.id} has {said}, wants one of them")
