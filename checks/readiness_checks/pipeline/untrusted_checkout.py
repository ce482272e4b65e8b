from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.objects import Node
from readiness.facts.workflows import Job, Step, Workflows, references

_TRUSTING = frozenset({"pull_request_target", "workflow_run", "issue_comment"})


@check(Severity.CRITICAL)
def untrusted_checkout(workflows: Workflows) -> Findings:
    """No workflow that holds secrets checks out the code of a pull request.

    Why: `pull_request_target` and `workflow_run` run with the base repository's secrets and a token that may write;
    code from
    a fork that is built there can take both.
    Fix: build pull requests under `pull_request`; keep the privileged workflow to the base branch's code.
    Peers: OpenSSF Scorecard Dangerous-Workflow, zizmor dangerous-triggers.
    Source: GitHub Security Lab, "Preventing pwn requests":
    https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
    """
    for workflow in workflows:
        trusting = sorted(_TRUSTING & workflow.triggers.keys())
        if not trusting:
            continue
        for job in workflow.jobs:
            found = list(_foreign(job))
            for node in found:
                yield node.expect(
                    ok=False, message=f"checks out a stranger's code under {trusting[0]}, wants the base branch's"
                )
            if not found:
                yield job.at().expect(ok=True, message="checks out no stranger's code")


def _foreign(job: Job) -> Iterator[Node]:
    for step in job.steps:
        if step.action_name == "actions/checkout":
            inputs = (step.node.get("with", name) for name in ("ref", "repository"))
            yield from [node for node in inputs if any(_of_a_fork(r) for _, r in references(node))][:1]
        elif _fetches(step):
            yield step.node.get("run")


def _of_a_fork(reference: tuple[str, ...]) -> bool:
    path = ".".join(reference)
    return path.startswith(
        ("github.head_ref", "github.event.pull_request.head", "github.event.workflow_run.head")
    ) or path in {
        "github.event.number",
        "github.event.pull_request.number",
        "github.event.pull_request.merge_commit_sha",
        "github.event.issue.number",
    }


def _fetches(step: Step) -> bool:
    for line in step.commands():
        if line.starts("gh", "pr", "checkout") or (
            line.starts("git", "fetch") and any("pull/" in w for w in line.words)
        ):
            return True
    return False
