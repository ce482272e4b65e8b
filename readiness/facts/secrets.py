"""What a secret looks like: by the name of a variable, by the form of a value. No value is ever shown."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.objects import Objects, Resource

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passwort", "pwd", "passphrase", "secret", "token", "credentials", "credential", "apikey"}
    | {"secretkey", "privatekey", "accesskey", "authkey", "apitoken", "authtoken", "dbpass", "dbpassword", "pass"}
)
# Names such as PGPASSWORD and accesstoken have nothing between their words.
_GLUED = ("password", "passwd", "passphrase", "apikey", "secret", "token")
_KEY_BEFORE = frozenset(
    {"api", "access", "secret", "private", "encryption", "signing", "auth", "master", "account", "license"}
)
# A name that ends so speaks about a secret without being one: where it lies, how long it lives, whose it is.
_ABOUT = frozenset(
    {
        "file",
        "path",
        "dir",
        "directory",
        "name",
        "ref",
        "id",
        "arn",
        "url",
        "uri",
        "host",
        "endpoint",
        "enabled",
        "disabled",
    }
    | {
        "ttl",
        "expiry",
        "expiration",
        "expires",
        "lifetime",
        "timeout",
        "seconds",
        "minutes",
        "hours",
        "days",
        "duration",
    }
    | {
        "length",
        "size",
        "limit",
        "max",
        "min",
        "count",
        "type",
        "kind",
        "algorithm",
        "alg",
        "header",
        "prefix",
        "issuer",
    }
    | {
        "audience",
        "policy",
        "rotation",
        "refresh",
        "interval",
        "provider",
        "store",
        "manager",
        "mount",
        "field",
        "format",
    }
    | {"public", "version", "scope", "scopes", "class", "required", "namespace", "region", "rounds", "cost", "mode"}
)
_REFERENCE = re.compile(
    r"\$\(\w+\)|\$\{|\{\{|<[^>]*>|ENC\[|vault:|secret[s]?manager|ref\+|op://|arn:|file:|env:|kms:|ssm:|/|\./|%\(|\$[A-Z_]"
)
_DSN = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://([^\s:/@'\"<>\[\]]{0,100}):([^\s/@'\"<>]{1,200})@([^\s/'\"<>:]{1,253})"
)
_PLACEHOLDERS = frozenset(
    {
        "example",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "replace",
        "your",
        "xxxx",
        "****",
        "dummy",
        "fake",
        "passw",
    }
    | {"redacted", "todo", "secret-here", "insert", "sample", "<", "...", "n/a", "none", "null"}
)
_DEFAULTS = frozenset(
    {
        "changeme",
        "change-me",
        "change_me",
        "admin",
        "password",
        "passw0rd",
        "p@ssw0rd",
        "pass",
        "secret",
        "root",
        "postgres",
    }
    | {
        "mysql",
        "redis",
        "guest",
        "test",
        "default",
        "letmein",
        "123456",
        "1234",
        "12345678",
        "qwerty",
        "welcome",
        "minio",
    }
    | {
        "minioadmin",
        "rabbitmq",
        "mongo",
        "elastic",
        "administrator",
        "toor",
        "password1",
        "password123",
        "admin123",
        "sa",
    }
)


def names_a_secret(name: str) -> bool:
    """Whether a variable of that name holds a secret: `DB_PASSWORD`, `apiKey`; not `TOKEN_TTL` nor `SECRET_NAME`."""
    words = [w.lower() for w in _WORDS.findall(name[:200])]
    if not words or words[-1] in _ABOUT:
        return False
    if not _SECRET_WORDS.isdisjoint(words) or any(word.endswith(_GLUED) for word in words):
        return "tokens" not in words and words[0] != "public"
    return len(words) > 1 and words[-1] == "key" and words[-2] in _KEY_BEFORE


def is_literal(value: str) -> bool:
    """Whether a value stands for itself: it is no reference, path, number or switch."""
    text = value.strip()
    if not text or text.lower() in {"true", "false", "yes", "no", "on", "off", "none", "null"}:
        return False
    return not (text.replace(".", "", 1).isdigit() and len(text) < 6) and _REFERENCE.match(text) is None


def is_placeholder(value: str) -> bool:
    """Whether a value only shows where a real one would stand."""
    text = value.lower()
    return any(word in text for word in _PLACEHOLDERS) or len(set(text)) <= 2 or text in _DEFAULTS


def is_default(value: str) -> bool:
    """Whether it is one of the passwords that everybody tries first."""
    return value.strip().lower() in _DEFAULTS


@dataclass(frozen=True, slots=True)
class Login:
    """User, password and host of an address `scheme://user:password@host`."""

    user: str
    password: str
    host: str

    @property
    def literal(self) -> bool:
        return is_literal(self.password)


def logins(text: str) -> Iterator[tuple[int, Login]]:
    """The addresses with a password in `text`, and where each begins."""
    if "://" in text and "@" in text:
        for match in _DSN.finditer(text):
            yield match.start(), Login(match[1], match[2], match[3])


def holds_password(value: str) -> bool:
    """Whether a value is, or has in it, an address with a literal password."""
    return any(login.literal for _, login in logins(value))


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits for each: about 4 and more for random keys, below 3.5 for words."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts) if text else 0.0


def decoded(resource: Resource) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Key, text and route of each entry of a Secret; what is no text in base64 is left as it is written."""
    for field in ("data", "stringData"):
        for key, value in resource.node.strings(field).items():
            text = value
            if field == "data":
                try:
                    text = base64.b64decode(value, validate=True).decode("utf-8", "replace")
                except (binascii.Error, ValueError):
                    text = value
            yield key, text, (field, key)


class SecretObjects:
    """The Secret objects of one origin that somebody wrote: none that a controller fills in."""

    kinds = frozenset({"Secret"})

    def __init__(self, objects: Objects) -> None:
        made = {"kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"}
        self.items = tuple(r for r in objects.of("Secret") if r.node.text("type") not in made)


class ExternalSecrets:
    """The objects that fetch a secret from a store outside the cluster."""

    kinds = frozenset({"ExternalSecret", "ClusterExternalSecret"})

    def __init__(self, objects: Objects) -> None:
        self.items = tuple(r for r in objects.of("ExternalSecret") if r.group in {"", "external-secrets.io"})
