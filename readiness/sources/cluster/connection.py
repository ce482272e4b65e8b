"""From an entry of a kubeconfig to a reader of the API server.

What the entry means is worked out by the `kubernetes` package: files or data, tokens and passwords, proxies. Three
things it is not asked for. It runs credential plugins without a time limit and swallows what they say, so `plugin` runs
them. It renews OIDC tokens without verifying the issuer's certificate where no authority is named, and does not keep a
refresh token that was replaced, so an expired one is for kubectl to renew. Its typed models are not used: answers are
read raw.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readiness.http import DEFAULT_BOUNDS, Bounds, NoAnswer, Reader, Tls
from readiness.sources.cluster.kubeconfig import Entry, Part, Refused
from readiness.sources.cluster.plugin import Credential, credential
from readiness.sources.cluster.vetting import vet, with_absolute_paths

if TYPE_CHECKING:
    from kubernetes.client import Configuration

_NAME = "wanted"
_KEY = "BearerToken"  # by this name the package keeps the Authorization header; up to version 35 by the other one
_OLDER_KEY = "authorization"


@contextmanager
def reader(entry: Entry, root: Path | None = None, bounds: Bounds = DEFAULT_BOUNDS) -> Iterator[Reader]:
    """A reader of the cluster. Raises Refused. What it must write for the TLS library is gone at once."""
    vet(entry)
    with tempfile.TemporaryDirectory(prefix="readiness-") as private:
        configuration = _configuration(entry, private, root)
        try:
            made = _reader(configuration, entry, bounds)
        except NoAnswer as refusal:
            raise Refused(str(refusal), entry.cluster.span()) from None
    with made:
        yield made


def _reader(configuration: Configuration, entry: Entry, bounds: Bounds) -> Reader:
    tls = Tls(
        configuration.ssl_ca_cert or "",
        configuration.cert_file or "",
        configuration.key_file or "",
        bool(configuration.verify_ssl),
        configuration.tls_server_name or "",
    )
    impersonated = _impersonation(entry.user)
    lock = threading.Lock()

    def headers() -> Mapping[str, str]:
        with lock:  # a plugin that renews runs once, not once for each thread
            key = configuration.get_api_key_with_prefix(_KEY, alias=_OLDER_KEY)
        return {**({"Authorization": key.strip()} if key else {}), **impersonated}

    return Reader(str(configuration.host), tls=tls, proxy=configuration.proxy or "", headers=headers, bounds=bounds)


def _configuration(entry: Entry, private: str, root: Path | None) -> Configuration:
    from kubernetes import client, config

    user, renew = _user(entry, root)
    document = {
        "current-context": _NAME,
        "clusters": [{"name": _NAME, "cluster": with_absolute_paths(entry.cluster)}],
        "users": [{"name": _NAME, "user": user}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
    }
    made = client.Configuration()
    try:
        config.load_kube_config_from_dict(  # type: ignore[no-untyped-call]
            document, _NAME, client_configuration=made, persist_config=False, temp_file_path=private
        )
    except (config.ConfigException, ValueError, TypeError, OSError) as fault:
        kind = "" if isinstance(fault, config.ConfigException) else f" ({type(fault).__name__})"
        raise Refused(
            f"the entry {entry.context} of the kubeconfig cannot be used{kind}", entry.cluster.span()
        ) from None
    if renew is not None:
        made.refresh_api_key_hook = renew  # type: ignore[assignment]
    return made


Renew = Callable[["Configuration"], None]


def _user(entry: Entry, root: Path | None) -> tuple[dict[str, Any], Renew | None]:
    """The user for the package, with what proves who it is; and how that is renewed."""
    part = entry.user
    if part is None:
        return {}, None
    body = {k: v for k, v in with_absolute_paths(part).items() if k not in ("exec", "auth-provider")}
    provider, plugin = part.part("auth-provider"), part.part("exec")
    if provider is not None:
        return {**body, "token": _oidc(provider)}, None
    if plugin is None or part.text("token") or part.text("tokenFile"):
        return body, None
    given = credential(plugin, entry, root)
    if not given.token:
        pair = {"client-certificate-data": given.certificate, "client-key-data": given.key}
        return {**body, **{k: base64.b64encode(v.encode()).decode() for k, v in pair.items()}}, None
    return {**body, "token": given.token}, _renewal(plugin, entry, given, root)


def _renewal(plugin: Part, entry: Entry, given: Credential, root: Path | None) -> Renew:
    current = given

    def renew(configuration: Configuration) -> None:
        nonlocal current
        if not current.fresh(datetime.now(UTC)):
            try:
                current = credential(plugin, entry, root)
            except Refused as refusal:
                raise NoAnswer(str(refusal)) from None
        configuration.api_key[_KEY] = f"Bearer {current.token}"

    return renew


def insecure(entry: Entry) -> Refused | None:
    """Why nothing that the server says proves anything; None where it proves who it is."""
    if not entry.cluster.flag("insecure-skip-tls-verify"):
        return None
    return entry.cluster.refuse(
        "insecure-skip-tls-verify",
        "the server does not prove who it is, so what it says proves nothing",
        "give its authority in certificate-authority-data",
    )


def _oidc(provider: Part) -> str:
    """The ID token of the one provider that Kubernetes still knows. Raises Refused where it has expired."""
    name = provider.text("name")
    if name != "oidc":
        said = f"{name or 'no name'}: Kubernetes has removed this provider"
        raise provider.refuse("name", said, "use a credential plugin (`exec`) of your cloud")
    settings = provider.part("config")
    token = settings.text("id-token") if settings else ""
    if not token:
        raise provider.refuse("config.id-token", "is missing", "log in again")
    ends = _end_of(token)
    if ends is not None and ends < datetime.now(UTC):
        said = f"the token expired at {ends:%Y-%m-%d %H:%M} UTC"
        raise provider.refuse("config.id-token", said, "any kubectl command in this context renews it")
    return token


def _end_of(token: str) -> datetime | None:
    """When a JSON Web Token ends, as far as it says so."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (LookupError, ValueError, TypeError, OverflowError, OSError):
        return None


def _impersonation(user: Part | None) -> dict[str, str]:
    """The headers for `as` and `as-uid`. Raises Refused for groups and extras: a header of each must be sent apart."""
    if user is None:
        return {}
    for field in ("as-groups", "as-user-extra"):
        if user.body.get(field):
            raise user.refuse(field, "reading as another user is supported with `as` and `as-uid` only")
    pairs = (("Impersonate-User", user.text("as")), ("Impersonate-Uid", user.text("as-uid")))
    return {header: value for header, value in pairs if value}
