"""Programs on PATH, and what the settings ask of them; and the project's own commands with what they said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.facts.texts import ThingAnchor
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class Tool:
    """One program. `version` is empty where it is missing or would not say; `wanted` is a specifier such as `>=1.28`.

    `install` is the command that brings it on this platform.
    """

    name: str
    path: str = ""
    version: str = ""
    wanted: str = ""
    install: str = ""
    fault: str = ""

    @property
    def found(self) -> bool:
        return bool(self.path)

    @property
    def at(self) -> Place:
        return ThingAnchor(f"tool {self.name}").at()


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs that the settings ask for, by name."""

    root: ClassVar[bool] = True

    tools: Mapping[str, Tool]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools.values())


@dataclass(frozen=True, slots=True)
class Command:
    """One of the project's own commands and how it ended. `about` is build, test, lint, format, types or audit.

    `exit_code` is None where it did not end by itself; `seconds` is how long it took; `tail` is the end of what it
    said.
    """

    about: str
    argv: tuple[str, ...]
    exit_code: int | None
    seconds: float = 0.0
    tail: str = ""
    fault: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself and said that all is well."""
        return self.exit_code == 0 and not self.fault

    @property
    def said(self) -> str:
        """How it ended, in words: a command that did not end has proved nothing."""
        ended = f"ended with exit code {self.exit_code}" if self.exit_code is not None else "did not end"
        return f"`{' '.join(self.argv)}` {self.fault or ended}"

    @property
    def at(self) -> Place:
        return ThingAnchor(f"command {self.about}").at()


@dataclass(frozen=True, slots=True)
class Commands:
    """The project's own commands that were run."""

    root: ClassVar[bool] = True

    commands: tuple[Command, ...]

    def about(self, *subjects: str) -> Iterator[Command]:
        return (c for c in self.commands if c.about in subjects)
