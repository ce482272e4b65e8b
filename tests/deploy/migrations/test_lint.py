"""The second opinion: on the right line, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrations.making import settings, written
from readiness_deploy.migrations import lint, read

SQL = "-- why\n\nCREATE TABLE fine (id bigint PRIMARY KEY);\n\nALTER TABLE old\n  ADD COLUMN gone int NOT NULL;\n"


@pytest.mark.skipif(lint.found() is None, reason="needs squawk: pip install squawk-cli")
def test_it_speaks_of_the_line_in_the_file(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"1.sql": SQL}), settings(), "postgres")
    said = lint.linted(found)
    assert [s for s in said if s.startswith("sql/1.sql:6: ") and "(adding-required-field)" in s], said
    assert not [s for s in said if "timeout" in s], said


def test_where_it_cannot_be_understood_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "squawk"
    odd.write_text("#!/bin/sh\necho broken; exit 3\n")
    odd.chmod(0o755)
    monkeypatch.setattr(lint, "found", lambda: str(odd))
    found = read(written(tmp_path, {"1.sql": SQL}), settings(), "postgres")
    assert lint.linted(found)[0].startswith("sql/1.sql:1: squawk cannot be understood")
