from readiness import Findings, Severity, check
from readiness.facts.downloads import unproven
from readiness.facts.scripts import Scripts


@check(Severity.MEDIUM)
def script_unproven_downloads(scripts: Scripts) -> Findings:
    """No script switches off the proof of certificates, signatures or host keys.

    Why: anybody on the way then answers in place of the registry, the cluster or the host that is meant.
    Fix: remove the option, and give the program the certificate authority or the known host that is missing.
    Peers: Checkov has it for Dockerfiles only (CKV2_DOCKER_2 to CKV2_DOCKER_11).
    Source: CWE-295, "Improper Certificate Validation": https://cwe.mitre.org/data/definitions/295.html
    """
    for script in scripts:
        found = [(command, said) for command in script.commands if (said := unproven(command))]
        for command, said in found:
            yield script.at(command).expect(False, f"{said} trusts whoever answers, wants a proof")
        if not found:
            yield script.at().expect(True, "proves what it talks to")
