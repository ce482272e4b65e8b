"""What a gate is made of: a probe looks once, at one subject, and says what it found."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from readiness.config.deploy import Value
from readiness.http import Tls
from readiness.sources.programs import words
from readiness.sources.redaction import Redactor, redacted
from readiness_deploy.ports import Refusal, Subject, Verdict
from readiness_deploy.references import Unresolved, reveal
from readiness_deploy.states import Colour

_LARGEST_TEXT = 1 << 20
_LONGEST = 600  # characters of one text in the evidence
_LONGEST_FORM = 6  # a character of a secret may be written with so many, as JSON does


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look found. `verdict` of one measurement, not of the gate."""

    verdict: Verdict
    query: str
    who: str
    window: float = 0.0
    value: float | None = None
    threshold: str = ""
    n: int | None = None
    why: str = ""


class Probe(Protocol):
    """One look of one gate. It is used once."""

    def look(self) -> Found:
        """Measure. In a thread of its own; may take as long as it takes. Raises Refusal."""
        ...

    def stop(self) -> None:
        """End the look as soon as can be, from another thread. What it says then does not count."""
        ...


def _nowhere(_colour: Colour) -> str:
    raise Refusal("nobody said where a colour answers")


def _uncounted(_colour: Colour, _window: float) -> Mapping[str, Any]:
    raise Refusal("nobody counts the traffic here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What gates may touch. The callables are called from threads, and may raise Refusal.

    `address` gives a colour's own address, such as http://127.0.0.1:4711, where it answers without the entry; `entry`
    is that of the entry, and `entry_tls` how it proves itself. Without that, a certificate has to be for the name that
    is asked, except on this machine, where it is for a name that users know. `traffic` gives the keeper's counts for a
    colour over the last seconds. `variables` are what references to the environment mean; `folder` is that of the
    settings: files of references are relative to it, and commands run there when the release has no folder of its own.
    `wall` is the time of day in seconds since 1970.
    """

    address: Callable[[Colour], str] = _nowhere
    entry: str = ""
    entry_tls: Tls | None = None
    traffic: Callable[[Colour, float], Mapping[str, Any]] = _uncounted
    variables: Mapping[str, str]
    folder: Path = Path("/")
    wall: Callable[[], float] = time.time

    def where(self, subject: Subject) -> str:
        """Where to ask: the colour itself before the switch, the entry after it. Raises Refusal."""
        address = self.address(subject.colour) if subject.before else self.entry
        if not address:
            raise Refusal(f"nobody said where {subject.colour if subject.before else 'the entry'} answers")
        return address

    def tls(self, subject: Subject, address: str) -> Tls:
        """How who answers there has to prove itself."""
        if self.entry_tls and not subject.before:
            return self.entry_tls
        return Tls(verify=not _loopback(address))


def _loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Hidden:
    """The secrets that one look was given: it reveals them to the probe, and takes them out of what is written.

    `folder` is what files of references are relative to.
    """

    __slots__ = ("_folder", "_known", "_variables")

    def __init__(self, variables: Mapping[str, str], folder: Path) -> None:
        self._variables, self._folder = variables, folder
        self._known: dict[str, str] = {}

    def reveal(self, name: str, value: Value) -> str:
        """The value itself. It is read anew each time, since it may have been renewed. Raises Refusal."""
        if isinstance(value, str):
            return value
        try:
            secret = self._known[name] = reveal(name, value, self._variables, self._folder)
        except Unresolved as fault:
            raise Refusal(str(fault)) from None
        return secret

    def clean(self, text: str, *, cut: bool = False) -> str:
        """The text without secrets and control characters, as long as a person reads. Of a text that was cut, what may
        be the beginning of a secret is left out too."""
        plain = words(text.encode("utf-8", "replace"), _LARGEST_TEXT)
        bare = Redactor(self._known)(redacted(plain, self._variables))
        if cut:
            bare = bare[: -_LONGEST_FORM * max(map(len, self._known.values()), default=0) or None]
        return words(bare.encode("utf-8", "replace"), _LONGEST)


def whom(subject: Subject) -> str:
    """The subject, for the evidence."""
    version = f" (version {subject.release.version})" if subject.release.version else ""
    return f"release {subject.release.id}{version} in {subject.colour}"


def shown(address: str) -> str:
    """An address without the login in it."""
    scheme, mark, rest = address.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}{mark}{server.rpartition('@')[2]}{slash}{path}".rstrip("/")


def number(value: object) -> float | None:
    """A finite number, or None for everything else; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
