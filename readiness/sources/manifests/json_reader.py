"""JSON, strictly, with positions: one pass over tokens, without recursion."""

from __future__ import annotations

import json
import re
import time
from array import array
from typing import Any

from readiness.facts.document import Document, pack, unpack
from readiness.sources.manifests.decoding import decode
from readiness.sources.manifests.mappings import Again, Mappings
from readiness.sources.manifests.notices import encrypted, named
from readiness.sources.manifests.reading import DEFAULT_LIMITS, Limits, Problem, Reading
from readiness.sources.manifests.scalars import resolve

_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![0-9A-Za-z_.+-])"
    r"|(?P<word>true|false|null)(?![0-9A-Za-z_])"
    r"|(?P<sign>[{}\[\]:,])"
)
_BLANK = re.compile(r"[ \t\r\n]*+")
_BREAK = re.compile(r"\r\n|\r|\n")
_STRING_PART = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_NAME = re.compile(r"[-+]?[A-Za-z_][A-Za-z_0-9]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {"true": True, "false": False, "null": None}
_CHECK_EVERY = 4_096


class BrokenJSONError(Exception):
    """Text that is no JSON; `at` is the character where that shows, `kind` that of the problem."""

    def __init__(self, at: int, message: str, kind: str = "syntax") -> None:
        super().__init__(message)
        self.at = at
        self.kind = kind


def read_json(source: str | bytes, path: str, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """All objects of a JSON text, and what could not be read. Raises nothing for any input.

    Numbers become what Kubernetes makes of them. Values after the first one are read, as kubectl does, and told about.
    """
    if isinstance(source, bytes):
        decoded = decode(source, path)
        if isinstance(decoded, Problem):
            return Reading(problems=(decoded,))
        return _Values(decoded[0], path, limits).read(marked=decoded[1])
    text = source.removeprefix("\ufeff")
    return _Values(text, path, limits).read(marked=text is not source)


class _Values:
    """The values of one text."""

    def __init__(self, text: str, path: str, limits: Limits) -> None:
        self.text = text
        self.path = path
        self.limits = limits
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.met = 0
        self.deadline = time.thread_time() + limits.seconds
        self._breaks = _BREAK.finditer(text)
        self._line, self._begin = 1, 0
        self._next_break = next(self._breaks, None)

    def read(self, *, marked: bool) -> Reading:
        if marked:
            told = "the file begins with a byte order mark, which many JSON readers refuse: save it without"
            self.problems.append(Problem(self.path, 1, 1, "byte-order-mark", told, fatal=False))
        try:
            start, at = self._skip(0), 0
            if start == len(self.text):
                raise BrokenJSONError(0, "JSON: the file is empty, an object {…} was wanted")
            while start < len(self.text):
                at = self._document(start)
                start = self._skip(at)
        except BrokenJSONError as error:
            line, column = _place(self.text, error.at)
            self.problems.append(Problem(self.path, line, column, error.kind, str(error), fatal=True))
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        return Reading(tuple(self.documents), tuple(problems))

    def _document(self, at: int) -> int:
        self.met += 1
        if self.met > self.limits.documents:
            told = f"more than {self.limits.documents:,} documents; the rest of the file is not examined"
            raise BrokenJSONError(at, told, "limit")
        tree = _Tree(self, at)
        value, end = tree.build()
        line, column = unpack(tree.positions[0])
        if self.met == 2:
            told = "a second JSON value follows the first; all are read, but many JSON readers refuse this file"
            self.problems.append(Problem(self.path, line, column, "concatenated", told, fatal=False))
        self.problems.extend(Problem(self.path, *note, fatal=False) for note in tree.mappings.notes)
        if isinstance(value, dict) or (self.limits.lists and isinstance(value, list)):
            document = Document(value, self.path, line, tree.positions)
            self.documents.append(document)
            self.problems.extend(encrypted(document))
        else:
            told = f"the document is {named(value)}; a Kubernetes object is written {{…}}"
            self.problems.append(Problem(self.path, line, column, "non-object", told, fatal=True))
        return end

    def token(self, at: int) -> tuple[str, str, int, int]:
        """The token after blanks: its kind, its text, its first character and the one after it."""
        start = self._skip(at)
        match = _TOKEN.match(self.text, start)
        if match is None:
            raise _diagnosis(self.text, start)
        return match.lastgroup or "", match[0], start, match.end()

    def place(self, at: int) -> int:
        """Line and column of a character, packed; asked in the order of the text."""
        while self._next_break is not None and self._next_break.end() <= at:
            self._line, self._begin = self._line + 1, self._next_break.end()
            self._next_break = next(self._breaks, None)
        return pack(self._line, at - self._begin + 1)

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self.text, at)
        return match.end() if match else at


class _Tree:
    """Builds one value. `here` is the open container, `key` the key that waits for its value."""

    def __init__(self, source: _Values, at: int) -> None:
        self.source = source
        self.limits = source.limits
        self.at = at
        self.positions: array[int] = array("Q")
        self.mappings = Mappings(self.positions, source.limits)
        self.root: list[Any] = []
        self.here: Any = self.root
        self.start = -1
        self.stack: list[tuple[Any, int]] = []
        self.crooked: set[int] = set()
        self.check = _CHECK_EVERY

    def build(self) -> tuple[Any, int]:
        """The value, and the character after it; raises `BrokenJSONError`."""
        self._put(*self._take(), None)
        while self.stack:
            self._step()
        return self.root[0], self.at

    def _step(self) -> None:
        """One entry of the open container, or its end."""
        self._checkpoint()
        mapping = isinstance(self.here, dict)
        end = "}" if mapping else "]"
        kind, text, start = self._take()
        if text == end:
            self._close()
            return
        if self.here:
            if text != ",":
                raise BrokenJSONError(start, f"JSON: a comma or {end} was wanted, {_found(kind, text)} was found")
            kind, text, start = self._take()
            if text == end:
                raise BrokenJSONError(start, f"JSON: a comma stands before {end}: remove the comma")
        if not mapping:
            self._put(kind, text, start, None)
            return
        if kind != "text":
            raise BrokenJSONError(start, f"JSON: a key in double quotes was wanted, {_found(kind, text)} was found")
        place = self.source.place(start)
        found, colon, where = self._take()
        if colon != ":":
            raise BrokenJSONError(where, f"JSON: a colon was wanted after the key, {_found(found, colon)} was found")
        self._put(*self._take(), (self._decode(text, start), place))

    def _put(self, kind: str, text: str, start: int, entry: tuple[Any, int] | None) -> None:
        """Stores the value that a token begins; `entry` is its key with the place of the key."""
        if kind == "sign" and text not in "{[":
            raise BrokenJSONError(start, f"JSON: a value was wanted, {_found(kind, text)} was found")
        value: Any
        if kind == "sign":
            value = {} if text == "{" else []
        elif kind == "text":
            value = self._decode(text, start)
        else:
            value = _WORDS[text] if kind == "word" else self._number(text, start)
        if entry is None:
            self.here.append(value)
            place = self.source.place(start)
        else:
            key, place = entry
            if key in self.here:
                self.crooked.add(self.start)
                key = Again(key)
            self.here[key] = value
        self.positions.append(place | (kind != "sign"))
        if kind == "sign":
            self.stack.append((self.here, self.start))
            self.here, self.start = value, len(self.positions) - 1
            if len(self.stack) > self.limits.nesting:
                raise BrokenJSONError(start, f"nested deeper than {self.limits.nesting} levels", "limit")

    def _close(self) -> None:
        if self.start in self.crooked:
            self.positions[self.start :] = self.mappings.straighten(self.here, self.start)
        self.positions[self.start] |= len(self.positions) - self.start
        self.here, self.start = self.stack.pop()

    def _take(self) -> tuple[str, str, int]:
        kind, text, start, self.at = self.source.token(self.at)
        return kind, text, start

    def _decode(self, text: str, start: int) -> str:
        if len(text) - 2 > self.limits.scalar_characters:
            told = f"one value has {len(text) - 2:,} characters; at most {self.limits.scalar_characters:,} are read"
            raise BrokenJSONError(start, told, "limit")
        if "\\" not in text:
            return text[1:-1]
        # Half of a surrogate pair is no character and could not be printed: Kubernetes puts U+FFFD there, too.
        return _SURROGATE.sub("\ufffd", str(json.loads(text)))

    def _number(self, text: str, start: int) -> Any:
        number = resolve(text)
        if isinstance(number, str):
            raise BrokenJSONError(start, "JSON: the number is too large for any Kubernetes field", "number")
        return number

    def _checkpoint(self) -> None:
        if len(self.positions) <= self.check:
            return
        self.check = len(self.positions) + _CHECK_EVERY
        if len(self.positions) > self.limits.written_nodes:
            told = f"more than {self.limits.written_nodes:,} nodes in one document"
            raise BrokenJSONError(self.at, told, "limit")
        if time.thread_time() > self.source.deadline:
            told = f"reading took longer than {self.limits.seconds:g} s; the rest of the file is not examined"
            raise BrokenJSONError(self.at, told, "limit")


def _diagnosis(text: str, at: int) -> BrokenJSONError:
    """What is wrong where no token could be read."""
    head = text[at : at + 2]
    if not head:
        return BrokenJSONError(at, "JSON: the text ends too early; an end of an object, list or text is missing")
    if head in ("//", "/*") or head[0] == "#":
        return BrokenJSONError(at, "JSON: a comment stands here, but JSON has none: remove it, or name the file .yaml")
    if head[0] == "'":
        return BrokenJSONError(at, "JSON: a text wants double quotes")
    if head[0] == '"':
        part = _STRING_PART.match(text, at)
        return _broken_text(text, part.end() if part else at)
    name = _NAME.match(text, at)
    if name and name[0].lstrip("+-") in ("NaN", "Infinity", "nan", "inf", "Inf"):
        return BrokenJSONError(at, f"JSON: {name[0]} is no JSON number")
    found = "a word without quotes" if name else json.dumps(head[0])
    return BrokenJSONError(at, f"JSON: a value was wanted, {found} was found")


def _broken_text(text: str, at: int) -> BrokenJSONError:
    if at >= len(text) or text[at] in "\r\n":
        return BrokenJSONError(at, "JSON: a text is not closed; double quotes are missing before the end of the line")
    if text[at] == "\\":
        return BrokenJSONError(at, f"JSON: {json.dumps(text[at : at + 2])} is no escape that JSON knows")
    return BrokenJSONError(at, f"JSON: the control character U+{ord(text[at]):04X} must be written as an escape")


def _place(text: str, at: int) -> tuple[int, int]:
    lines = _BREAK.split(text[:at])
    return len(lines), len(lines[-1]) + 1


def _found(kind: str, text: str) -> str:
    """A token for a message; texts and numbers are not shown, they may be secret."""
    return {"text": "a text", "number": "a number"}.get(kind, json.dumps(text))
