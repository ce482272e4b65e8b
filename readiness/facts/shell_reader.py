"""Reads shell text into commands; what they are is said in `readiness.facts.shell`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from readiness.facts.shell_words import Command, Word

MOST_NESTED = 40
# Reserved words after which a command begins.
_OPENERS = frozenset(
    {"if", "then", "elif", "else", "while", "until", "do", "!", "{", "}", "fi", "done", "time", "coproc"}
)
_BLANK, _BREAK = " \t\r", "\n"
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\n]*\])?\+?=")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class BrokenShellError(Exception):
    """A shell text that no shell takes; `at` is the character where that shows."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(slots=True)
class _Level:
    """A list of commands that is being read: the whole text, or what stands in one substitution."""

    end: str  # what ends it: nothing for the text itself, `)` or a backtick
    words: list[Word] = field(default_factory=list)
    settings: list[Word] = field(default_factory=list)
    redirected: list[tuple[str, Word]] = field(default_factory=list)
    heredocs: list[tuple[str, bool]] = field(default_factory=list)
    piped: bool = False
    parens: int = 0
    cases: int = 0
    pattern: bool = False  # inside the patterns of a case branch


class ShellReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.commands: list[Command] = []
        self.ends: list[str] = []  # what ends each list of commands that is being read

    def run(self) -> None:
        self._list("", 0)

    def _list(self, end: str, depth: int) -> None:
        """Reads commands up to `end`; the position is behind it then."""
        level, text = _Level(end), self.text
        begun = self.at
        self.ends.append(end)
        while self.at < len(text):
            char = text[self.at]
            if char in _BLANK:
                self.at += 1
            elif text.startswith(("\\\n", "\\\r\n"), self.at):
                self.at += 2 if text[self.at + 1] == "\n" else 3
            elif char == _BREAK:
                self.at += 1
                self._finish(level, depth)
                self._heredocs(level)
            elif char == "#":
                self._to_line_end()
            elif char == end and not (char == ")" and (level.parens or level.cases)):
                self._finish(level, depth)
                self.at += 1
                self.ends.pop()
                return
            elif char in ";&|()":
                self._operator(level, depth)
            elif char in "<>":
                self._redirection(level, depth)
            else:
                self._word_in(level, depth)
        self._finish(level, depth)
        self.ends.pop()
        if end:
            raise BrokenShellError(f"a substitution has no end: {end} is missing", begun)

    def _to_line_end(self) -> None:
        found = self.text.find("\n", self.at)
        self.at = len(self.text) if found < 0 else found

    def _operator(self, level: _Level, depth: int) -> None:
        text, char = self.text, self.text[self.at]
        if char == "(":
            self._parenthesis(level, depth)
            return
        if text.startswith("&>", self.at):
            self.at += 1
            self._redirection(level, depth)
            return
        self._finish(level, depth)
        if char == ")":
            level.parens = max(0, level.parens - 1)
            level.pattern = False
            self.at += 1
        elif text.startswith(";;", self.at):
            self.at += 2
            level.pattern = level.cases > 0
        elif text.startswith(("&&", "||"), self.at):
            self.at += 2
        else:
            level.piped = char == "|" and not level.pattern
            self.at += 2 if text.startswith("|&", self.at) else 1

    def _parenthesis(self, level: _Level, depth: int) -> None:
        """`((` of arithmetic, `name()` of a function, `(` of a subshell or of a pattern."""
        if self.text.startswith("((", self.at) and not level.words:
            self._arithmetic(self.at + 2)
            return
        if level.pattern:
            self.at += 1
            return
        if not level.settings and (len(level.words) == 1 or _begins_function(level.words)):
            level.words.clear()
        self._finish(level, depth)
        level.parens += 1
        self.at += 1

    def _arithmetic(self, begin: int) -> None:
        depth, at = 2, begin
        while at < len(self.text) and depth:
            depth += {"(": 1, ")": -1}.get(self.text[at], 0)
            at += 1
        if depth:
            raise BrokenShellError("an arithmetic expression has no end: )) is missing", begin - 2)
        self.at = at

    def _redirection(self, level: _Level, depth: int) -> None:
        text, begin = self.text, self.at
        if text.startswith(("<(", ">("), begin):
            self.at += 2
            self._list(")", depth + 1) if depth < MOST_NESTED else self._arithmetic(self.at)
            level.words.append(Word(text[begin : self.at], begin, open=True))
            return
        while self.at < len(text) and text[self.at] in "<>&|" and self.at - begin < 3:
            self.at += 1
        operator = text[begin : self.at]
        if operator == "<<" and text.startswith("-", self.at):
            self.at += 1
            operator = "<<-"
        while self.at < len(text) and text[self.at] in _BLANK:
            self.at += 1
        if self.at >= len(text) or text[self.at] in "\n;()":
            raise BrokenShellError(f"{operator} wants a word after it", begin)
        word = self._word(depth)
        level.redirected.append((operator, word))
        if operator in {"<<", "<<-"}:
            level.heredocs.append((word.text, operator == "<<-"))

    def _heredocs(self, level: _Level) -> None:
        """Skips the bodies of the here-documents that the line just read announced."""
        for wanted, tabs in level.heredocs:
            begun = self.at
            while True:
                if self.at >= len(self.text):
                    raise BrokenShellError(f"a here-document has no end: a line {wanted} is missing", begun)
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end].rstrip("\r")
                self.at = end + 1
                if (line.lstrip("\t") if tabs else line) == wanted:
                    break
        level.heredocs.clear()

    def _word_in(self, level: _Level, depth: int) -> None:
        word = self._word(depth)
        if level.pattern:
            if word.text == "esac" and not word.quoted:
                level.cases, level.pattern = level.cases - 1, False
            return
        if not level.words and _SETTING.match(self.text, word.at):
            level.settings.append(word)
            self._array(depth)
            return
        if not level.words and not word.quoted:
            if word.text in _OPENERS:
                return
            if word.text == "esac" and level.cases:
                level.cases -= 1
                return
        if word.text.isdigit() and not word.quoted and self.text[self.at : self.at + 1] in {"<", ">"}:
            return  # the number of a descriptor
        if word.text == "{" and _begins_function(level.words):
            level.words.clear()
            return
        level.words.append(word)
        if word.text == "in" and len(level.words) == 3 and level.words[0].text == "case":
            level.cases, level.pattern = level.cases + 1, True
            level.words.clear()

    def _array(self, depth: int) -> None:
        """The rest of `name=(…)`: its words are values."""
        if self.text.startswith("(", self.at) and self.text[self.at - 1] == "=":
            first = len(self.commands)
            self.at += 1
            self._list(")", depth)
            del self.commands[first:]

    def _finish(self, level: _Level, depth: int) -> None:
        if level.words or level.settings or level.redirected:
            at = min(word.at for word in (*level.words, *level.settings, *(w for _, w in level.redirected)))
            parts = (tuple(level.words), at, level.piped, depth, tuple(level.settings), tuple(level.redirected))
            self.commands.append(Command(*parts))
            level.words, level.settings, level.redirected = [], [], []
            level.piped = False

    def _word(self, depth: int) -> Word:
        """The word that begins here; what it substitutes is read on the way."""
        text, begin = self.text, self.at
        parts: list[str] = []
        is_open = quoted = False
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r\n;&|()<>" or (char == "`" and self.ends[-1] == "`"):
                break
            if char == "\\":
                if text.startswith("\n", self.at + 1):
                    self.at += 2
                    continue
                parts.append(text[self.at + 1 : self.at + 2])
                quoted = True
                self.at += 2
            elif char == "'":
                parts.append(self._single())
                quoted = True
            elif char == '"':
                inner, opened = self._double(depth)
                parts.append(inner)
                quoted, is_open = True, is_open or opened
            elif char in "$`":
                piece, opened = self._expansion(depth)
                parts.append(piece)
                is_open = is_open or opened
            else:
                parts.append(char)
                self.at += 1
        if self.at == begin:
            self.at += 1  # a character that begins nothing: never stand still
        return Word("".join(parts), begin, is_open, quoted)

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise BrokenShellError("a text in ' has no end", self.at)
        inner, self.at = self.text[self.at + 1 : end], end + 1
        return inner

    def _double(self, depth: int) -> tuple[str, bool]:
        begin, is_open = self.at, False
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return "".join(parts), is_open
            if char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                parts.append("" if following == "\n" else following if following in '$`"\\' else "\\" + following)
                self.at += 2
            elif char == "`" and self.ends[-1] == "`":
                break
            elif char in "$`":
                piece, opened = self._expansion(depth, in_double=True)
                parts.append(piece)
                is_open = is_open or opened
            else:
                parts.append(char)
                self.at += 1
        raise BrokenShellError('a text in " has no end', begin)

    def _expansion(self, depth: int, *, in_double: bool = False) -> tuple[str, bool]:
        """What a `$` or a backtick begins: its text as written, and whether it is an expansion at all."""
        text, begin = self.text, self.at
        if text.startswith("$'", begin) and not in_double:
            self.at += 1
            return self._ansi(), False
        if text.startswith("$((", begin):
            self._arithmetic(begin + 3)
        elif text.startswith("$(", begin) or text[begin] == "`":
            self.at += 2 if text[begin] == "$" else 1
            self._nested(")" if text[begin] == "$" else "`", depth)
        elif text.startswith("${", begin):
            self._braces(depth, in_double)
        else:
            self.at += 1
            while self.at < len(text) and text[self.at] in _NAME:
                self.at += 1
            if self.at == begin + 1 and text[self.at : self.at + 1] in {"@", "*", "#", "?", "$", "!", "-"}:
                self.at += 1
        piece = text[begin : self.at]
        return piece, len(piece) > 1

    def _nested(self, end: str, depth: int) -> None:
        if depth < MOST_NESTED:
            self._list(end, depth + 1)
            return
        found = self.text.find(end, self.at)
        if found < 0:
            raise BrokenShellError(f"a substitution has no end: {end} is missing", self.at)
        self.at = found + 1

    def _ansi(self) -> str:
        """`$'…'`: a backslash takes the next character along."""
        begin = self.at
        self.at += 1
        while self.at < len(self.text):
            if self.text[self.at] == "'":
                self.at += 1
                return self.text[begin + 1 : self.at - 1]
            self.at += 2 if self.text[self.at] == "\\" else 1
        raise BrokenShellError("a text in $' has no end", begin)

    def _braces(self, depth: int, in_double: bool) -> None:
        """`${…}` with what it holds: braces nest, and quotes count where the whole does not stand in quotes."""
        begin, level = self.at, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                self.at += 2
                continue
            if char == "'" and not in_double:
                self._single()
                continue
            if depth < MOST_NESTED and (char == '"' or (char == "$" and self.text.startswith("(", self.at + 1))):
                self._double(depth + 1) if char == '"' else self._expansion(depth + 1, in_double=in_double)
                continue
            self.at += 1
            if char == "{":
                level += 1
            elif char == "}":
                level -= 1
                if level == 0:
                    return
        raise BrokenShellError("${ has no end: } is missing", begin)


def _begins_function(words: list[Word]) -> bool:
    """Whether these are `function NAME`, as bash writes it."""
    return len(words) == 2 and words[0].text == "function"
