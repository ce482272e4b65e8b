"""What developers put into code to look at it while it runs, and forgot there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from readiness.facts.code import Code
from readiness.facts.pythoncode import PythonCode
from readiness.facts.repository import File, FileKind

_PYTHON_CALLS = (
    *("breakpoint", "pdb.set_trace", "ipdb.set_trace", "pudb.set_trace", "web_pdb.set_trace", "pdb.post_mortem"),
    *("debugpy.wait_for_client", "code.interact", "IPython.embed", "celery.contrib.rdb.set_trace"),
)
_RUBY = frozenset({"binding.pry", "binding.irb", "byebug", "debugger", "binding.break"})
_PHP = re.compile(r"^\s*(?:xdebug_break|var_dump|dd)\s*\(")
# What JavaScript is made of, where it matters for finding a statement: comments, texts, regular expressions, words.
_SCRIPT = re.compile(
    r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|'(?:[^'\\\n]|\\.)*+'?|\"(?:[^\"\\\n]|\\.)*+\"?|`(?:[^`\\]|\\.)*+`?"
    r"|(?<=[(,=:\[!&|?{};+])\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/|[\w$.]+",
    re.S,
)
_MOST_BYTES = 1 << 20  # such a file was made by a bundler


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing left behind: what it is and where."""

    file: File
    line: int
    what: str


class Leftovers:
    """Breakpoints and dumps in shipped code."""

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, code: Code, python: PythonCode) -> None:
        self.code = code
        self._python = python

    def __iter__(self) -> Iterator[Leftover]:
        for call in self._python.calls(*_PYTHON_CALLS):
            yield Leftover(call.file, call.line, f"{call.name}()")
        for language in ("JavaScript", "TypeScript"):
            for file in self.code.files.get(language, ()):
                if "debugger" in file.text and file.size <= _MOST_BYTES:
                    yield from (Leftover(file, line, "debugger") for line in debugger_lines(file.text))
        for file in self.code.files.get("Ruby", ()):
            yield from (Leftover(file, n, t.strip()) for n, t in enumerate(file.lines, 1) if t.strip() in _RUBY)
        for file in self.code.files.get("PHP", ()):
            for number, text in enumerate(file.lines, 1):
                if _PHP.match(text):
                    yield Leftover(file, number, text.strip().partition("(")[0])


def debugger_lines(text: str) -> Iterator[int]:
    """The lines with a `debugger` statement of JavaScript: not in a text or comment, and no property of that name."""
    for match in _SCRIPT.finditer(text):
        if match[0] == "debugger":
            after = text[match.end() : match.end() + 20].lstrip(" \t")[:1]
            if after in {"", ";", "\n", "\r", "}", "/"}:
                yield text.count("\n", 0, match.start()) + 1
