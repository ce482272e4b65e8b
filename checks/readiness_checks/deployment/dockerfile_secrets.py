from collections.abc import Iterator

from readiness import Finding, Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfile, Dockerfiles, Stage
from readiness.facts.secrets import holds_password, is_literal, is_placeholder, names_a_secret

_KEY_FILES = frozenset(
    {".env", ".git-credentials", ".htpasswd", ".netrc", ".npmrc", ".pgpass", ".pypirc", "credentials.json", "id_dsa"}
    | {"id_ecdsa", "id_ed25519", "id_rsa", "kubeconfig", "service-account.json", "terraform.tfstate"}
)
_KEY_ENDINGS = (".jks", ".kdbx", ".key", ".p12", ".pfx")


@check(Severity.CRITICAL)
def dockerfile_secrets(dockerfiles: Dockerfiles) -> Findings:
    """No Dockerfile writes a secret into an image.

    Why: what ENV, ARG, LABEL or COPY bring in stays in the layers and in the history: everybody who can pull can read
    it.
    Fix: mount it while building (`RUN --mount=type=secret,id=token …`), give it to the running container as a file, and
    replace the value that was published.
    Peers: Trivy DS-0031, hadolint DL3064, Checkov CKV_SECRET, Docker build check SecretsUsedInArgOrEnv.
    Source: Docker, "Build secrets": https://docs.docker.com/build/building/secrets/
    """
    for dockerfile in dockerfiles:
        bad = [
            *_in_head(dockerfile),
            *(f for stage in dockerfile.stages for f in (*_variables(stage), *_copies(stage))),
        ]
        yield from bad
        if not bad and dockerfile.stages:
            yield dockerfile.at().expect(True, "writes no secret into the image")


def _in_head(dockerfile: Dockerfile) -> Iterator[Finding]:
    for name, value in dockerfile.arguments.items():
        if value and names_a_secret(name) and is_literal(value):
            told = f"ARG {name} has a literal default of {len(value)} characters, wants a secret mount"
            yield dockerfile.at().expect(False, told, severity=_severity(value), variable=name)


def _variables(stage: Stage) -> Iterator[Finding]:
    for setting in stage.settings("ENV", "ARG", "LABEL"):
        place, keyword = stage.at(setting.instruction, setting.line), setting.instruction.keyword
        value = setting.value or ""
        if (names_a_secret(setting.name) and is_literal(value)) or holds_password(value):
            told = f"{keyword} {setting.name} is a literal of {len(value)} characters, wants a secret mount"
            yield place.expect(False, told, severity=_severity(value), variable=setting.name)
        elif keyword == "ARG" and setting.value is None and names_a_secret(setting.name):
            told = f"ARG {setting.name} would stay in the image's history, wants a secret mount"
            yield place.expect(False, told, severity=Severity.MEDIUM, variable=setting.name)


def _copies(stage: Stage) -> Iterator[Finding]:
    for instruction in stage.each("COPY", "ADD"):
        if "from" in instruction.flags:
            continue
        for source in (instruction.items or instruction.text.split())[:-1]:
            name = source.strip("\"'").rstrip("/").rpartition("/")[2].lower()
            if name in _KEY_FILES or name.endswith(_KEY_ENDINGS):
                told = f"{instruction.keyword} brings {name} into the image, wants a secret mount"
                yield stage.at(instruction).expect(False, told, severity=Severity.HIGH, file=name)


def _severity(value: str) -> Severity:
    return Severity.HIGH if is_placeholder(value) else Severity.CRITICAL
