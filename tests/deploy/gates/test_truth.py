"""The truth table, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
from gates.truth import ROWS, Row, answer
from readiness_deploy.ports import Measurement, Verdict


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_a_gate_says(row: Row, tmp_path: Path) -> None:
    recorded: list[Measurement] = []
    verdict, why = answer(row, tmp_path, recorded.append)
    assert verdict is row.expected, f"{why}: {recorded}"
    assert recorded, "what decided it can be read again"
    if verdict is not Verdict.PASS:
        assert any(m.verdict is verdict and m.why for m in recorded), "and it says why"


def test_every_kind_can_pass_and_fail_and_not_know() -> None:
    kinds = {"http", "prometheus", "command", "traffic"}
    assert {(row.kind, row.expected) for row in ROWS} == {(kind, verdict) for kind in kinds for verdict in Verdict}
    assert len({row.id for row in ROWS}) == len(ROWS)
