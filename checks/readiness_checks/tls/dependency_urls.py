from collections.abc import Iterator
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from readiness import Findings, Severity, Stricter, check
from readiness.facts.encryption import ConfigMaps
from readiness.facts.objects import Node
from readiness.facts.security import PodSpecs

_SECURE = frozenset({"rediss", "amqps", "ldaps", "mqtts", "smtps", "kafka+ssl", "natss"})
_CLEAR = {"redis": "rediss", "amqp": "amqps", "ldap": "ldaps", "mqtt": "mqtts", "nats": "tls"}
_POSTGRES = frozenset({"require", "verify-ca", "verify-full"})
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@check(Severity.MEDIUM)
def dependency_urls(
    pods: PodSpecs,
    configs: ConfigMaps,
    *,
    trusted: Annotated[tuple[str, ...], "hosts that may be reached in clear text", Stricter.FEWER] = (),
) -> Findings:
    """Databases, caches and brokers are reached over TLS.

    Why: a connection string without TLS sends the password and every row readable through the network between pods
        and nodes.
    Fix: ask for TLS in the URL: `sslmode=verify-full` for PostgreSQL, `ssl-mode`/`tls=true` for MySQL and MongoDB,
        `rediss://`, `amqps://`.
    Peers: none.
    Source: PostgreSQL, "SSL Support": https://www.postgresql.org/docs/current/libpq-ssl.html
    """
    nodes = [env.get("value") for pod in pods for container in pod.containers for env in container.environment()]
    for place, text in (*_texts(nodes), *_texts(configs.values())):
        read = _read(text)
        if read is not None and read[1] not in _HERE and read[1] not in trusted:
            scheme, host, safe = read
            how = "over TLS" if safe else "in clear text"
            # The address itself may hold a password: it is never repeated.
            severity = Severity.LOW if "." not in host or host.endswith((".svc", ".cluster.local")) else None
            said = f"reaches {scheme}://{host} {how}, wants TLS"
            yield place.expect(safe, said, severity=severity, scheme=scheme, host=host)


def _texts(nodes: list[Node] | Iterator[Node]) -> Iterator[tuple[Node, str]]:
    return ((node, node.value) for node in nodes if isinstance(node.value, str) and "://" in node.value[:40])


def _read(text: str) -> tuple[str, str, bool] | None:
    """Scheme, host and whether it asks for TLS; None where it is no address of a dependency."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    kind = scheme.partition("+")[0]
    if not host or "$" in host or "{" in host or any(c.isspace() for c in text.strip()):
        return None
    asked = {key.lower(): values[-1].lower() for key, values in parse_qs(parts.query).items()}
    if scheme in _SECURE or kind in _SECURE:
        return scheme, host, True
    if kind in {"postgres", "postgresql"}:
        return scheme, host, asked.get("sslmode", asked.get("ssl", "")) in {*_POSTGRES, "true"}
    if kind in {"mysql", "mariadb"}:
        mode = asked.get("ssl-mode", asked.get("sslmode", asked.get("tls", asked.get("usessl", ""))))
        return (
            scheme,
            host,
            mode in {"required", "verify_ca", "verify_identity", "true", "verify-full", "verify-ca"}
            or "ssl_ca" in asked,
        )
    if kind == "mongodb":
        safe = asked.get("tls", asked.get("ssl", "true" if scheme == "mongodb+srv" else "")) == "true"
        return scheme, host, safe
    return (scheme, host, False) if kind in _CLEAR else None
