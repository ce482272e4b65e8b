"""Whom to ask: this machine and nobody else."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from readiness_prove.load.kinds import BadPlan

_WANTED = "wanted http://127.0.0.1:PORT/, http://localhost:PORT/, http://[::1]:PORT/ or unix:/path/of/a/socket"
_LONGEST_UNIX_PATH = 107


@dataclass(frozen=True, slots=True)
class Target:
    """A server on this machine. `address` is what a socket of `family` connects to, `path` the path of the URL."""

    url: str
    family: socket.AddressFamily
    address: str | tuple[str, int]
    host: str
    path: str = "/"


def parse_target(url: str) -> Target:
    """The target that `url` names. Raises BadPlan for what is no such URL and for any other machine.

    `localhost` is 127.0.0.1; no name is looked up, so that none can lead elsewhere.
    """
    if url.startswith("unix:"):
        return _unix(url)
    try:
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
    except ValueError as fault:
        raise BadPlan(f"the target {url!r} cannot be used: {fault}; {_WANTED}") from None
    if parts.scheme != "http" or not parts.hostname or not port:
        raise BadPlan(f"the target {url!r} cannot be used: {_WANTED}")
    if "@" in parts.netloc:
        raise BadPlan("the target holds a login: give it as a header of the requests instead")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    family = socket.AF_INET6 if _loopback(host).version == 6 else socket.AF_INET
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, family, (host, port), parts.netloc, path)


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback or (address.version == 6 and str(address) != "::1"):
        raise BadPlan(
            f"the target {host!r} is not known to be this machine: load goes to 127.0.0.0/8, ::1, localhost and Unix "
            f"sockets only; {_WANTED}"
        )
    return address


def _unix(url: str) -> Target:
    path = url.removeprefix("unix:")
    if path.startswith("//"):
        path = path[2:]
    if not path.startswith("/") or "\0" in path:
        raise BadPlan(f"the target {url!r} names no socket by its whole path; {_WANTED}")
    if len(os.fsencode(path)) > _LONGEST_UNIX_PATH:
        raise BadPlan(f"the target {url!r} has a path of {len(os.fsencode(path))} bytes; sockets have 107 at most")
    return Target(url, socket.AF_UNIX, path, "localhost")
