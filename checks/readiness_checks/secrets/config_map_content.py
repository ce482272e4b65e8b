from readiness import Findings, Severity, check
from readiness.facts.encryption import ConfigMaps
from readiness.facts.secrets import holds_password, is_literal, names_a_secret


@check(Severity.HIGH)
def config_map_content(maps: ConfigMaps) -> Findings:
    """No ConfigMap holds a secret.

    Why: a ConfigMap is shown in clear to everybody who may read the namespace, and is never encrypted at rest.
    Fix: move the entry to a Secret from your store, and change the secret.
    Peers: Polaris sensitiveConfigmapContent, Trivy KSV-0109.
    Source: Kubernetes, "ConfigMaps": https://kubernetes.io/docs/concepts/configuration/configmap/
    """
    for resource in maps:
        bad = False
        for key, value in resource.node.strings("data").items():
            said = _secret_in(key, value)
            if said:
                bad = True
                yield resource.at("data", key).expect(ok=False, message=f"{key} {said}, wants it in a Secret")
        if not bad and resource.node.mapping("data"):
            yield resource.at("data").expect(ok=True, message="holds no secret that its names or forms would show")


def _secret_in(key: str, value: str) -> str:
    if "PRIVATE KEY-----" in value:
        return "holds a private key"
    if holds_password(value):
        return "holds an address with a password"
    if names_a_secret(key) and "\n" not in value.strip() and is_literal(value):
        return f"is the name of a secret with {len(value)} characters"
    return ""
