from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workflows import Workflows


@check(Severity.LOW)
def job_timeout(
    workflows: Workflows,
    *,
    maximum: Annotated[int, "minutes a job may take at most", Stricter.LOWER] = 120,
) -> Findings:
    """Every job is given up after a bounded time.

    Why: the default is six hours: a job that hangs holds a runner, and the deploys that queue behind it.
    Fix: set `timeout-minutes` on the job, a little above what it usually takes.
    Peers: none.
    Source: GitHub, "Workflow syntax", jobs.<job_id>.timeout-minutes:
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
    """
    for workflow in workflows:
        for job in workflow.jobs:
            written = job.node.get("timeout-minutes")
            if job.action is not None or isinstance(written.value, str):
                continue  # a called workflow sets its own; an expression is not evaluated here
            minutes = written.value if isinstance(written.value, int | float) and written.value is not True else None
            said = "no timeout" if minutes is None else f"{minutes:g} minutes"
            yield written.expect(
                minutes is not None and 0 < minutes <= maximum,
                f"job {job.id} has {said}, wants at most {maximum} minutes",
                minutes=minutes,
            )
