"""Settings: the variable is named, the secret is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from payments.cli import main
from payments.settings import Settings, SettingsError


def test_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.database_url.render_as_string() == "sqlite:///payments.db"
    assert (settings.retry_attempts, settings.retry_delay) == (3, 2.0)
    assert (settings.bind_host, settings.port) == ("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("PAYMENT_RETRY_ATTEMPTS", "0"),
        ("PAYMENT_RETRY_ATTEMPTS", "1.5"),
        ("PAYMENT_RETRY_ATTEMPTS", "1000"),
        ("PAYMENT_RETRY_DELAY", "nan"),
        ("PAYMENT_RETRY_DELAY", "-1"),
        ("PAYMENTS_LOG_LEVEL", "info"),
        ("PAYMENTS_ENVIRONMENT", "prod"),
        ("DATABASE_URL", "mysql://u@h/d"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL_FILE", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: ") as raised:
        Settings.from_environment({name: value})
    assert "wanted" in str(raised.value) or "cannot read" in str(raised.value)


@pytest.mark.parametrize("text", ["mysql://u:s3cr3t@h/d", "postgresql://u:s3cr3t@h:port/d"])
def test_no_message_repeats_a_password(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"DATABASE_URL": text})
    assert "s3cr3t" not in str(raised.value)


def test_postgresql_is_psycopg_however_it_is_written() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://u:p@h/d"})
        assert settings.database_url.drivername == "postgresql+psycopg"


def test_the_url_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    file.write_text("postgresql://u:p@h/d\n")
    assert Settings.from_environment({"DATABASE_URL_FILE": str(file)}).database_url.database == "d"
    with pytest.raises(SettingsError, match="found both"):
        Settings.from_environment({"DATABASE_URL_FILE": str(file), "DATABASE_URL": "sqlite:///x"})


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_silent_sqlite_where_money_is_real(environment: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL: wanted a PostgreSQL URL"):
        Settings.from_environment({"PAYMENTS_ENVIRONMENT": environment})


def test_the_command_says_what_is_wrong_and_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "many")
    assert main(["serve"]) == 2
    assert capsys.readouterr().err == "payments: PORT: wanted a whole number from 1 to 65535, found 'many'\n"
