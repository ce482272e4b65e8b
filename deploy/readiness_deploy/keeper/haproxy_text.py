"""What HAProxy is told in its configuration file, and whether there is a HAProxy that understands it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping

from readiness_deploy.keeper.board import Address
from readiness_deploy.keeper.entry import BadEntry, Entry
from readiness_deploy.states import COLOURS, Colour

SETTINGS, MAP, SOCKET, CERTIFICATE = "haproxy.cfg", "haproxy.map", "haproxy.sock", "entry.pem"
NOBODY = "nobody"
NOWHERE: Address = ("127.0.0.1", 1)
"""Where a colour is that does not listen: nothing without the rights of root listens there, so nobody else is asked."""
LONGEST_DRAIN = 30
_OLDEST = (2, 4)
_WITHIN = 5.0
_RETRY = 0.5
_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin"
_ID = "^[A-Za-z0-9._~+/=:@-]{1,128}$"
_ABOUT_CLIENTS = "^(x[-_]forwarded[-_](for|proto|host|port|server)|x[-_]real[-_]ip|forwarded)$"
_LINE = (
    '{"at":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","client":"%ci","method":"%[var(txn.method),json(utf8s)]",'
    '"path":"%[var(txn.path),json(utf8s)]","status":%ST,"outcome":"%tsc","milliseconds":%Ta,"received":%U,"sent":%B,'
    '"colour":"%b","id":"%[var(txn.id)]"}'
)


def program(path: str, *, system: str = _SYSTEM) -> str:
    """The HAProxy on this PATH or where systems put it. Raises BadEntry where there is none, or one too old."""
    found = shutil.which("haproxy", path=f"{path}:{system}")
    if found is None:
        raise BadEntry(
            "carrier: haproxy is wanted, and there is no program haproxy here: install HAProxy 2.4 or later, "
            "or leave `carrier` out, so that the keeper carries the traffic itself"
        )
    try:
        said = subprocess.run([found, "-v"], capture_output=True, timeout=_WITHIN, check=False, text=True).stdout
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise BadEntry(f"carrier: {found} cannot be asked for its version: {fault}") from None
    version = re.search(r"version (\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise BadEntry(f"carrier: wanted HAProxy 2.4 or later, {found} says {said.splitlines()[:1] or 'nothing'}")
    return found


def route(selected: Colour | None) -> str:
    """The file of the map that says who gets new requests."""
    return f"selected {selected or NOBODY}\n"


def text(entry: Entry, listening: tuple[int, ...], addresses: Mapping[Colour, Address | None]) -> str:
    """The whole configuration: the sockets with these numbers, which are inherited, and the colours where they are now.

    Each request has a connection to the colour for itself, so that none meets one that the colour is closing. Only a
    connection that was not accepted is tried again, which repeats no request; that goes on for as long as a request
    waits for a colour that restarts (`hold`).
    """
    lines = [*_process(entry), *_frontend(entry, listening)]
    for colour in COLOURS:
        host, port = addresses[colour] or NOWHERE
        lines += [f"backend {colour}", f"    server {colour} {host}:{port}"]
    lines += [f"backend {NOBODY}", "    http-request return status 503 content-type text/plain lf-string 503"]
    return "\n".join(lines) + "\n"


def _process(entry: Entry) -> list[str]:
    return [
        "global",
        f"    stats socket unix@{SOCKET} mode 600 level admin",
        f"    maxconn {entry.connections + 16}",
        f"    hard-stop-after {LONGEST_DRAIN}s",
        "defaults",
        "    mode http",
        "    option http-server-close",
        "    option redispatch 1",
        f"    retries {max(1, round(entry.hold / _RETRY))}",
        "    retry-on conn-failure",
        f"    timeout connect {_ms(_RETRY)}",
        f"    timeout client {_ms(entry.timeout)}",
        f"    timeout server {_ms(entry.timeout)}",
        f"    timeout http-request {_ms(entry.head)}",
        f"    timeout http-keep-alive {_ms(entry.idle)}",
        f"    timeout tunnel {_ms(entry.tunnel)}",
    ]


def _frontend(entry: Entry, listening: tuple[int, ...]) -> list[str]:
    tls = f" ssl crt {CERTIFICATE} alpn http/1.1 ssl-min-ver TLSv1.2" if entry.tls else ""
    scheme = "https" if entry.tls else "http"
    log = ["    log stdout format raw local0 info", f"    log-format '{_LINE}'"] if entry.access_log else []
    ours = [f"    acl ours src {network}" for network in entry.trusted] or ["    acl ours always_false"]
    return [
        "frontend entry",
        *(f"    bind fd@{number}{tls}" for number in listening),
        f"    maxconn {entry.connections}",
        *log,
        "    http-request deny deny_status 501 if { method CONNECT TRACE }",
        # Not the field's value as a number, which has 32 bits.
        f"    http-request deny deny_status 413 if {{ req.body_size gt {entry.body} }}",
        "    acl websocket req.fhdr(upgrade) -i websocket",
        "    acl one_upgrade req.fhdr_cnt(upgrade) eq 1",
        "    http-request del-header upgrade unless websocket one_upgrade",
        "    http-request del-header proxy",
        *ours,
        f"    http-request del-header {_ABOUT_CLIENTS} -m reg unless ours",
        "    option forwardfor",
        f"    http-request set-header X-Forwarded-Proto {scheme} unless {{ req.hdr(x-forwarded-proto) -m found }}",
        "    http-request set-header X-Forwarded-Host %[req.hdr(host)] unless { req.hdr(x-forwarded-host) -m found }",
        "    acl one_id req.hdr_cnt(x-request-id) eq 1",
        f"    acl good_id req.hdr(x-request-id) -m reg {_ID}",
        "    http-request set-header X-Request-Id %[uuid()] unless one_id good_id",
        "    http-request set-var(txn.id) req.hdr(x-request-id)",
        "    http-request set-var(txn.path) path",
        "    http-request set-var(txn.method) method",
        "    http-response set-header X-Request-Id %[var(txn.id)] unless { res.hdr(x-request-id) -m found }",
        f"    use_backend %[str(selected),map({MAP},{NOBODY})]",
        f"    default_backend {NOBODY}",
    ]


def _ms(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
