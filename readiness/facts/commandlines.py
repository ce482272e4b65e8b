"""Shell text as the simple commands in it, for steps of a pipeline: no evaluation, only where words begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ASSIGNED = re.compile(r"[A-Za-z_]\w*\+?=")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done"})
_RUNNERS = frozenset({"sudo", "exec", "command", "nohup", "nice", "env", "xvfb-run"})


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One simple command: its words without quotes, and the line it starts on, the first being 0."""

    words: tuple[str, ...]
    line: int

    @property
    def program(self) -> str:
        """The program by its last path component; empty for a bare assignment."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are no options, the program first."""
        return tuple(w for w in self.words if not w.startswith("-"))

    def starts(self, *words: str) -> bool:
        """Whether its program is the first of `words` and the others follow each other among its first arguments.

        `kubectl --context shop apply` starts with `kubectl`, `apply`: what an option takes is not known here.
        """
        verbs, rest = words[1:], self.plain[1:7]
        if self.program != words[0]:
            return False
        return any(rest[i : i + len(verbs)] == verbs for i in range(len(rest) - len(verbs) + 1))

    def has(self, *options: str) -> bool:
        """Whether one of these options is given, alone or as `--option=value`."""
        return any(w.partition("=")[0] in options for w in self.words)


def command_lines(text: str) -> Iterator[CommandLine]:
    """The simple commands of a shell text, in order. Bodies of here-documents and comments are no commands."""
    for number, line in _joined(text):
        for words in _split(line):
            words = _stripped(words)
            if words:
                yield CommandLine(tuple(words), number)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, without bodies of here-documents."""
    until, held, start = "", "", 0
    for number, line in enumerate(text.splitlines()):
        if until:
            until = "" if line.strip() == until else until
            continue
        if not held:
            start = number
        if line.endswith("\\") and not line.endswith("\\\\"):
            held += line[:-1] + " "
            continue
        whole, held = held + line, ""
        heredoc = _HEREDOC.search(whole)
        until = heredoc[2] if heredoc else ""
        yield start, whole
    if held:
        yield start, held


def _split(line: str) -> Iterator[list[str]]:
    words: list[str] = []
    word, open_word, quote, at = "", False, "", 0
    while at < len(line):
        char = line[at]
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"' and at + 1 < len(line):
                at += 1
                word += line[at]
            else:
                word += char
        elif char in "'\"":
            quote, open_word = char, True
        elif char == "\\" and at + 1 < len(line):
            at += 1
            word, open_word = word + line[at], True
        elif line.startswith("${{", at) and (end := line.find("}}", at)) > 0:
            word, open_word, at = word + line[at : end + 2], True, end + 1
        elif char == "#" and not open_word:
            break
        elif char.isspace() or char in ";|&()`":
            if open_word:
                words.append(word)
            word, open_word = "", False
            if not char.isspace() and words:
                yield words
                words = []
        else:
            word, open_word = word + char, True
        at += 1
    if open_word:
        words.append(word)
    if words:
        yield words


def _stripped(words: list[str]) -> list[str]:
    """Without keywords, variable assignments and programs that only run another."""
    while words and (words[0] in _KEYWORDS or words[0] in _RUNNERS or _ASSIGNED.match(words[0])):
        words = words[1:]
    return words
