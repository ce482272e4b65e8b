"""Asks a check that is not ours in a process of its own, so that it can hang, print, exit or die without harm."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

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
        data, stopped = _read(reader, seconds)
    finally:
        os.close(reader)
        code = _end(child)
    findings, fault = _records(data)
    if fault is None:
        fault = stopped or f"its process ended {'in the middle of' if data else 'without'} an answer ({_ended(code)})"
    return findings, fault


def _records(data: bytes) -> tuple[list[Finding], str | None]:
    """The findings that came over whole, and the check's fault; None where it did not get to its end."""
    stream = io.BytesIO(data)
    findings: list[Finding] = []
    while True:
        try:
            one = pickle.load(stream)  # noqa: S301 (written by our own child, over our own pipe)
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, ValueError):
            return findings, None
        if isinstance(one, str):
            return findings, one
        findings.append(one)


def _answer(check: Check, facts: tuple[object, ...], settings: Mapping[str, object], writer: int) -> None:
    """In the child: ask, send the answer, and leave without running what the parent planned for its own end."""
    try:
        os.setsid()
        os.dup2(2, 1)  # whatever it prints must not get into a report
        sys.stdout = sys.stderr
        with os.fdopen(writer, "wb") as stream:
            stream.write(pickle.dumps(_tell(check, facts, settings, stream)))
    finally:
        os._exit(0)


def _tell(check: Check, facts: tuple[object, ...], settings: Mapping[str, object], stream: BinaryIO) -> str:
    """Write each finding as it comes, bad ones at once, so that they stand whatever happens next; return the fault."""
    try:
        for finding in check.ask(*facts, **settings):
            stream.write(pickle.dumps(_fixed(finding)))
            if not finding.ok:
                stream.flush()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (its own fault, told as such)
        return f"{type(error).__name__}: {error}"
    return ""


def _fixed(finding: Any) -> Finding:
    if not isinstance(finding, Finding) or not isinstance(finding.place, Place):
        raise TypeError(f"a check yields findings; this one yielded {type(finding).__name__}")
    anchor, route = finding.place
    where = None if finding.ok else anchor.span(route)
    fixed = Fixed(anchor.subject, anchor.identity, anchor.origin, where, anchor.steady(route))
    evidence = {k: v if isinstance(v, str | int | float | bool | None) else str(v) for k, v in finding.evidence.items()}
    return finding._replace(place=Place(fixed, ()), message=str(finding.message), evidence=evidence)


def _read(reader: int, seconds: float) -> tuple[bytes, str]:
    """What the child writes, and why it was stopped before it was done; empty where it was not."""
    deadline, size = time.monotonic() + seconds, 0
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        part = os.read(reader, 1 << 20)
        if not part:
            return b"".join(parts), ""
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            return b"".join(parts), f"it said more than {_MOST_BYTES >> 20} MiB and was stopped"
    return b"".join(parts), f"it did not answer within {seconds:g} s and was stopped"


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
