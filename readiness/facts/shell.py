"""Shell text as commands: words, pipes and what stands between them.

Reads the POSIX shell grammar and what bash adds to it as far as commands go: quotes, escapes, comments,
here-documents, substitutions, subshells, compound commands, arithmetic. Nothing is expanded: `$X` stays as it is
written and marks its word as one that is known only when it runs. One pass, linear in the length of the text;
substitutions nested deeper than `MOST_NESTED` are not looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from readiness.facts.shell_reader import BrokenShellError, ShellReader
from readiness.facts.shell_words import SHELLS, Command, Word

__all__ = ["SHELLS", "Command", "ShellText", "Word", "read_shell"]

_MOST_QUOTED = 3


@dataclass(frozen=True, slots=True)
class ShellText:
    """What a shell text says. `fault` tells what is wrong with it, and `fault_at` where; empty where all was read."""

    commands: tuple[Command, ...]
    fault: str = ""
    fault_at: int = 0

    def pipelines(self) -> tuple[tuple[Command, ...], ...]:
        """Commands that feed each other, in order; one alone is a pipeline of one."""
        made: list[list[Command]] = []
        latest: dict[int, list[Command]] = {}
        for command in self.commands:
            line = latest.get(command.depth)
            if command.piped and line is not None:
                line.append(command)
            else:
                latest[command.depth] = [command]
                made.append(latest[command.depth])
        return tuple(tuple(line) for line in made)


def read_shell(text: str) -> ShellText:
    """The commands of `text`, in the order they are written. Raises nothing."""
    reader = ShellReader(text)
    fault, at = "", 0
    try:
        reader.run()
    except BrokenShellError as broken:
        fault, at = str(broken), broken.at
    return ShellText(tuple(_with_quoted(reader.commands, _MOST_QUOTED)), fault, at)


def _with_quoted(commands: Iterable[Command], most: int) -> Iterator[Command]:
    """The commands, each after those that it gives to a shell in quotes: `sh -c "curl … | sh"`."""
    for command in commands:
        inner = _quoted(command) if most else None
        if inner is not None:
            reader = ShellReader(inner.text)
            try:
                reader.run()
            except BrokenShellError:
                reader.commands.clear()  # what quotes and variables make of it is not known here
            for one in _with_quoted(reader.commands, most - 1):
                words = tuple(replace(word, at=inner.at) for word in one.words)
                yield replace(one, words=words, at=inner.at, depth=one.depth + command.depth + 1)
        yield command


def _quoted(command: Command) -> Word | None:
    """The text that a command gives to a shell, where it is not read already: a substitution is, where it stands."""
    script = command.script
    substituted = script is not None and script.open and ("$(" in script.text or "`" in script.text)
    return None if substituted else script
