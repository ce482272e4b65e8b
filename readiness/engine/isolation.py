"""Asks a check that is not ours in a process of its own, so that it can hang, print, exit or die without harm."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.model import Check, Finding, Place, Route, Span

SECONDS = 30.0
_MOST_BYTES = 64 << 20


class Misbehaved(Exception):
    """The process of a check did not end as one that answers."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """An anchor that crossed from another process: all that a report needs of it, worked out there."""

    subject: str
    identity: str
    origin: str
    where: Span | None
    path: str

    def span(self, route: Route) -> Span | None:  # noqa: ARG002 (it was worked out for one route)
        return self.where

    def steady(self, route: Route) -> str:  # noqa: ARG002
        return self.path


def isolated(check: Check, seconds: float = SECONDS) -> Check:
    """The same check, asked in a child process with a time limit. Where a process cannot be forked, asked here."""
    if not hasattr(os, "fork"):
        return check

    def ask(*facts: object, **settings: object) -> Iterator[Finding]:
        findings, fault = _in_child(check, facts, settings, seconds)
        yield from findings
        if fault:
            raise Misbehaved(fault)

    return replace(check, ask=ask)


def _in_child(
    check: Check, facts: tuple[object, ...], settings: Mapping[str, object], seconds: float
) -> tuple[list[Finding], str]:
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(check, facts, settings, writer)
    os.close(writer)
    try:
        data, late = _read(reader, seconds)
    finally:
        os.close(reader)
        code = _end(child)
    if late:
        return [], f"it did not answer within {seconds:g} s and was stopped"
    if not data:
        return [], f"its process ended without an answer ({_ended(code)})"
    try:
        findings, fault = pickle.loads(data)  # noqa: S301 (written by our own child, over our own pipe)
    except (pickle.UnpicklingError, EOFError, ValueError):
        return [], f"its process ended in the middle of its answer ({_ended(code)})"
    return findings, fault


def _answer(check: Check, facts: tuple[object, ...], settings: Mapping[str, object], writer: int) -> None:
    """In the child: ask, send the answer, and leave without running what the parent planned for its own end."""
    try:
        os.setsid()
        os.dup2(2, 1)  # whatever it prints must not get into a report
        sys.stdout = sys.stderr
        findings: list[Finding] = []
        fault = ""
        try:
            for finding in check.ask(*facts, **settings):
                findings.append(_fixed(finding))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (its own fault, told as such)
            fault = f"{type(error).__name__}: {error}"
        with os.fdopen(writer, "wb") as stream:
            stream.write(pickle.dumps((findings, fault)))
    finally:
        os._exit(0)


def _fixed(finding: Any) -> Finding:
    if not isinstance(finding, Finding) or not isinstance(finding.place, Place):
        raise TypeError(f"a check yields findings; this one yielded {type(finding).__name__}")
    anchor, route = finding.place
    where = None if finding.ok else anchor.span(route)
    fixed = Fixed(anchor.subject, anchor.identity, anchor.origin, where, anchor.steady(route))
    evidence = {k: v if isinstance(v, str | int | float | bool | None) else str(v) for k, v in finding.evidence.items()}
    return finding._replace(place=Place(fixed, ()), message=str(finding.message), evidence=evidence)


def _read(reader: int, seconds: float) -> tuple[bytes, bool]:
    """All that the child writes, and whether the time ran out before it was done."""
    deadline, size = time.monotonic() + seconds, 0
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0 and size < _MOST_BYTES:
        if not select.select([reader], [], [], left)[0]:
            break
        part = os.read(reader, 1 << 20)
        if not part:
            return b"".join(parts), False
        parts.append(part)
        size += len(part)
    return b"", True


def _end(child: int) -> int:
    """End the child and all that it started, and return its wait status."""
    for target in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            target(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit code {os.WEXITSTATUS(status)}"
