from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.workflows import Workflows


@check(Severity.MEDIUM)
def actions_pinned(
    workflows: Workflows,
    *,
    trusted: Annotated[tuple[str, ...], "owners whose actions may be named by a tag", Stricter.FEWER] = (),
) -> Findings:
    """Every foreign action is pinned to a full commit.

    Why: a tag can be moved to other code by whoever controls the action, and that code runs with the pipeline's
    secrets.
    Fix: write `uses: owner/action@<40 hexadecimal digits> # v1.2.3`; an update bot keeps both parts current.
    Peers: OpenSSF Scorecard Pinned-Dependencies, zizmor unpinned-uses.
    Source: GitHub, "Secure use reference": https://docs.github.com/en/actions/reference/security/secure-use
    """
    owners = {owner.lower() for owner in trusted}
    used = [step.action for step in workflows.every_step()] + [j.action for w in workflows for j in w.jobs]
    for action in used:
        if action is None or action.local or "${{" in action.text or action.name.partition("/")[0] in owners:
            continue
        wanted = "a digest" if action.image else "a commit of 40 digits"
        yield action.node.expect(action.pinned, f"uses {action.text}, wants {wanted}", ref=action.ref)
