"""The address of a database: which kind it is, and how it is named without its secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from readiness.sources.redaction import Redactor
from readiness_deploy.migrations.model import Dialect
from readiness_deploy.ports import Unfit

_WANTED = "wanted postgresql://user:password@host/database or sqlite:////absolute/path"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is. `text` is what its library takes: an address, or the path of a file."""

    dialect: Dialect
    text: str = field(repr=False)
    shown: str
    redact: Redactor = field(repr=False)


def parse(text: str) -> Address:
    """An address as SQLAlchemy spells them (`postgresql+psycopg://` too). Raises Unfit, never with the text itself."""
    scheme, found, rest = text.strip().partition("://")
    family = scheme.split("+")[0].lower()
    if not found or family not in ("postgresql", "postgres", "sqlite"):
        raise Unfit(f"the address of the database: {_WANTED}, found {f'{scheme}://…' if found else 'no address'}")
    if family == "sqlite":
        return _sqlite(rest)
    try:
        parts = urlsplit(f"postgresql://{rest}")
        shown = f"postgresql://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        raise Unfit(f"the address of the database: {_WANTED}, found one that cannot be read") from None
    secrets = [unquote(parts.password or ""), parts.password or ""]
    secrets += [unquote(v) for k, _, v in (p.partition("=") for p in parts.query.split("&")) if "pass" in k]
    redact = Redactor({f"password{'' if i == 0 else i}": s for i, s in enumerate(dict.fromkeys(secrets)) if s})
    return Address("postgres", f"postgresql://{rest}", shown, redact)


def _sqlite(rest: str) -> Address:
    path = unquote(rest.partition("?")[0]).removeprefix("/")
    if not path.startswith("/"):
        said = (
            "a database in memory" if path in ("", ":memory:") else "a path that depends on where a process was started"
        )
        raise Unfit(f"the address of the database: {_WANTED}, found {said}")
    return Address("sqlite", path, f"sqlite:///{path}", Redactor({}))
