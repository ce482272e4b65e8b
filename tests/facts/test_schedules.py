"""Cron schedules; the answers are those of a Kubernetes 1.34 API server."""

import pytest

from readiness.facts.schedules import schedule_fault

GOOD = [
    "0 1 * * *",
    "@daily",
    "@every 5m",
    "@every 1h30m",
    "*/15 8-18 * * mon-fri",
    "? * ? * ?",
    "0 0 31 feb MON",
    "1,2 * * * *",
]
BAD = [
    "",
    "* * * *",
    "0 0 0 * *x",
    "60 * * * *",
    "0 25 * * *",
    "0 0 0 * *",
    "0 0 * * 7",
    "*/0 * * * *",
    "5-1 * * * *",
    "-1 * * * *",
    "@dayly",
    "@every x",
    "@every ",
    "TZ=UTC 0 0 * * *",
    "* * * * sunday",
    "1-2-3 * * * *",
    "9" * 5000 + " * * * *",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_schedule_that_kubernetes_takes(text: str):
    assert schedule_fault(text) == ""


@pytest.mark.parametrize("text", BAD)
def test_a_schedule_that_kubernetes_refuses(text: str):
    assert schedule_fault(text)
