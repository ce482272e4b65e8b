from readiness import Findings, Rendered, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def dockerfile_healthcheck(dockerfiles: Dockerfiles, workloads: Rendered[Workloads] | None) -> Findings:
    """Every image that no orchestrator probes says how to find out whether it is well.

    Why: without Kubernetes' probes, a process that hangs counts as running, and nothing restarts it or waits for it.
    Fix: add `HEALTHCHECK --interval=10s --timeout=5s CMD ["/app/probe"]` to the last stage.
    Peers: Trivy DS-0026, Checkov CKV_DOCKER_2, Dockle CIS-DI-0006, CIS Docker Benchmark 4.6.
    Source: Docker, "HEALTHCHECK": https://docs.docker.com/reference/dockerfile/#healthcheck
    """
    if workloads:
        return  # the kubelet ignores HEALTHCHECK and has probes of its own
    for dockerfile in dockerfiles:
        final = dockerfile.final
        if final is None:
            continue
        health = final.last("HEALTHCHECK")
        asks = health is not None and health.text.split(None, 1)[:1] != ["NONE"]
        yield final.at(health).expect(asks, "has no HEALTHCHECK, wants one")
