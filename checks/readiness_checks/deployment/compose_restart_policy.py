from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFiles


@check(Severity.MEDIUM)
def compose_restart_policy(files: ComposeFiles) -> Findings:
    """Every Compose service comes back after a crash and after a restart of its machine.

    Why: the default is `no`: a process that ends at three in the morning stays down until somebody looks.
    Fix: write `restart: unless-stopped` (or `on-failure:5`, or `deploy.restart_policy` for Swarm).
    Peers: none.
    Source: Docker, "restart": https://docs.docker.com/reference/compose-file/services/#restart
    """
    for service in files.services():
        if service.runs_once or not (service.whole or service.get("restart").exists):
            continue
        policy, swarm = service.get("restart").value, service.get("deploy", "restart_policy")
        condition = swarm.text("condition") or "any"
        restarts = (isinstance(policy, str) and policy != "no") or (swarm.exists and condition != "none")
        said = "no restart policy" if policy is None and not swarm.exists else "a restart policy of `no`"
        yield service.get("restart").expect(restarts, f"{service.name} has {said}, wants unless-stopped")
