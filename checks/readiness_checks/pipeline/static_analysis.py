from readiness import Findings, Severity, check
from readiness.facts.code import Code
from readiness.facts.pipelines import Pipelines

_ACTIONS = ("github/codeql-action/analyze", "returntocorp/semgrep-action", "semgrep/semgrep-action", "sonarsource/",
            "snyk/actions", "securego/gosec", "pyupio/safety", "aquasecurity/trivy-action", "codacy/",
            "veracode/", "checkmarx/", "horusec/", "bridgecrewio/checkov-action")  # fmt: skip
_PROGRAMS = frozenset({"semgrep", "bandit", "gosec", "brakeman", "sonar-scanner", "codeql", "trivy", "snyk", "njsscan",
                       "pip-audit", "osv-scanner", "grype", "govulncheck", "safety", "cargo-audit"})  # fmt: skip


@check(Severity.MEDIUM)
def static_analysis(pipelines: Pipelines, code: Code) -> Findings:
    """The pipeline looks for security faults in the code.

    Why: injection and unsafe calls are cheapest to find in the change that brings them.
    Fix: add a job with CodeQL, Semgrep, Bandit, gosec or the like, on pull requests. A Python linter whose security
    rules are
    switched on (ruff's `S`) counts.
    Peers: OpenSSF Scorecard SAST.
    Source: OpenSSF Scorecard, "SAST": https://github.com/ossf/scorecard/blob/main/docs/checks.md#sast
    """
    if not code.files or not pipelines.workflows:
        return
    for workflow in pipelines.workflows:
        for job in workflow.jobs:
            for step in pipelines.workflows.steps(job):
                programs = {word.rpartition("/")[2] for line in pipelines.commands(step) for word in line.plain[:3]}
                if step.action_name.startswith(_ACTIONS) or not _PROGRAMS.isdisjoint(programs) or code.security_rules:
                    yield job.at().expect(ok=True, message="looks for security faults")
                    return
    first = next(iter(pipelines.workflows))
    yield first.at().expect(
        ok=False,
        message="no workflow runs a static analysis, wants one such as CodeQL or Semgrep",
        absence=("workflow",),
    )
