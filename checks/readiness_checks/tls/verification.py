from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.encryption import Webhooks
from readiness.facts.security import PodSpecs, named

_OFF = {
    "NODE_TLS_REJECT_UNAUTHORIZED": frozenset({"0"}),
    "PYTHONHTTPSVERIFY": frozenset({"0"}),
    "GIT_SSL_NO_VERIFY": frozenset({"1", "true"}),
    "CURL_INSECURE": frozenset({"1", "true"}),
    "SSL_VERIFY": frozenset({"0", "false", "no"}),
    "VAULT_SKIP_VERIFY": frozenset({"1", "true"}),
}


@check(Severity.HIGH)
def verification(
    pods: PodSpecs,
    webhooks: Webhooks,
    *,
    flags: Annotated[tuple[str, ...], "arguments that switch certificate checks off", Stricter.MORE] = (
        "--insecure",
        "--insecure-skip-tls-verify",
        "--insecure-skip-verify",
        "--tls-skip-verify",
        "--skip-tls-verify",
        "--no-check-certificate",
        "--kubelet-insecure-tls",
    ),
) -> Findings:
    """Nobody switches the verification of certificates off.

    Why: a client that takes any certificate talks to whoever answers: the encryption then protects nothing.
    Fix: remove the variable or flag, and give the client the CA that signed the other side's certificate.
    Peers: none (Kubescape and Trivy look at the control plane's flags only).
    Source: CWE-295, "Improper Certificate Validation": https://cwe.mitre.org/data/definitions/295.html
    """
    for pod in pods:
        for container in pod.containers:
            found = False
            for env in container.environment():
                off = _OFF.get(env.text("name") or "")
                if off and str(env.scalar("value")).lower() in off:
                    found = True
                    yield env.at("value").expect(
                        False, f"{named(container)} sets {env.text('name')}, wants certificates verified"
                    )
            for field in ("command", "args"):
                for item in container.node.each(field):
                    flag, _, value = (item.value if isinstance(item.value, str) else "").partition("=")
                    if flag in flags and value.lower() not in {"false", "0"}:
                        found = True
                        yield item.expect(False, f"{named(container)} starts with {flag}, wants certificates verified")
            if not found:
                yield container.at().expect(True, f"{named(container)} verifies certificates")
    for service in webhooks.services:
        skips = service.node.boolean("spec", "insecureSkipTLSVerify") is True
        yield service.at("spec", "insecureSkipTLSVerify").expect(
            not skips, f"the API server {'does not verify' if skips else 'verifies'} this API, wants a caBundle"
        )
