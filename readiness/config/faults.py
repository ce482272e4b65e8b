"""Settings that cannot be used, all of them at once, each with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from readiness.model import Span


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the settings: where, what was found, what was wanted."""

    span: Span | None
    message: str

    def __str__(self) -> str:
        return f"{self.span}: {self.message}" if self.span else self.message


class SettingsError(Exception):
    """The settings cannot be used. Nothing was done; the exit code is 2."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(f) for f in self.faults))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint with the known word that is most like `word`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def wanted(message: str) -> str:
    """A validator's message in our words: `wanted a number` for `Input should be a valid number`."""
    said = message.removeprefix("Value error, ")
    if said.startswith("Input should be "):
        # A validator also takes its own classes, which nobody can write in a file.
        said = "wanted " + said.removeprefix("Input should be ").partition(" or instance of ")[0]
        said = said.replace("a valid ", "a ").replace("an valid ", "an ")
    said = (
        said.replace("a integer", "a whole number").replace("a string", "a text").replace("a dictionary", "a mapping")
    )
    return said[:1].lower() + said[1:]
