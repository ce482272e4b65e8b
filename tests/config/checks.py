"""A check of our own with a setting of every kind, so that no test depends on what a built-in one may come to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from readiness import Check, Findings, PerEnvironment, PerTier, Severity, Stricter, check
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def asked(
    workloads: Workloads,
    *,
    higher: Annotated[int, Stricter.HIGHER, PerEnvironment(production=3, staging=2, development=1)] = 2,
    lower: Annotated[float, Stricter.LOWER, PerTier({1: 0.5})] = 2.0,
    more: Annotated[tuple[str, ...], Stricter.MORE] = ("a",),
    fewer: Annotated[tuple[str, ...], Stricter.FEWER] = ("a", "b"),
    true: Annotated[bool, Stricter.TRUE] = False,
    false: Annotated[bool, Stricter.FALSE] = False,
    apart: Annotated[tuple[str, ...], Stricter.MORE, PerEnvironment(production=("p",), staging=("s",))] = (),
    free: Literal["one", "two"] = "one",
) -> Findings:
    """All is well.

    Why: because.
    Fix: mend it.
    """
    yield from ()


CHECKS: Mapping[str, Check] = {"area/asked": replace(asked, id="area/asked")}
