from collections.abc import Iterator

from readiness import Findings, Severity, check
from readiness.facts.objects import Node
from readiness.facts.untrusted import untrusted
from readiness.facts.workflows import Step, Workflows


@check(Severity.CRITICAL)
def script_injection(workflows: Workflows) -> Findings:
    """No script contains text that a stranger can choose.

    Why: `${{ … }}` is pasted into the script before the shell sees it, so a pull request's title can be a command.
    Fix: put the value into `env:` of the step and use it as `"$TITLE"`, so that the shell takes it as data.
    Peers: Checkov CKV_GHA_2, zizmor template-injection, OpenSSF Scorecard Dangerous-Workflow.
    Source: GitHub, "Script injections": https://docs.github.com/en/actions/concepts/security/script-injections
    """
    for workflow in workflows:
        for job in workflow.jobs:
            for step in job.steps:
                above = (workflow.node.get("env"), job.node.get("env"), step.node.get("env"))
                for script in _scripts(step):
                    chosen = untrusted(script, above)
                    said = f"contains {', '.join(chosen)}" if chosen else "contains nothing that a stranger chooses"
                    yield script.expect(not chosen, f"{said}, wants it passed through env", contexts=chosen)


def _scripts(step: Step) -> Iterator[Node]:
    """Where text becomes a program: `run`, and the script of actions/github-script."""
    if step.run:
        yield step.node.get("run")
    if step.action_name == "actions/github-script" and step.option("script"):
        yield step.node.get("with", "script")
