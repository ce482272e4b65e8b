"""Settings, read once from the environment and checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from payments import __version__

DEFAULT_DATABASE_URL = "sqlite:///payments.db"
ENVIRONMENTS = ("local", "test", "staging", "production")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """A setting is wrong; the text names the variable, what was wanted and what was found (never a secret)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may differ between two places where the service runs. Times are in seconds."""

    database_url: URL
    environment: str = "local"
    version: str = __version__
    release: str = ""
    colour: str = ""
    bind_host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 16
    graceful_timeout: int = 30
    log_level: str = "INFO"
    retry_attempts: int = 3
    retry_delay: float = 2.0
    pool_size: int = 8
    connect_timeout: int = 2
    statement_timeout: float = 5.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Reads and checks all variables of the table in README.md; raises SettingsError for the first wrong one."""
        environment = _choice(environ, "PAYMENTS_ENVIRONMENT", ENVIRONMENTS, "local")
        return cls(
            database_url=_database_url(environ, environment),
            environment=environment,
            release=environ.get("PAYMENTS_RELEASE", ""),
            colour=environ.get("PAYMENTS_COLOUR", ""),
            bind_host=environ.get("PAYMENTS_BIND_HOST", "127.0.0.1"),
            port=int(_number(environ, "PORT", 8080, 1, 65535, whole=True)),
            threads=int(_number(environ, "PAYMENTS_THREADS", 16, 2, 256, whole=True)),
            graceful_timeout=int(_number(environ, "PAYMENTS_GRACEFUL_TIMEOUT", 30, 1, 600, whole=True)),
            log_level=_choice(environ, "PAYMENTS_LOG_LEVEL", LOG_LEVELS, "INFO"),
            retry_attempts=int(_number(environ, "PAYMENT_RETRY_ATTEMPTS", 3, 1, 10, whole=True)),
            retry_delay=_number(environ, "PAYMENT_RETRY_DELAY", 2, 0, 30),
            pool_size=int(_number(environ, "PAYMENTS_DB_POOL_SIZE", 8, 1, 100, whole=True)),
            connect_timeout=int(_number(environ, "PAYMENTS_DB_CONNECT_TIMEOUT", 2, 2, 60, whole=True)),
            statement_timeout=_number(environ, "PAYMENTS_DB_STATEMENT_TIMEOUT", 5, 0.1, 300),
        )


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    found = environ.get(name) or default
    if found not in allowed:
        raise SettingsError(f"{name}: wanted one of {', '.join(allowed)}, found {found!r}")
    return found


def _number(
    environ: Mapping[str, str], name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    text = environ.get(name, "")
    kind = "a whole number" if whole else "a number"
    try:
        value = float(int(text) if whole else float(text)) if text else float(default)
    except ValueError:
        raise SettingsError(f"{name}: wanted {kind} from {low:g} to {high:g}, found {text!r}") from None
    if not low <= value <= high:
        raise SettingsError(f"{name}: wanted {kind} from {low:g} to {high:g}, found {text!r}")
    return value


def _database_url(environ: Mapping[str, str], environment: str) -> URL:
    """DATABASE_URL, or the content of DATABASE_URL_FILE, or a local SQLite file where that cannot hurt."""
    text, name = environ.get("DATABASE_URL", ""), "DATABASE_URL"
    file = environ.get("DATABASE_URL_FILE", "")
    if text and file:
        raise SettingsError("DATABASE_URL and DATABASE_URL_FILE: wanted one of them, found both")
    if file:
        name = "DATABASE_URL_FILE"
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}: cannot read {file}: {_cause(error)}") from None
        if not text:
            raise SettingsError(f"{name}: wanted a database URL in {file}, found an empty file")
    if not text:
        if environment in ("staging", "production"):
            raise SettingsError(f"DATABASE_URL: wanted a PostgreSQL URL in {environment}, found none")
        text = DEFAULT_DATABASE_URL
    return parse_database_url(text, name)


def parse_database_url(text: str, name: str = "DATABASE_URL") -> URL:
    """A URL for PostgreSQL (psycopg 3) or SQLite; raises SettingsError, never with the text: it has a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{name}: wanted postgresql://user:password@host/database or sqlite:///file") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if url.database in (None, "", ":memory:"):
            raise SettingsError(f"{name}: wanted a file for SQLite (sqlite:///payments.db), found a database in memory")
        return url
    raise SettingsError(f"{name}: wanted PostgreSQL or SQLite, found {url.drivername!r}")


def _cause(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "it is not UTF-8 text"
