from readiness import Findings, Severity, check
from readiness.facts.objects import Node
from readiness.facts.workflows import Step, Workflows

# Actions that log in to a cloud: the option that hands over a lasting key, and the one that asks for a short-lived one.
_LOGINS = {
    "aws-actions/configure-aws-credentials": (("aws-secret-access-key",), ("role-to-assume",)),
    "google-github-actions/auth": (("credentials_json",), ("workload_identity_provider",)),
    "azure/login": (("creds",), ("client-id",)),
    "google-github-actions/setup-gcloud": (("service_account_key",), ()),
}
_KEYS = ("AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET")


@check(Severity.MEDIUM)
def cloud_credentials(workflows: Workflows) -> Findings:
    """Pipelines log in to clouds with short-lived tokens, not with stored keys.

    Why: a key that lies in the pipeline's secrets works from anywhere and for ever, and nobody notices when it is
    copied.
    Fix: let the cloud trust GitHub's OpenID Connect tokens and give the action a role instead of a key.
    Peers: zizmor use-trusted-publishing (for package registries).
    Source: GitHub, "OpenID Connect": https://docs.github.com/en/actions/concepts/security/openid-connect
    """
    for workflow in workflows:
        for node in (workflow.node, *(job.node for job in workflow.jobs)):
            yield from _environment(node)
        for job in workflow.jobs:
            for step in job.steps:
                yield from _environment(step.node)
                yield from _login(step)


def _login(step: Step) -> Findings:
    lasting, short = _LOGINS.get(step.action_name, ((), ()))
    used = [name for name in lasting if step.option(name)]
    for name in used:
        yield step.node.get("with", name).expect(
            ok=False, message=f"logs in with {name}, wants a role by OpenID Connect"
        )
    if not used and any(step.option(name) for name in short):
        yield step.node.get("uses").expect(ok=True, message="logs in by OpenID Connect")


def _environment(node: Node) -> Findings:
    for name in _KEYS:
        value = node.text("env", name) or ""
        if "secrets." in value:
            yield node.get("env", name).expect(ok=False, message=f"hands over {name}, wants a role by OpenID Connect")
