from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.MEDIUM)
def dockerfile_ssh_port(dockerfiles: Dockerfiles) -> Findings:
    """No image offers SSH.

    Why: a shell server in a container is a second way in with keys of its own, past the cluster's access control and
    audit log.
    Fix: remove the server and `EXPOSE 22`; use `kubectl exec` or `docker exec`.
    Peers: Trivy DS-0004, Checkov CKV_DOCKER_1.
    Source: CIS Docker Benchmark 5.6.
    """
    for stage in dockerfiles.shipped():
        for instruction in stage.each("EXPOSE"):
            ports = [word.partition("/")[0] for word in instruction.text.split()]
            yield stage.at(instruction).expect("22" not in ports, "exposes port 22, wants no SSH", ports=ports)
