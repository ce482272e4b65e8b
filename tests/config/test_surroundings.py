"""Colours and width, as the process and its streams say."""

import io

import pytest

from readiness.config import surroundings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "terminal", "pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], terminal: bool, pipe: bool):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert surroundings.colour(Terminal()) is terminal
    assert surroundings.colour(io.StringIO()) is pipe


@pytest.mark.parametrize(("columns", "width"), [("", 100), ("72", 72), ("0", 100), ("wide", 100)])
def test_width_in_a_pipe(monkeypatch: pytest.MonkeyPatch, columns: str, width: int):
    monkeypatch.setenv("COLUMNS", columns)
    assert surroundings.width(io.StringIO()) == width
