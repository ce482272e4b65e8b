from collections.abc import Iterator

from readiness import Finding, Findings, Severity, check
from readiness.facts.objects import Node
from readiness.facts.workflows import Workflow, Workflows


@check(Severity.HIGH)
def token_permissions(workflows: Workflows) -> Findings:
    """Every workflow's token may only read, and a job that must write says what.

    Why: one compromised step with a token that may write can push code, move releases and poison packages.
    Fix: put `permissions: {contents: read}` at the top of the workflow and grant writes in the one job that needs them.
    Peers: OpenSSF Scorecard Token-Permissions, Checkov CKV2_GHA_1, zizmor excessive-permissions.
    Source: GitHub, "Controlling permissions for GITHUB_TOKEN":
    https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/control-permissions
    """
    for workflow in workflows:
        yield from _top(workflow)
        for job in workflow.jobs:
            if job.node.text("permissions") == "write-all":
                yield job.at("permissions").expect(
                    ok=False, message=f"job {job.id} may write all, wants single permissions"
                )


def _top(workflow: Workflow) -> Iterator[Finding]:
    written = workflow.node.get("permissions")
    if not written.exists:
        said = all(job.node.get("permissions").exists for job in workflow.jobs)
        yield workflow.at("jobs").expect(
            said,
            "leaves the token's permissions to the repository's default, wants them written",
            severity=Severity.MEDIUM,
        )
    elif written.value == "write-all":
        yield written.expect(ok=False, message="the token may write all, wants contents: read")
    else:
        yield from _writes(workflow, written)


def _writes(workflow: Workflow, written: Node) -> Iterator[Finding]:
    """A grant at the top is for every job; where there is only one, it is no wider than it must be."""
    grants = [name for name, value in written.strings().items() if value == "write"]
    if not grants or len(workflow.jobs) < 2:
        yield written.expect(ok=True, message="the token may read")
        return
    for name in grants:
        yield written.get(name).expect(
            ok=False, message=f"every job may write {name}, wants it in the job that needs it", severity=Severity.MEDIUM
        )
