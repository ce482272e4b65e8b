"""Looks at the fields of a kubeconfig's entry before they are used, so that what is wrong with one is said of that one.

A server only says "unauthorized", and a TLS library only that something failed.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from readiness.sources.cluster.kubeconfig import Entry, Part

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_DATA = ("certificate-authority-data", "client-certificate-data", "client-key-data")
_TEXTS = ("server", "tls-server-name", "proxy-url", "token", "username", "password", "as", "as-uid")
_LOOPBACK = ("127.", "localhost", "::1")


def vet(entry: Entry) -> None:
    """Raises Refused for the first field that cannot be what it is meant to be."""
    _vet_server(entry.cluster)
    entry.cluster.flag("insecure-skip-tls-verify")
    for part in (entry.cluster, entry.user):
        if part is not None:
            for field in (*_TEXTS, *_FILES):
                part.text(field)
            for field in _DATA:
                decoded(part, field)
            with_absolute_paths(part)
    if entry.user is not None:
        _vet_certificate(entry.user)
        _vet_token_file(entry.user)


def _vet_server(cluster: Part) -> None:
    address = cluster.text("server")
    try:
        parts = urlsplit(address)
        host, secure = parts.hostname or "", parts.scheme == "https"
    except ValueError:
        host, secure, parts = "", False, None
    if not host or parts is None or parts.scheme not in ("https", "http"):
        raise cluster.refuse("server", "wanted the address of the API server, such as https://10.0.0.1:6443")
    if not secure and not host.startswith(_LOOPBACK):
        raise cluster.refuse("server", f"{host} is asked without TLS: anybody on the way could answer", "use https")


def with_absolute_paths(part: Part) -> dict[str, Any]:
    """The mapping with paths that no longer depend on where the kubeconfig lies. Raises Refused for a missing file."""
    body = dict(part.body)
    for field in _FILES:
        written = part.text(field)
        if written and not (field != "tokenFile" and part.text(f"{field}-data")):
            path = part.folder / Path(written).expanduser()
            if not path.is_file():
                raise part.refuse(field, f"there is no file {path}")
            body[field] = str(path)
    return body


def _vet_token_file(user: Part) -> None:
    written = user.text("tokenFile")
    if not written:
        return
    try:
        empty = not (user.folder / Path(written).expanduser()).read_text().strip()
    except (OSError, ValueError):
        raise user.refuse("tokenFile", "cannot be read") from None
    if empty:
        raise user.refuse("tokenFile", "the file is empty")


def _vet_certificate(user: Part) -> None:
    """A server says nothing of an expired client certificate but "unauthorized": so it is looked at here."""
    field = "client-certificate-data" if user.text("client-certificate-data") else "client-certificate"
    pem = _pem(user, field)
    if not pem:
        return
    if not user.text("client-key-data") and not user.text("client-key"):
        raise user.refuse(field, "there is no client-key for it")
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise user.refuse(field, "this is no certificate in PEM") from None
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        ended = certificate.not_valid_after_utc.date()
        raise user.refuse(field, f"the client certificate expired on {ended}", "get a new one")
    if certificate.not_valid_before_utc > now:
        raise user.refuse(
            field, f"the client certificate is not valid before {certificate.not_valid_before_utc.date()}"
        )


def _pem(user: Part, field: str) -> bytes:
    written = user.text(field)
    if not written or field != "client-certificate":
        return decoded(user, field)
    try:
        return (user.folder / Path(written).expanduser()).read_bytes()
    except OSError as fault:
        raise user.refuse(field, f"cannot be read: {fault.strerror}") from None


def decoded(part: Part, field: str) -> bytes:
    try:
        return base64.b64decode(part.text(field), validate=True)
    except (binascii.Error, ValueError):
        raise part.refuse(field, "this is not base64") from None
