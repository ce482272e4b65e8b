from readiness import Findings, Severity, check
from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import Repository

_SUFFIXES = (".p12", ".pfx", ".jks", ".keystore", ".ppk", ".kdbx", ".ovpn", ".tfstate", ".tfstate.backup")
_NAMES = frozenset(
    {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", ".pgpass", ".htpasswd", "kubeconfig", ".dockerconfigjson"}
    | {"credentials.json", "service-account.json", ".git-credentials", ".vault-token"}
)


@check(Severity.HIGH)
def key_files(repository: Repository) -> Findings:
    """No key store, login file or Terraform state is kept in git.

    Why: such files hold keys and passwords by their nature, in forms that a search for text does not see.
    Fix: remove the file from git and its history, change what was in it, and keep it in a secret store or a remote
    backend.
    Peers: Trivy (secret scan).
    Source: OWASP, "Secrets Management Cheat Sheet":
    https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
    """
    if not repository.tracked or not repository.files:
        return
    found = [
        file
        for file in repository.files.values()
        if (file.name.lower().endswith(_SUFFIXES) or file.name in _NAMES)
        and file.size > 0
        and not is_test(file.path)
        and not is_foreign(file.path)
    ]
    for file in found:
        yield file.at(1).expect(ok=False, message=f"{file.name} is tracked, wants it out of git")
    if not found:
        yield repository.at("key files").expect(ok=True, message="no key store or login file is tracked")
