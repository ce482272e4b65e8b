from readiness import Findings, Severity, check
from readiness.facts.compose import ComposeFiles
from readiness.facts.secrets import holds_password, is_literal, is_placeholder, names_a_secret
from readiness.facts.variables import expand


@check(Severity.HIGH)
def compose_secrets(files: ComposeFiles) -> Findings:
    """No Compose file has a password or key written into it.

    Why: whoever can read the repository, or `docker inspect`, can read it, and changing it means changing the code.
    Fix: use `secrets:` with `NAME_FILE: /run/secrets/name`, or a variable without a default: `${DB_PASSWORD:?}`.
    Peers: Trivy and gitleaks find known forms of keys only.
    Source: Docker, "Secrets in Compose": https://docs.docker.com/compose/how-tos/use-secrets/
    """
    for service in files.services():
        for name, node, written in service.environment():
            if not names_a_secret(name) and "://" not in written:
                continue
            value = expand(written, {}, escape="$")
            if value is None or not value:
                yield node.expect(True, f"{name} comes from outside")
                continue
            literal = holds_password(value) or (names_a_secret(name) and is_literal(value))
            told = f"{name} of {service.name} is a literal of {len(value)} characters, wants a secret"
            # What everybody tries first is a developer's database as a rule; bad enough where it is not.
            severity = Severity.MEDIUM if is_placeholder(value) else None
            yield node.expect(not literal, told, severity=severity, variable=name)
