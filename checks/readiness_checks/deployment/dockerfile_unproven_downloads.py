from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.downloads import unproven


@check(Severity.HIGH)
def dockerfile_unproven_downloads(dockerfiles: Dockerfiles) -> Findings:
    """What an image is built from comes from whom it claims to come from.

    Why: with the proof of certificates or signatures switched off, anybody on the way puts code of theirs into the
    image.
    Fix: remove the option (`curl -k`, `wget --no-check-certificate`, `pip --trusted-host`, `apt-get
    --allow-unauthenticated`) and install the certificate authority or key that is missing.
    Peers: Checkov CKV2_DOCKER_2 to CKV2_DOCKER_4, CKV2_DOCKER_7 to CKV2_DOCKER_11, CKV2_DOCKER_13.
    Source: CWE-295, "Improper Certificate Validation": https://cwe.mitre.org/data/definitions/295.html
    """
    for dockerfile in dockerfiles:
        bad = False
        for stage in dockerfile.stages:
            for run in stage.runs:
                for command in run.commands:
                    if said := unproven(command):
                        bad = True
                        yield stage.at_command(run, command).expect(
                            False, f"{said} trusts whoever answers, wants a proof"
                        )
        if not bad and dockerfile.stages:
            yield dockerfile.at().expect(True, "proves what it fetches")
