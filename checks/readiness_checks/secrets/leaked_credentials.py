from readiness import Findings, Severity, check
from readiness.facts.leaks import Leaks


@check(Severity.CRITICAL)
def leaked_credentials(leaks: Leaks) -> Findings:
    """No tracked file contains a credential.

    Why: a key in git is read by everybody who has a clone, now and in ten years; bots find public ones within minutes.
    Fix: change the credential first, then take it out of the file, and read it from a secret store. What must stay,
    because it
    is no secret, is waived with a reason. Vendored code, tests and lock files are not searched; documents, examples and
    templates are searched for keys of a published form only.
    Peers: Trivy (secret scan), Checkov CKV_SECRET_*.
    Source: OWASP, "Secrets Management Cheat Sheet":
    https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
    """
    for leak in leaks:
        yield leak.file.at(leak.kind, leak.line).expect(
            ok=False,
            message=f"contains a {leak.kind} ({leak.length} characters), wants it in a secret store",
            kind=leak.kind,
        )
    if not leaks and leaks.searched:
        yield leaks.repository.at("credentials").expect(
            ok=True, message=f"{leaks.searched} files hold none that is known by its form"
        )
