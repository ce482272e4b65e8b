from readiness import Findings, Severity, check
from readiness.facts.code import Code
from readiness.facts.pipelines import Pipelines
from readiness.facts.repository import FileKind

_OTHER_SYSTEMS = (
    ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml",
    ".travis.yml", ".drone.yml", ".woodpecker.yml", ".buildkite/pipeline.yml", "cloudbuild.yaml", "appveyor.yml",
)  # fmt: skip


@check(Severity.HIGH)
def tests_on_pull_request(pipelines: Pipelines, code: Code) -> Findings:
    """A pipeline runs the tests before a change is merged.

    Why: what nobody tested before the merge is tested by its users after the deploy.
    Fix: add a workflow that is triggered by `pull_request` and runs the project's tests.
    Peers: OpenSSF Scorecard CI-Tests.
    Source: OpenSSF Scorecard, "CI-Tests": https://github.com/ossf/scorecard/blob/main/docs/checks.md#ci-tests
    """
    if not code.files:
        return
    testing = [w for w in pipelines.workflows if any(pipelines.tests(j) for j in w.jobs)]
    early = [w for w in testing if w.on_changes]
    for workflow in early or testing[:1]:
        when = ", ".join(sorted(workflow.triggers)) or "nothing"
        yield workflow.at("on" if "on" in workflow.node.mapping() else "true").expect(
            bool(early), f"tests run on {when}, wants them on pull_request", triggers=sorted(workflow.triggers)
        )
    if testing:
        return
    others = [f for name in _OTHER_SYSTEMS if (f := code.repository.get(name)) is not None]
    for file in others:
        yield file.at(1).expect("test" in file.text.lower(), "says nothing of tests, wants a step that runs them")
    if not others:
        yield code.repository.at("pipeline").expect(
            ok=False,
            message="no workflow runs tests, wants one that does for every pull request",
            absence=(FileKind.WORKFLOW.value,),
        )
