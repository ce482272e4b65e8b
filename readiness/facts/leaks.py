"""Credentials in the files of a repository: keys by their published forms, passwords by name and randomness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.paths import is_example, is_foreign, is_test
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.secrets import entropy, is_literal, is_placeholder, logins, names_a_secret

# Kind, a text that each such credential contains, and its whole form. Each form begins with plain characters, so that
# looking for it costs little; most files hold none of the texts and are not looked at again.
_FORMS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (kind, part, re.compile(form))
    for kind, part, form in (
        (
            "private key",
            "PRIVATE KEY",
            r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=\s\\n]{64}",
        ),
        ("AWS access key", "AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
        ("AWS session key", "ASIA", r"\bASIA[A-Z0-9]{16}\b"),
        ("GitHub token", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"),
        ("GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
        ("GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,64}"),
        ("Slack token", "xox", r"\bxox[abeoprs]-[0-9A-Za-z-]{20,250}"),
        (
            "Slack webhook",
            "hooks.slack.com",
            r"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,32}",
        ),
        ("Stripe key", "_live_", r"\b[rs]k_live_[0-9a-zA-Z]{20,247}"),
        ("Google API key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}\b"),
        ("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("PyPI token", "pypi-AgE", r"\bpypi-AgE[A-Za-z0-9_-]{50,1000}"),
        ("SendGrid key", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}\b"),
        ("Anthropic key", "sk-ant-", r"\bsk-ant-[a-z0-9]{3,10}-[\w-]{80,120}"),
        ("OpenAI key", "sk-proj-", r"\bsk-proj-[\w-]{40,200}"),
        ("DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
        ("Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
        ("Vault token", "hvs.", r"\bhvs\.[\w-]{24,200}"),
        ("Databricks token", "dapi", r"\bdapi[a-f0-9]{32}\b"),
        ("Shopify token", "shp", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
        ("Twilio key", "AC", r"\bAC[a-f0-9]{32}:[a-f0-9]{32}\b"),
        ("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    )
)
_NAMED = (
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
    "credential",
)
_ASSIGNED = re.compile(r"([\w.-]{1,80})[\"']?[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}([\"'`]?)([^\s\"'`;,)}]{8,200})\2")
_CONFIGURATION = (".env", ".yaml", ".yml", ".properties", ".ini", ".toml", ".conf", ".cfg", ".tfvars")
_GENERATED = (
    ".lock",
    ".min.js",
    ".map",
    ".svg",
    ".sum",
    "package-lock.json",
    "pnpm-lock.yaml",
    ".ipynb",
    ".csv",
    ".pem.pub",
)
_TEMPLATES = (".example", ".sample", ".template", ".dist", ".tmpl", ".tpl", ".j2", ".gotmpl")
_RANDOM = 3.6
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_WORD_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Leak:
    """One credential in a file. `length` is all that is told of its value."""

    file: File
    line: int
    kind: str
    length: int


class Leaks:
    """All credentials found in the tracked files. Vendored code and tests are not searched, lock files neither.

    Documents, examples and templates are searched for keys of a published form only, since their passwords are made up.
    """

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, repository: Repository) -> None:
        self.searched = 0
        self.repository = repository
        found: list[Leak] = []
        for path, file in repository.files.items():
            if not is_foreign(path) and not is_test(path) and not path.endswith(_GENERATED):
                self.searched += 1
                found.extend(_in_file(file))
        self._items = tuple(found)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Leak]:
        return iter(self._items)


def _in_file(file: File) -> Iterator[Leak]:
    text = file.text
    spans: list[tuple[int, int]] = []
    for kind, part, form in _FORMS:
        if part in text:
            for match in form.finditer(text):
                if not is_placeholder(match[0]) or kind == "private key":
                    spans.append(match.span())
                    yield Leak(file, _line(text, match.start()), kind, len(match[0]))
    if file.name.endswith((*_TEMPLATES, ".md", ".rst", ".adoc", ".txt")) or is_example(file.path):
        return
    for start, login in logins(text):
        if (
            login.literal
            and not is_placeholder(login.password)
            and not _is_local(login.host, login.user, login.password)
        ):
            spans.append((start, start + 1))
            yield Leak(file, _line(text, start), f"password of {login.user or 'a user'}", len(login.password))
    yield from _assigned(file, text, spans)


def _assigned(file: File, text: str, spans: list[tuple[int, int]]) -> Iterator[Leak]:
    """Values given to something whose name is that of a secret, where they look like chance made them."""
    lower = text.lower()
    seen: set[int] = set()
    for word in _NAMED:
        at = lower.find(word)
        while at >= 0:
            begin = max(lower.rfind("\n", 0, at), at - 80) + 1
            end = lower.find("\n", at)
            end = min(len(text) if end < 0 else end, at + 400)
            if begin not in seen:
                seen.add(begin)
                yield from _in_line(file, text, begin, end, spans)
            at = lower.find(word, end if end > at else at + 1)


def _in_line(file: File, text: str, begin: int, end: int, spans: list[tuple[int, int]]) -> Iterator[Leak]:
    for match in _ASSIGNED.finditer(text, begin, end):
        name, quote, value = match[1], match[2], match[3]
        if any(start < match.end() and match.start() < stop for start, stop in spans):
            continue
        if not quote and not file.name.endswith(_CONFIGURATION):
            continue  # in code an unquoted word is a name, not a value
        if names_a_secret(name) and is_literal(value) and not is_placeholder(value) and _is_random(value):
            yield Leak(file, _line(text, match.start()), f"value of {name}", len(value))


def _is_random(value: str) -> bool:
    """Whether letters and digits are mixed as in a made key: runs of one kind are short; in names they are words."""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    short = len(value) < _WORD_LENGTH * len(_RUN.findall(value))
    return (
        mixed and short and len(value) >= 12 and entropy(value) >= _RANDOM and "(" not in value and "://" not in value
    )


def _is_local(host: str, user: str, password: str) -> bool:
    """Whether the login only works on the developer's own machine, or says itself that it is made up."""
    return host in {"localhost", "127.0.0.1", "0.0.0.0", "db", "postgres", "mysql", "redis"} or user == password  # noqa: S104


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
