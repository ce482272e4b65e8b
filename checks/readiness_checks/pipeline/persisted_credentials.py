from readiness import Findings, Severity, check
from readiness.facts.workflows import Job, Step, Workflows


@check(Severity.LOW)
def persisted_credentials(workflows: Workflows) -> Findings:
    """No checkout leaves the token behind in the working copy.

    Why: by default the token stays in `.git/config`, where each later step, and each artifact of the folder, can read
    it.
    Fix: set `persist-credentials: false` on actions/checkout; a job that pushes asks for it with `true`.
    Peers: zizmor artipacked.
    Source: actions/checkout, "Usage": https://github.com/actions/checkout#usage
    """
    for workflow in workflows:
        for job in workflow.jobs:
            for step in job.steps:
                if step.action_name != "actions/checkout":
                    continue
                kept = step.option("persist-credentials") or "unset"
                wanted = kept == "false" or (kept == "true" and _pushes(job))
                yield step.node.get("with", "persist-credentials").expect(
                    wanted, f"persist-credentials is {kept}, wants false", severity=_severity(job)
                )


def _pushes(job: Job) -> bool:
    return any(line.starts("git", "push") for step in job.steps for line in step.commands())


def _severity(job: Job) -> Severity | None:
    """An artifact carries the token out of the job."""
    return Severity.MEDIUM if any(map(_uploads, job.steps)) else None


def _uploads(step: Step) -> bool:
    return step.action_name == "actions/upload-artifact" and step.option("path").strip() in {
        ".",
        "./",
        "${{ github.workspace }}",
    }
