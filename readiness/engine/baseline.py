"""A baseline: the findings and statuses of an earlier run, so that a pipeline can tell new from known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.model import Outcome, Severity, Status

SCHEMA = "readiness/baseline/1"


class BaselineError(Exception):
    """The file is no baseline that this version can read. It is never taken for an empty one."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was known of one service and environment: fingerprints with their counts, the worst severity of each, and
    the status of each check. `waived` are those that a waiver excused: they are known, and not for longer than it is.
    """

    fingerprints: Counter[str] = field(default_factory=Counter)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    waived: frozenset[str] = frozenset()

    def allows(self, mark: str, severity: Severity) -> bool:
        """Whether a finding of that fingerprint is no worse than it was: two replicas known do not excuse none."""
        return mark not in self.severities or severity.rank >= self.severities[mark].rank

    def vanished(self, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
        """Checks that passed and now find nothing to look at: a fault may have hidden what they looked at."""
        now = {o.check.id: o.status for o in outcomes}
        gone = (Status.NOT_APPLICABLE, Status.SKIPPED, None)
        was = (Status.PASSED.value, Status.FAILED.value)
        return tuple(sorted(c for c, status in self.statuses.items() if status in was and now.get(c) in gone))


def write(runs: Mapping[tuple[str, str], Iterable[Outcome]]) -> str:
    """The text of a baseline file for these services and environments."""
    made = []
    for (service, environment), outcomes in sorted(runs.items()):
        listed = list(outcomes)
        judged = sorted((j for o in listed for j in o.judged), key=lambda j: -j.severity.rank)  # the worst stays
        open_ones = [j for j in judged if j.waiver is None]
        marks = Counter(j.fingerprint for j in open_ones)
        severities = {j.fingerprint: j.severity.value for j in open_ones}
        statuses = {o.check.id: o.status.value for o in listed}
        made.append(
            {
                "service": service,
                "environment": environment,
                "fingerprints": dict(sorted(marks.items())),
                "severities": dict(sorted(severities.items())),
                "waived": sorted({j.fingerprint for j in judged if j.waiver is not None}),
                "statuses": dict(sorted(statuses.items())),
            }
        )
    return json.dumps({"schema": SCHEMA, "runs": made}, indent=1) + "\n"


def read(text: str, name: str) -> dict[tuple[str, str], Baseline]:
    """The baselines of a file by service and environment. Raises BaselineError for anything else than a baseline."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise BaselineError(f"{name}: no baseline: JSON in far too many levels") from None
    except ValueError as fault:
        raise BaselineError(f"{name}: no baseline: {fault}") from None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        found = value.get("schema") if isinstance(value, dict) else type(value).__name__
        raise BaselineError(f"{name}: wanted a baseline ({SCHEMA}), found {found!r}; write one with --write-baseline")
    try:
        runs = value["runs"]
        if not isinstance(runs, list):
            raise TypeError(f"wanted a list of runs, found {type(runs).__name__}")
        return {(r["service"], r["environment"]): _run(r) for r in runs}
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise BaselineError(f"{name}: the baseline is damaged: {type(fault).__name__} {fault}") from None


def _run(run: Mapping[str, Any]) -> Baseline:
    return Baseline(
        fingerprints=Counter({str(k): int(v) for k, v in run["fingerprints"].items()}),
        severities={str(k): Severity(v) for k, v in run["severities"].items()},
        statuses={str(k): str(v) for k, v in run["statuses"].items()},
        waived=frozenset(map(str, run["waived"])),
    )
