"""The command gate: a program of the user's that looks at the release."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from readiness.config.deploy import CommandGate
from readiness.sources.programs import Bounds, Ran, find, run
from readiness_deploy.gates.probe import Found, Hidden, Outside, whom
from readiness_deploy.ports import Refusal, Subject, Verdict

SAYS_NOTHING = 75
LARGEST_OUTPUT = 64 << 10
_MEMORY = 16 << 30  # the user's own program: this bound is there for accidents
_SIGNALLED = 128  # what a shell adds to the number of the signal that ended what it ran


class CommandProbe:
    """One run of the program, in a session of its own that ends as a whole, in the folder of the release."""

    def __init__(self, gate: CommandGate, subject: Subject, outside: Outside, hidden: Hidden, timeout: float) -> None:
        self._gate, self._subject, self._outside, self._hidden = gate, subject, outside, hidden
        self._timeout = timeout
        self._stopped = False

    def look(self) -> Found:
        folder = self._folder()
        program = _program(self._gate.run[0], folder)
        if program is None:
            return self._found(
                Verdict.INCONCLUSIVE, None, f"there is no program {self._gate.run[0]} on PATH or in {folder}"
            )
        ran = run(
            program,
            self._gate.run[1:],
            cwd=folder,
            environment=self._environment(),
            bounds=Bounds(seconds=self._timeout, memory=_MEMORY, output=LARGEST_OUTPUT, drop=True),
            isolated=False,
            stopped=lambda: self._stopped,
        )
        said = self._said(ran)
        if ran.fault or ran.exit_code is None:
            return self._found(Verdict.INCONCLUSIVE, ran.exit_code, said)
        if ran.exit_code == 0:
            return self._found(Verdict.PASS, 0, "")
        if (by := _killed_by(ran.exit_code)) or ran.exit_code == SAYS_NOTHING:
            return self._found(Verdict.INCONCLUSIVE, ran.exit_code, f"it was ended by {by}" if by else said)
        return self._found(Verdict.FAIL, ran.exit_code, said)

    def stop(self) -> None:
        self._stopped = True

    def _said(self, ran: Ran) -> str:
        """Why it ended as it did, in its own words where it has some. Secrets are taken out before anything is cut."""
        own = ran.err if ran.err.strip() else ran.out
        words = self._hidden.clean(own.decode("utf-8", "replace"), cut=len(own) >= LARGEST_OUTPUT)
        silent = f"it ended with {ran.exit_code}" + ("" if own.strip() else " and said nothing")
        return ": ".join(filter(None, [ran.fault or silent, words]))

    def _environment(self) -> dict[str, str]:
        """What the gate declares, and which release it looks at; nothing else of this process."""
        try:
            address = self._outside.where(self._subject)
        except Refusal:
            address = ""  # a program that does not ask the service does not miss it
        return {
            **{name: self._hidden.reveal(name, value) for name, value in self._gate.environment.items()},
            "READINESS_RELEASE": self._subject.release.id,
            "READINESS_VERSION": self._subject.release.version,
            "READINESS_COLOUR": self._subject.colour,
            "READINESS_ADDRESS": address,
        }

    def _folder(self) -> Path:
        said = self._subject.release.details.get("folder")
        return Path(said) if isinstance(said, str) and Path(said).is_dir() else self._outside.folder

    def _found(self, verdict: Verdict, code: int | None, why: str) -> Found:
        return Found(
            verdict=verdict,
            query=" ".join(self._gate.run),
            who=whom(self._subject),
            value=code,
            threshold=f"exit code 0; {SAYS_NOTHING} says nothing",
            n=1,
            why=why,
        )


def _program(name: str, folder: Path) -> str | None:
    if "/" not in name:
        return find(name)
    path = (folder / name).absolute()
    return str(path) if path.is_file() and os.access(path, os.X_OK) else None


def _killed_by(code: int) -> str:
    """The signal that ended what a shell ran; empty where it ended by itself."""
    try:
        return signal.Signals(code - _SIGNALLED).name if code > _SIGNALLED else ""
    except ValueError:
        return ""
