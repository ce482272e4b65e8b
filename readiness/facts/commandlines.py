"""Shell texts of pipelines as the simple commands in them, with GitHub's expressions left as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from readiness.facts.expressions import placed
from readiness.facts.shell import read_shell


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One simple command: its words without quotes, and the line it starts on, the first being 0."""

    words: tuple[str, ...]
    line: int

    @property
    def program(self) -> str:
        """The program by its last path component."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are no options, the program first."""
        return tuple(w for w in self.words if not w.startswith("-"))

    def starts(self, *words: str) -> bool:
        """Whether its program is the first of `words` and the others follow each other among its first arguments.

        `kubectl --context shop apply` starts with `kubectl`, `apply`: what an option takes is not known here.
        """
        if self.program != words[0]:
            return False
        verbs, rest = words[1:], self.plain[1:7]
        return any(rest[i : i + len(verbs)] == verbs for i in range(len(rest) - len(verbs) + 1))

    def has(self, *options: str) -> bool:
        """Whether one of these options is given, alone or as `--option=value`."""
        return any(w.partition("=")[0] in options for w in self.words)


@lru_cache(maxsize=1_000)
def command_lines(text: str) -> tuple[CommandLine, ...]:
    """The simple commands of a shell text, in order, without what only starts another (`sudo`, `env`)."""
    return tuple(_command_lines(text))


def _command_lines(text: str) -> Iterator[CommandLine]:
    plain, expressions = placed(text)
    for command in read_shell(plain).commands:
        words = []
        for word in command.argv:
            whole = word.text
            for stand_in, written in expressions.items():
                whole = whole.replace(stand_in, written)
            words.append(whole)
        if words:
            yield CommandLine(tuple(words), plain.count("\n", 0, command.argv[0].at))
