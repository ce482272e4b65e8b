from readiness import Findings, Severity, check
from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import File, Repository
from readiness.facts.secrets import holds_password, is_literal, names_a_secret

_SHOWN = (".example", ".sample", ".template", ".dist", ".defaults", ".schema")


@check(Severity.CRITICAL)
def dotenv_tracked(repository: Repository) -> Findings:
    """No file of local environment variables is kept in git.

    Why: such files hold the real credentials of whoever committed them, and git never forgets.
    Fix: `git rm --cached` the file, add it to `.gitignore`, keep a `.env.example` without values, and change what was
    in it.
    Peers: Trivy (secret scan).
    Source: The Twelve-Factor App, "Config": https://12factor.net/config
    """
    if not repository.tracked:
        return
    found = [f for f in repository.named(".env", ".env.*", "*.env") if _is_local(f)]
    for file in found:
        secret = _secrets(file)
        said = f"is tracked and sets {', '.join(secret[:3])}" if secret else "is tracked"
        severity = None if secret else Severity.LOW
        yield file.at(1).expect(ok=False, message=f"{said}, wants it out of git", severity=severity)
    if not found:
        yield repository.at(".env").expect(ok=True, message="no file of environment variables is tracked")


def _is_local(file: File) -> bool:
    return (
        not file.name.endswith(_SHOWN)
        and "example" not in file.name
        and not is_test(file.path)
        and not is_foreign(file.path)
    )


def _secrets(file: File) -> list[str]:
    names = []
    for line in file.lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        value = value.strip().strip("'\"")
        if (
            equals
            and not name.startswith("#")
            and ((names_a_secret(name) and is_literal(value)) or holds_password(value))
        ):
            names.append(name.strip())
    return names
