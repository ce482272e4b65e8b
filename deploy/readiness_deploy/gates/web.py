"""The HTTP gate: a request to the colour itself before the switch, through the entry after it."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from readiness.config.deploy import HttpGate
from readiness.http import Answer, Bounds, NoAnswer, Reader, TooLarge, TooSlow
from readiness.sources.programs import Bounds as RunBounds
from readiness.sources.programs import run
from readiness_deploy.gates.probe import Found, Outside, shown, whom
from readiness_deploy.ports import Subject, Verdict

LARGEST_BODY = 1 << 20
_PLAIN = re.compile(r"[\w\s\"'<>=:;,/&%@!~`-]*")
_MATCHER = """
import re, sys
pattern = sys.argv[1]
sys.exit(0 if re.search(pattern, sys.stdin.buffer.read().decode("utf-8", "replace")) else 1)
"""


class HttpProbe:
    """One request on a connection of its own, so that what is measured is what a new user gets.

    What the colour itself does not answer is its failure. What does not come through the entry says nothing, because
    the entry may be at fault; where the colour is, the entry says so with a 5xx, which is a failure. An answer of
    another release says nothing about this one.
    """

    def __init__(self, gate: HttpGate, subject: Subject, outside: Outside, timeout: float) -> None:
        self._gate, self._subject, self._outside, self._timeout = gate, subject, outside, timeout
        self._header = gate.header or identity_header(subject)
        self._reader: Reader | None = None
        self._stopped = False

    def look(self) -> Found:
        address = self._outside.where(self._subject)
        bounds = Bounds(connect=self._timeout, seconds=self._timeout, size=LARGEST_BODY)
        tls = self._outside.tls(self._subject, address)
        with Reader(address, tls=tls, bounds=bounds, attempts=1, stoppable=True) as reader:
            self._reader = reader
            if self._stopped:
                reader.stop()
            began = time.monotonic()
            try:
                answer = reader.get(self._gate.path)
            except NoAnswer as silence:
                return self._silent(address, silence, time.monotonic() - began)
            return self._judged(address, answer, time.monotonic() - began)

    def stop(self) -> None:
        self._stopped = True
        if self._reader:
            self._reader.stop()

    def _silent(self, address: str, silence: NoAnswer, took: float) -> Found:
        gate = self._gate
        if isinstance(silence, TooSlow):
            slow = gate.max_latency is not None and took > gate.max_latency
            verdict = Verdict.FAIL if slow else Verdict.INCONCLUSIVE
        elif isinstance(silence, TooLarge) or not self._subject.before:
            verdict = Verdict.INCONCLUSIVE
        else:
            verdict = Verdict.FAIL
        return self._found(address, verdict, str(silence), None)

    def _judged(self, address: str, answer: Answer, took: float) -> Found:
        stranger = self._stranger(answer)
        good = answer.status in self._gate.status if self._gate.status else 200 <= answer.status <= 299
        said = answer.headers.get(self._header.lower(), "") if self._header else ""
        if stranger and (good or said):
            return self._found(address, Verdict.INCONCLUSIVE, stranger, took)
        if not good:
            return self._found(address, Verdict.FAIL, f"it answered {answer.status}", took)
        if self._gate.max_latency is not None and took > self._gate.max_latency:
            return self._found(address, Verdict.FAIL, f"it took {took:.3f} s", took)
        if not self._gate.body:
            return self._found(address, Verdict.PASS, "", took)
        verdict, why = contains(self._gate.body, answer.body, self._timeout)
        return self._found(address, verdict, why, took)

    def _stranger(self, answer: Answer) -> str:
        """Why the answer may not be the release's; empty where it is."""
        if not self._header:
            if self._subject.before:
                return ""
            return (
                "no header is named that says which release answered: set `run.identity.header` or the gate's `header`"
            )
        said = answer.headers.get(self._header.lower(), "")
        if said == self._subject.release.id:
            return ""
        return (
            f"release {said[:100]} answered" if said else f"the answer has no {self._header}: nobody knows who answered"
        )

    def _found(self, address: str, verdict: Verdict, why: str, took: float | None) -> Found:
        gate = self._gate
        wanted = ["status " + (", ".join(map(str, gate.status)) or "200 to 299")]
        wanted += [f"at most {gate.max_latency:g} s"] if gate.max_latency is not None else []
        wanted += [f"body has {gate.body}"] if gate.body else []
        wanted += [f"{self._header} is the release"] if self._header else []
        return Found(
            verdict=verdict,
            query=f"GET {shown(address)}{gate.path}",
            who=whom(self._subject) + (", itself" if self._subject.before else ", through the entry"),
            value=took,
            threshold="; ".join(wanted),
            n=1,
            why=why,
        )


def identity_header(subject: Subject) -> str:
    """The header by which this release says who it is; empty where it does not."""
    identity = subject.release.details.get("identity")
    header = identity.get("header", "") if isinstance(identity, dict) else ""
    return header if isinstance(header, str) else ""


def contains(pattern: str, body: bytes, seconds: float) -> tuple[Verdict, str]:
    """Whether the body contains the regular expression, and why it does not count as such.

    Some expressions take for ever on some texts, and nothing else of this process moves while one is matched. So all
    but the plainest are matched in a process of their own, which can be ended.
    """
    if _PLAIN.fullmatch(pattern):
        if pattern in body.decode("utf-8", "replace"):
            return Verdict.PASS, ""
        return Verdict.FAIL, f"the body does not contain {pattern}"
    ran = run(
        sys.executable,
        ["-I", "-S", "-c", _MATCHER, pattern],
        cwd=Path("/"),
        environment={},
        stdin=body,
        bounds=RunBounds(seconds=seconds),
        isolated=False,
    )
    if ran.ok:
        return Verdict.PASS, ""
    if ran.exit_code == 1 and not ran.err:
        return Verdict.FAIL, f"the body does not contain {pattern}"
    return Verdict.INCONCLUSIVE, f"the body could not be matched with {pattern}: {ran.said.splitlines()[-1]}"
