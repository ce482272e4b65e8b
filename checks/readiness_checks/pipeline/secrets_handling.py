from collections.abc import Iterator

from readiness import Finding, Findings, Severity, check
from readiness.facts.expressions import ExpressionError, embedded
from readiness.facts.workflows import Job, Step, Workflows, references

_PRINTS = frozenset({"echo", "printf", "cat", "print"})


@check(Severity.HIGH)
def secrets_handling(workflows: Workflows) -> Findings:
    """No job prints a secret, hands out all of them at once, or gives all to somebody else's workflow.

    Why: the log masks only a secret's exact text, not its encoded form, and what receives every secret can leak every
    secret.
    Fix: pass the single secrets that a job needs, through `env:`, and never write one to the log.
    Peers: zizmor secrets-inherit and overprovisioned-secrets.
    Source: GitHub, "Secure use reference": https://docs.github.com/en/actions/reference/security/secure-use
    """
    for workflow in workflows:
        for job in workflow.jobs:
            yield from _inherited(job)
            for step in job.steps:
                yield from _all_at_once(step)
                yield from _printed(step)


def _inherited(job: Job) -> Iterator[Finding]:
    if job.action is not None and job.node.get("secrets").exists:
        broad = job.node.raw("secrets") == "inherit" and not job.action.local
        said = "inherits every secret" if broad else "is given secrets by name"
        yield job.at("secrets").expect(not broad, f"{job.action.text} {said}, wants single ones")


def _all_at_once(step: Step) -> Iterator[Finding]:
    for node, reference in references(step.node):
        if reference == ("secrets",):
            yield node.expect(ok=False, message="uses all secrets at once, wants single ones")
        elif reference[0] == "secrets" and node.route[-1] != "run":
            yield node.expect(ok=True, message="uses one secret")


def _printed(step: Step) -> Iterator[Finding]:
    for line in step.commands():
        shown = line.program in _PRINTS and not _goes_on(step.run, line.line)
        if shown and any(_is_secret(word) for word in line.words):
            yield step.node.get("run").expect(
                ok=False, message=f"{line.program} writes a secret to the log, wants none there"
            )


def _goes_on(script: str, number: int) -> bool:
    """Whether the line sends its output elsewhere: `echo … | docker login`, `echo … > file`."""
    line = script.splitlines()[number]
    return "|" in line.replace("||", "") or ">" in line.replace("=>", "")


def _is_secret(word: str) -> bool:
    for one in embedded(word):
        try:
            if any(reference[0] == "secrets" for reference in one.flows()):
                return True
        except ExpressionError:
            continue
    return False
