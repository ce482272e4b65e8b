from readiness import Findings, Severity, check
from readiness.facts.repository import File, Repository

_NAMES = (
    "*.enc.yaml",
    "*.enc.yml",
    "*.enc.json",
    "*.sops.yaml",
    "*.sops.yml",
    "*.sops.json",
    "*.enc.env",
    "secrets.enc.*",
)


@check(Severity.CRITICAL)
def encrypted_files(repository: Repository) -> Findings:
    """Every file that is named as encrypted is encrypted.

    Why: a file that was decrypted to edit it, and committed so, publishes what the name promises to hide.
    Fix: encrypt it again (`sops --encrypt --in-place FILE`), change the secrets in it, and let a hook refuse such
    commits.
    Peers: none.
    Source: SOPS, "Message Authentication Code": https://getsops.io/docs/
    """
    for file in repository.named(*_NAMES):
        if not file.own or file.name.startswith(".sops"):
            continue
        sealed = _sealed(file)
        said = "is encrypted by SOPS" if sealed else "has no message authentication code of SOPS"
        yield file.at(1).expect(sealed, f"{said}, wants it encrypted")


def _sealed(file: File) -> bool:
    """SOPS seals a file with an encrypted `mac`, whatever its format; values stand as `ENC[…]`."""
    return any("mac" in line.partition("ENC[")[0] and "ENC[" in line for line in file.lines) and "sops" in file.text
