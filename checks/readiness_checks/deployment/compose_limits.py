from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFiles


@check(Severity.LOW)
def compose_limits(files: ComposeFiles) -> Findings:
    """Every Compose service has a limit on its memory.

    Why: on one machine a leak in one service makes the kernel kill another, or the database.
    Fix: write `deploy.resources.limits.memory`, or `mem_limit`.
    Peers: none.
    Source: Docker, "deploy resources": https://docs.docker.com/reference/compose-file/deploy/#resources
    """
    for service in files.services():
        limited = service.get("deploy", "resources", "limits", "memory").exists or service.get("mem_limit").exists
        place = service.at("deploy", "resources", "limits", "memory")
        if limited or service.whole:
            yield place.expect(limited, f"{service.name} has no memory limit, wants one")
