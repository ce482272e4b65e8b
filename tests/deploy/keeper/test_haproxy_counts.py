"""What is made of HAProxy's counts: each request is in the window at most once, whatever else is counted of it."""

from __future__ import annotations

from typing import Any

import pytest
from readiness_deploy.keeper.haproxy_counts import Window, rows

KINDS = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
NAMES = ("addr", "scur", "cli_abrt", "srv_abrt", *(f"hrsp_{kind}" for kind in KINDS))


def said(**blue: int) -> str:
    """`show stat` of a HAProxy whose blue has these counts; `own_5xx` of its 5xx are what the colour itself said."""
    own = {"hrsp_5xx": blue.pop("own_5xx", 0)}
    lines = ["# pxname,svname," + ",".join(NAMES)]
    empty: dict[str, int] = {}
    for (colour, name), counts in {
        ("blue", "BACKEND"): blue, ("blue", "blue"): own, ("green", "BACKEND"): empty, ("green", "green"): empty,
    }.items():  # fmt: skip
        lines.append(",".join((colour, name, *(str(counts.get(one, "")) for one in NAMES))))
    return "\n".join(lines) + "\n"


def window(**blue: int) -> dict[str, Any]:
    """The window of a colour that had nothing before."""
    seen = Window()
    seen.add(0.0, rows(said())["blue"])
    seen.add(10.0, rows(said(**blue))["blue"])
    return seen.over(10.0, 5.0)


@pytest.mark.parametrize(
    ("counts", "n", "errors", "no_answer"),
    [
        ({"hrsp_2xx": 5}, 5, 0, 0),
        # The clients stop sending when they are refused, as curl does: they were answered.
        ({"hrsp_4xx": 5, "cli_abrt": 5}, 5, 0, 0),
        ({"hrsp_5xx": 5, "own_5xx": 5, "cli_abrt": 5}, 5, 5, 0),
        # They leave in the middle of an answer, or before it.
        ({"hrsp_2xx": 5, "cli_abrt": 2}, 5, 0, 0),
        ({"hrsp_2xx": 3, "hrsp_other": 2, "cli_abrt": 2}, 3, 0, 0),
        # The colour breaks off, with an answer begun or none; some of the clients left as well.
        ({"hrsp_2xx": 5, "srv_abrt": 5}, 5, 0, 5),
        ({"hrsp_2xx": 3, "hrsp_other": 2, "srv_abrt": 2}, 5, 0, 2),
        ({"hrsp_4xx": 2, "hrsp_other": 8, "cli_abrt": 8, "srv_abrt": 10}, 2, 0, 2),
        ({"hrsp_5xx": 5, "own_5xx": 5, "srv_abrt": 5}, 5, 5, 0),
        # HAProxy speaks in its place.
        ({"hrsp_5xx": 5}, 5, 0, 5),
    ],
)
def test_each_request_counts_once(counts: dict[str, int], n: int, errors: int, no_answer: int) -> None:
    seen = window(**counts)
    assert (seen["n"], seen["errors"], seen["no_answer"]) == (n, errors, no_answer)


def test_only_the_window_counts() -> None:
    seen = Window()
    seen.add(0.0, rows(said(hrsp_2xx=5, cli_abrt=5, srv_abrt=3))["blue"])
    seen.add(10.0, rows(said(hrsp_2xx=7, hrsp_other=1, cli_abrt=6, srv_abrt=3))["blue"])
    last = seen.over(10.0, 5.0)
    assert (last["n"], last["errors"], last["no_answer"]) == (2, 0, 0)
