from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.downloads import unproven_variable


@check(Severity.HIGH)
def dockerfile_tls_variables(dockerfiles: Dockerfiles) -> Findings:
    """No variable of an image switches off the proof of certificates.

    Why: with it, every connection of the process trusts whoever answers, in production as well as in the build.
    Fix: remove the variable; give the program the certificate authority it needs (`NODE_EXTRA_CA_CERTS`,
    `SSL_CERT_FILE`).
    Peers: Checkov CKV2_DOCKER_5, CKV2_DOCKER_6, CKV2_DOCKER_12, CKV2_DOCKER_14 and CKV2_DOCKER_16.
    Source: CWE-295, "Improper Certificate Validation": https://cwe.mitre.org/data/definitions/295.html
    """
    for dockerfile in dockerfiles:
        bad = False
        for stage in dockerfile.stages:
            for setting in stage.settings("ENV", "ARG"):
                if unproven_variable(setting.name, setting.value or ""):
                    bad = True
                    told = f"{setting.name}={setting.value} trusts whoever answers, wants certificates to be proven"
                    yield stage.at(setting.instruction, setting.line).expect(False, told)
        if not bad and dockerfile.stages:
            yield dockerfile.at().expect(True, "leaves certificates to be proven")
