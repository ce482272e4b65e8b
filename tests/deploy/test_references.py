"""Where the values of references are read, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.references import LARGEST, Unresolved, follow, known, lost, reveal, written

from readiness.config.deploy import DeploySettings, Reference
from readiness.sources.redaction import Redactor


def file(name: str) -> Reference:
    return Reference(from_file=name)


def test_a_value_is_itself_and_a_reference_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"two\nlines \r\n")
    assert reveal("A", "text", {}, tmp_path) == "text"
    assert reveal("A", Reference(from_env="X"), {"X": "x\n"}, tmp_path) == "x\n"
    assert reveal("A", file("key"), {}, tmp_path) == "two\nlines "
    assert reveal("A", file(str(tmp_path / "key")), {}, Path("/nowhere")) == "two\nlines "


def test_files_are_relative_to_the_settings_and_not_to_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("settings", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "key").write_text(f"of {folder}")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert reveal("A", file("key"), {}, tmp_path / "settings") == "of settings"
    kept = written(file("key"), Path("../settings"))
    assert isinstance(kept, dict)
    monkeypatch.chdir("/")
    assert follow("A", "", kept["from-file"], {}, Path("/nowhere")) == "of settings"


def test_a_home_is_that_of_who_reads_and_that_of_nobody_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("home", "~no-such-user"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "key").write_text(f"in {folder}")
    assert reveal("A", file("~/key"), {}, tmp_path) == "in home"
    assert reveal("A", file("~no-such-user/key"), {}, tmp_path) == "in ~no-such-user"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        ("a folder", "cannot be read: Is a directory"),
        (b"s3cret \xff", "cannot be read: it is no text"),
        (b"s3cret" + b"\xc3\xa4" * (LARGEST // 2), "which is larger than 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_shown(tmp_path: Path, content: object, why: str) -> None:
    if isinstance(content, bytes):
        (tmp_path / "key").write_bytes(content)
    elif content:
        (tmp_path / "key").mkdir()
    with pytest.raises(Unresolved) as said:
        reveal("A", file("key"), {}, tmp_path)
    assert str(said.value).startswith(f"A is to come from the file {tmp_path / 'key'}, ")
    assert why in str(said.value)
    assert "s3cret" not in str(said.value)


def test_what_leads_nowhere_is_told_by_name(tmp_path: Path) -> None:
    values = {"A": "text", "B": Reference(from_env="THERE"), "C": Reference(from_env="GONE"), "D": file("gone")}
    found = list(lost(values, {"THERE": ""}, tmp_path, unset="which nobody has"))
    assert found == [
        (values["C"], "C is to come from the variable GONE, which nobody has"),
        (values["D"], f"D is to come from the file {tmp_path}/gone, which cannot be read: No such file or directory"),
    ]
    with pytest.raises(Unresolved, match="wanted `from-env` or `from-file`, found neither"):
        follow("E", "", "", {}, tmp_path)


def settings(**said: Any) -> DeploySettings:
    return DeploySettings.model_validate(said)


def test_all_secrets_are_known_though_they_share_a_name(tmp_path: Path) -> None:
    """What stands in two places under one name is two secrets."""
    names = "run", "before", "after", "token", "database", "alembic", "webhook"
    secrets = {name: f"s3cret-of-{name}" for name in names}

    def key(name: str) -> dict[str, Any]:
        return {"KEY": {"from-env": name}}

    def command(name: str) -> dict[str, Any]:
        return {"name": "g", "command": {"run": ["x"], "environment": key(name)}}

    query = {"address": "http://p", "query": "up", "max": 1, "token": {"from-env": "token"}}
    made = settings(
        run={"environment": key("run")},
        gates={"before": [command("before")], "after": [command("after"), {"name": "h", "prometheus": query}]},
        migrations={"database": {"from-env": "database"}, "alembic": {"environment": key("alembic")}},
        notify=[{"webhook": {"from-env": "webhook"}}],
    )
    said = Redactor(known(made, secrets, tmp_path))(" ".join(secrets.values()))
    assert "s3cret" not in said


def test_the_password_in_an_address_is_a_secret_too(tmp_path: Path) -> None:
    made = settings(run={"environment": {"DB": {"from-env": "DB"}}})
    redact = Redactor(known(made, {"DB": "postgresql://me:hunter%402@db/x"}, tmp_path))
    assert "hunter" not in redact("FATAL: for me with hunter@2, given as hunter%402")
