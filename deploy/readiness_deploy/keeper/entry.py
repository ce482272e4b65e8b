"""How the entry treats those who come through it."""

from __future__ import annotations

import ipaddress
import resource
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

CARRIERS = ("keeper", "haproxy")
"""What may move the bytes."""
_KEPT_BACK = 64 + 256
"""Descriptors that clients never get: of the keeper itself, and of connections to colours that are kept for a while."""
_LOOPBACK = ("127.0.0.0/8", "::1/128")


class BadEntry(Exception):
    """Settings of the entry that cannot be carried out; the text says what to do, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files of the certificate, with those between it and the authority, and of its key."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Bounds of the entry. Durations in seconds.

    Settings files say most of them; their meaning is the same there. `head` is how long the head of a request may take
    from its first byte, `head_bytes` and `head_lines` how large it may be; `hold` how long a request waits
    for a selected colour that accepts no connection; `tunnel` how long a tunnel may be silent (one whose end takes
    nothing: `timeout`). Peers in `trusted` are proxies of ours: what they say about their clients is passed on.
    """

    tls: Tls | None = None
    connections: int = 4096
    body: int = 64 << 20
    idle: float = 75.0
    timeout: float = 60.0
    access_log: str = ""
    head: float = 10.0
    head_bytes: int = 32 << 10
    head_lines: int = 100
    hold: float = 3.0
    tunnel: float = 3600.0
    trusted: tuple[str, ...] = _LOOPBACK
    carrier: str = "keeper"


def entry_from(settings: Mapping[str, Any]) -> Entry:
    """The entry as `entry` in the settings file says it (names with `-` or `_`); the rest is as it is here.

    Raises BadEntry for what this keeper cannot do.
    """
    known = {name.replace("-", "_"): value for name, value in settings.items()}
    if known.get("carrier", "keeper") not in CARRIERS:
        raise BadEntry(f"carrier: wanted one of {', '.join(CARRIERS)}, found `{known['carrier']}`")
    tls = known.get("tls")
    own = ("connections", "body", "idle", "timeout", "access_log", "head", "hold", "carrier")
    trusted = tuple(known.get("trusted", _LOOPBACK))
    Peers(trusted)
    return Entry(
        tls=Tls(**tls) if tls else None, trusted=trusted, **{name: known[name] for name in own if name in known}
    )


def affordable(entry: Entry, note: Callable[..., None]) -> Entry:
    """The entry with no more connections than this process has descriptors for, which `note` is told. Each takes two:
    one to the client, one to the colour. What the keeper needs to look after its colours is kept back.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return entry
    most = max(1, (limit - min(_KEPT_BACK, limit // 2)) // 2)
    if entry.connections <= most:
        return entry
    note("connections lowered", wanted=entry.connections, number=most, descriptors=limit)
    return replace(entry, connections=most)


def context_for(tls: Tls) -> ssl.SSLContext:
    """What serves this certificate, with TLS 1.2 or later. Raises BadEntry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load(context, tls)
    return context


def load(context: ssl.SSLContext, tls: Tls) -> None:
    """Serve what these files hold now, for connections that are yet to come. Raises BadEntry."""
    try:
        # An empty password: OpenSSL would otherwise ask for one on the terminal and wait.
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except FileNotFoundError:
        raise BadEntry(
            f"wanted a certificate in {tls.certificate} and its key in {tls.key}; one is not there"
        ) from None
    except (OSError, ValueError) as fault:
        raise BadEntry(
            f"the certificate in {tls.certificate} and the key in {tls.key} cannot be used together "
            f"(both PEM, the key without a password): {getattr(fault, 'reason', '') or type(fault).__name__}"
        ) from None


class Peers:
    """Tells peers that are trusted from others, and remembers what it told."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        try:
            self._networks = [ipaddress.ip_network(network) for network in networks]
        except ValueError as fault:
            raise BadEntry(f"trusted: {fault}") from None
        self._told: dict[str, bool] = {}

    def trusted(self, address: str) -> bool:
        """Whether what this peer says about others is believed."""
        told = self._told.get(address)
        if told is None:
            if len(self._told) > 10_000:
                self._told.clear()
            told = self._told[address] = self._look(address)
        return told

    def _look(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)
