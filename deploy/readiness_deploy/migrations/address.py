"""The address of a database: which kind it is, and how it is named without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from readiness.sources.redaction import Redactor
from readiness_deploy.migrations.model import Dialect
from readiness_deploy.ports import Unfit

_WANTED = "wanted postgresql://user:password@host/database or sqlite:////absolute/path"
_ENCODED = "in user and password, `@` is percent-encoded as %40, `/` as %2F, `#` as %23, `?` as %3F, `%` as %25"
_PRIMARY = ("read-write", "primary")
_HOST = r"(?:\[[\da-fA-F:.]+\]|[^\s\[\]:,@/?#]*)(?::\d*)?"
# Only what can be read in one way: where libpq and we part it at different characters, a password would be shown.
_POSTGRES = re.compile(
    r"(?:[^\s:@/?#]*(?::(?P<password>[^\s@/?#]*))?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[^\s@?#]*)?(?:\?(?P<query>[^\s@#]*))?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is. `text` is what its library takes: an address, or the path of a file."""

    dialect: Dialect
    text: str = field(repr=False)
    shown: str
    redact: Redactor = field(repr=False)


def parse(text: str) -> Address:
    """An address as SQLAlchemy spells them (`postgresql+psycopg://` too). Raises Unfit, never with the text itself."""
    said = re.match(r"([a-z][\w+.-]*)://", text.strip(), re.I)
    scheme = said[1] if said else ""
    family = scheme.split("+")[0].lower()
    if family not in ("postgresql", "postgres", "sqlite"):
        raise _unfit(f"{scheme}://…" if said else "no address")
    rest = text.strip()[len(scheme) + 3 :]
    return _sqlite(rest) if family == "sqlite" else _postgres(rest)


def _unfit(found: str) -> Unfit:
    return Unfit(f"the address of the database: {_WANTED}, found {found}")


def _postgres(rest: str) -> Address:
    parts = _POSTGRES.fullmatch(rest)
    if parts is None or re.search(r"%(?![\da-fA-F]{2})", rest):
        raise _unfit(f"one that cannot be read: {_ENCODED}")
    said = [(unquote(k), v) for k, _, v in (p.partition("=") for p in (parts["query"] or "").split("&"))]
    several = "," in parts["hosts"] or any("," in unquote(v) for k, v in said if k in ("host", "hostaddr"))
    if several and not any(v in _PRIMARY for k, v in said if k == "target_session_attrs"):
        raise _unfit("several hosts: name the one that takes writes, or add `target_session_attrs=read-write`")
    secrets = [parts["password"] or "", *(v for k, v in said if "pass" in k)]
    forms = dict.fromkeys(form for secret in secrets for form in (unquote(secret), secret) if form)
    redact = Redactor({f"password{i or ''}": form for i, form in enumerate(forms)})
    return Address("postgres", f"postgresql://{rest}", f"postgresql://{parts['hosts']}{parts['path'] or ''}", redact)


def _sqlite(rest: str) -> Address:
    path = unquote(rest.partition("?")[0]).removeprefix("/")
    if not path.startswith("/"):
        said = (
            "a database in memory" if path in ("", ":memory:") else "a path that depends on where a process was started"
        )
        raise _unfit(said)
    return Address("sqlite", path, f"sqlite:///{path}", Redactor({}))
