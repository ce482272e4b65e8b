from readiness import Findings, Severity, check
from readiness.facts.secrets import ExternalSecrets

_NEVER = frozenset({"0", "0s", "0m", "0h"})


@check(Severity.MEDIUM)
def external_secrets(secrets: ExternalSecrets) -> Findings:
    """Every secret from a store is fetched again when it changes there.

    Why: with a refresh interval of zero the secret is fetched once: after a rotation in the store the service keeps
    the old one.
    Fix: set `refreshInterval` to the time in which a rotation must arrive, such as `1h`.
    Peers: none.
    Source: External Secrets Operator, "ExternalSecret": https://external-secrets.io/latest/api/externalsecret/
    """
    for resource in secrets.items:
        spec = resource.get("spec")
        once = spec.text("refreshPolicy") == "CreatedOnce"
        interval = str(spec.scalar("refreshInterval") if spec.get("refreshInterval").exists else "1h")
        said = "is fetched once" if once or interval in _NEVER else f"is fetched every {interval}"
        field = "refreshPolicy" if once else "refreshInterval"
        yield spec.at(field).expect(not (once or interval in _NEVER), f"{said}, wants an interval such as 1h")
