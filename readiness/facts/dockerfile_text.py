"""The text of a Dockerfile as instructions, read as BuildKit's parser reads it, in one pass over its lines.

Source of the rules: Dockerfile reference, https://docs.docker.com/reference/dockerfile/ (parser directives, escape,
comments, here-documents, exec and shell form). A `syntax` directive is kept and never fetched.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

KEYWORDS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR".split()
)
_MAY_BE_EXEC = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_HAS_FLAGS = frozenset({"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"})
_HAS_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE = re.compile(r"#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.*?)[ \t]*$")
_DIRECTIVES = frozenset({"check", "escape", "syntax"})
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\"[^\"]*\"|'[^']*'|[^ \t]*))?(?=[ \t]|$)")
_HEREDOC = re.compile(r"(?<![^ \t\n])[0-9]*<<(-?)(?:\"([^\"\n<]+)\"|'([^'\n<]+)'|([^\s<\"'|&;()]+))")
_WORD = re.compile(r"(?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^\s\"'\\]|[\"'\\])++", re.S)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.", re.S)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One here-document: its text, and the line its first line stands on."""

    name: str
    text: str
    line: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `text` is what follows the keyword and its flags, continued lines put together.

    `items` is the list of the exec form (`["a", "b"]`), None for the shell form. `trigger` is the instruction of an
    ONBUILD.
    """

    keyword: str
    text: str
    line: int
    flags: Mapping[str, str]
    items: tuple[str, ...] | None = None
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Instruction | None = None
    lines: tuple[tuple[int, int], ...] = ()
    """Where in `text` each line of the file begins, and its number."""

    @property
    def spoilt_exec(self) -> bool:
        """Whether it looks like the exec form and is none, so that a shell gets the brackets: single quotes, as a
        rule.
        """
        return self.keyword in _MAY_BE_EXEC and self.items is None and self.text.lstrip().startswith("[")

    def line_of(self, at: int) -> int:
        """The line of the file on which character `at` of `text` stands."""
        found = bisect_right(self.lines, (at, 1 << 60)) - 1
        return self.lines[found][1] if found >= 0 else self.line


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a Dockerfile that no builder takes."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class DockerfileText:
    """All instructions in order, the parser directives by name in lower case, and what is wrong with the text."""

    instructions: tuple[Instruction, ...]
    directives: Mapping[str, str]
    faults: tuple[Fault, ...]


def read_dockerfile(text: str) -> DockerfileText:
    """The instructions of `text`. Raises nothing: what cannot be read is a fault, the rest is there."""
    reader = _Reader(text.removeprefix("\ufeff"))
    reader.run()
    return DockerfileText(tuple(reader.instructions), reader.directives, tuple(reader.faults))


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = [line.removesuffix("\r") for line in text.split("\n")]
        self.at = 0
        self.escape = "\\"
        self.directives: dict[str, str] = {}
        self.instructions: list[Instruction] = []
        self.faults: list[Fault] = []

    def run(self) -> None:
        self._read_directives()
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if not line or line.startswith("#"):
                self.at += 1
                continue
            self._instruction()

    def _read_directives(self) -> None:
        while self.at < len(self.lines):
            found = _DIRECTIVE.match(self.lines[self.at].strip())
            name = found[1].lower() if found else ""
            if not found or name not in _DIRECTIVES:
                return
            if name in self.directives:
                self.faults.append(Fault(self.at + 1, f"the directive {name} is here a second time"))
            self.directives[name] = found[2]
            self.at += 1
            if name == "escape":
                self._set_escape(found[2])

    def _set_escape(self, wanted: str) -> None:
        if wanted in {"\\", "`"}:
            self.escape = wanted
        else:
            self.faults.append(Fault(self.at, f"escape={wanted[:20]}: only \\ and ` can be the escape character"))

    def _instruction(self) -> None:
        first = self.at + 1
        text, starts = self._logical_line()
        keyword, rest, skipped = _split_keyword(text)
        starts = [(max(0, at - skipped), number) for at, number in starts]
        made = self._make(keyword, rest, first, starts)
        if made is not None:
            self.instructions.append(made)

    def _logical_line(self) -> tuple[str, list[tuple[int, int]]]:
        """One instruction with its continued lines, comments and empty lines between them left out."""
        parts: list[str] = []
        starts: list[tuple[int, int]] = []
        length, continued = 0, True
        while continued and self.at < len(self.lines):
            line = self.lines[self.at]
            bare = line.strip()
            self.at += 1
            if parts and (not bare or bare.startswith("#")):
                continue
            line, continued = self._continued(line if parts else line.lstrip())
            starts.append((length, self.at))
            parts.append(line)
            length += len(line)
        return "".join(parts), starts

    def _continued(self, line: str) -> tuple[str, bool]:
        """The line without the escape character at its end, and whether there was one."""
        bare = line.rstrip(" \t")
        if not bare.endswith(self.escape) or bare.endswith(self.escape * 2):
            return line, False
        return bare[: -len(self.escape)], True

    def _make(self, keyword: str, rest: str, line: int, starts: list[tuple[int, int]]) -> Instruction | None:
        if keyword not in KEYWORDS:
            self.faults.append(Fault(line, f"{_short(keyword)} is no instruction"))
            return None
        flags, rest, skipped = _split_flags(rest) if keyword in _HAS_FLAGS else ({}, rest, 0)
        starts = [(max(0, at - skipped), number) for at, number in starts]
        if not rest.strip() and not flags:
            self.faults.append(Fault(line, f"{keyword} wants an argument"))
            return None
        if keyword in {"ENV", "LABEL"} and (odd := _without_equals(rest)):
            self.faults.append(Fault(line, f"{keyword} wants NAME=VALUE, and {_short(odd)} has no ="))
        if keyword == "ONBUILD":
            return self._onbuild(rest, line, starts)
        items = _exec_form(rest) if keyword in _MAY_BE_EXEC else None
        heredocs = self._heredocs(rest) if keyword in _HAS_HEREDOCS and items is None else ()
        return Instruction(keyword, rest, line, flags, items, heredocs, lines=tuple(starts))

    def _onbuild(self, rest: str, line: int, starts: list[tuple[int, int]]) -> Instruction:
        keyword, inner, skipped = _split_keyword(rest)
        if keyword in {"ONBUILD", "FROM", "MAINTAINER"}:
            self.faults.append(Fault(line, f"{keyword} may not stand behind ONBUILD"))
            return Instruction("ONBUILD", rest, line, {}, lines=tuple(starts))
        trigger = self._make(keyword, inner, line, [(max(0, at - skipped), number) for at, number in starts])
        return Instruction("ONBUILD", rest, line, {}, trigger=trigger, lines=tuple(starts))

    def _heredocs(self, rest: str) -> tuple[Heredoc, ...]:
        if "<<" not in rest:
            return ()
        visible = _QUOTED.sub(_masked, rest)
        found = []
        for announced in _HEREDOC.finditer(visible):
            name = next(rest[slice(*announced.span(group))] for group in (2, 3, 4) if announced[group] is not None)
            quoted = announced[4] is None
            found.append(self._heredoc(name, tabs=bool(announced[1]), quoted=quoted))
        return tuple(found)

    def _heredoc(self, name: str, *, tabs: bool, quoted: bool) -> Heredoc:
        first = self.at + 1
        body: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at].lstrip("\t") if tabs else self.lines[self.at]
            self.at += 1
            if line == name:
                return Heredoc(name, "\n".join(body), first, quoted)
            body.append(line)
        self.faults.append(
            Fault(first - 1, f"the here-document {_short(name)} has no end: a line {_short(name)} is missing")
        )
        return Heredoc(name, "\n".join(body), first, quoted)


def _masked(found: re.Match[str]) -> str:
    """Quoted text hides no here-document, unless it is the quoted name of one."""
    before = found.string[max(0, found.start() - 3) : found.start()]
    return found[0] if before.endswith(("<<", "<<-")) else "_" * len(found[0])


def _split_keyword(text: str) -> tuple[str, str, int]:
    """The keyword in capitals, what follows it, and how many characters were taken away."""
    bare = text.lstrip(" \t")
    at = next((n for n, char in enumerate(bare) if char in " \t"), len(bare))
    rest = bare[at:].lstrip(" \t")
    return bare[:at].upper(), rest.rstrip(), len(text) - len(rest)


def _without_equals(text: str) -> str:
    """The first word without `=` among `NAME=VALUE` words; empty where there is none, or in the old form `NAME
    value`.
    """
    words = [found[0] for found in _WORD.finditer(text)]
    if not words or "=" not in words[0]:
        return "" if len(words) > 1 else "".join(words)
    return next((word for word in words if "=" not in word), "")


def _split_flags(text: str) -> tuple[dict[str, str], str, int]:
    flags: dict[str, str] = {}
    at = 0
    while found := _FLAG.match(text, at):
        value = (found[2] or "").strip("\"'")
        flags[found[1]] = f"{flags[found[1]]}\n{value}" if found[1] in flags else value
        at = found.end()
        while at < len(text) and text[at] in " \t":
            at += 1
    return flags, text[at:], at


def _exec_form(text: str) -> tuple[str, ...] | None:
    """The items of a JSON list of texts; None where it is none. What follows the list is dropped, as BuildKit does."""
    bare = text.strip()
    if not bare.startswith("[") or len(bare) > 1 << 20:
        return None
    try:
        items, _ = json.JSONDecoder().raw_decode(bare)
    except (ValueError, RecursionError):
        return None
    return tuple(items) if isinstance(items, list) and all(isinstance(i, str) for i in items) else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
