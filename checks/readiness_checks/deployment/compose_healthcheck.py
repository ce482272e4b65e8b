from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFiles
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.LOW)
def compose_healthcheck(files: ComposeFiles, dockerfiles: Dockerfiles) -> Findings:
    """Every Compose service says how to find out whether it is well.

    Why: without it, `depends_on` starts what needs the service too early, and a process that hangs counts as running.
    Fix: add `healthcheck:` with a `test`, or a HEALTHCHECK to the Dockerfile it is built from.
    Peers: none.
    Source: Docker, "healthcheck": https://docs.docker.com/reference/compose-file/services/#healthcheck
    """
    images = any(d.final and d.final.last("HEALTHCHECK") for d in dockerfiles)
    for service in files.services():
        health = service.get("healthcheck")
        if service.runs_once or not (service.whole or health.exists):
            continue
        disabled = health.boolean("disable") or health.raw("test") in ("NONE", ["NONE"])
        asks = health.get("test").exists or (service.is_built and images)
        said = "switches its health check off" if disabled else "has no health check"
        yield health.expect(asks and not disabled, f"{service.name} {said}, wants a test")
