"""A stream of YAML documents, read as Kubernetes reads it; a broken document does not hide the others."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from typing import Any

import yaml
from yaml import events as ev
from yaml._yaml import CParser

from readiness.facts.document import SIZE_MASK, Document, pack, unpack
from readiness.sources.manifests.comments import find_comments
from readiness.sources.manifests.decoding import decode, find_unwanted
from readiness.sources.manifests.notices import encrypted, named
from readiness.sources.manifests.reading import DEFAULT_LIMITS, Limits, Problem, Reading
from readiness.sources.manifests.refused import Place, RefusedError
from readiness.sources.manifests.yaml_tree import Scalars, Tree, template_advice

_DOCUMENT = re.compile(r"(?<![^\r\n])---(?![^ \t\r\n])")
_TEMPLATE = re.compile(r"(?<![^\r\n])[ \t]*(?:-[ \t]+)?\{\{|:[ \t]+\{\{")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_EDITOR_BREAK = re.compile(r"\r\n|\r|\n")
_ONLY_YAML_BREAKS = re.compile("[\x85\u2028\u2029]")
_KNOWN, _PLAIN = Scalars(), Scalars(plain_keys=True)


def read_yaml(source: str | bytes, path: str, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """All documents of a YAML text that hold something, and what could not be read. Raises nothing for any input."""
    if isinstance(source, bytes):
        decoded = decode(source, path)
        if isinstance(decoded, Problem):
            return Reading(problems=(decoded,))
        text = decoded[0]
    else:
        text = source.removeprefix("\ufeff")
    unwanted = find_unwanted(text, path)
    return Reading(problems=(unwanted,)) if unwanted else _Stream(text, path, limits).read()


class _Stream:
    def __init__(self, text: str, path: str, limits: Limits) -> None:
        self.text = text
        self.path = path
        self.limits = limits
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.hidden: list[tuple[int, int]] = []
        """Places without comments: texts with a `#`, and what is behind an error."""
        self.met = 0
        self.begun = 0
        self.lines = 0
        self.deadline = time.thread_time() + limits.seconds
        self.places = _Places(text) if not text.isascii() and _ONLY_YAML_BREAKS.search(text) else None
        self._again: io.StringIO | None = None

    def read(self) -> Reading:
        offset: int | None = 0
        while offset is not None:
            offset = self._run(offset)
        self.hidden.sort()
        comments = tuple(find_comments(self.text, self.hidden)) if "#" in self.text else ()
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        return Reading(tuple(self.documents), tuple(problems), comments)

    def _run(self, offset: int) -> int | None:
        """Reads from a character on; returns where to go on after a document that is broken."""
        parser = CParser(self._from(offset))
        get: Callable[[], Any] = parser.get_event
        self.begun = offset
        try:
            while True:
                event = get()
                if event.__class__ is ev.DocumentStartEvent:
                    mark: Any = event.start_mark
                    self.begun = offset + mark.index
                    self._count(event)
                    self._document(get, offset)
                elif event is None or event.__class__ is ev.StreamEndEvent:
                    return None
        except RefusedError as error:
            at = self.begun if error.at < 0 else offset + error.at
            line = error.line if error.at < 0 else self.lines + error.line
            return self._broken(offset, at, line, error.column, error.kind, str(error), error.whole_file)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark or Place(1, 1)
            at, line, column = max(mark.index, 0), mark.line, mark.column
            told = _advice(error, self.lines, self.text[offset + at : offset + at + 1])
            return self._broken(offset, offset + at, self.lines + line + 1, column + 1, "syntax", told)
        except yaml.YAMLError as error:
            return self._broken(offset, self.begun, self.lines + 1, 1, "syntax", str(error))

    def _from(self, offset: int) -> Any:
        if offset == 0:
            return self.text
        if self._again is None:
            self._again = io.StringIO(self.text, newline="")
        self._again.seek(offset)
        return self._again

    def _count(self, event: Any) -> None:
        self.met += 1
        if self.met > self.limits.documents:
            told = f"more than {self.limits.documents:,} documents; the rest of the file is not examined"
            raise RefusedError(event.start_mark, "limit", told, whole_file=True)
        if time.thread_time() > self.deadline:
            told = f"reading took longer than {self.limits.seconds:g} s; the rest of the file is not examined"
            raise RefusedError(event.start_mark, "limit", told, whole_file=True)

    def _document(self, get: Callable[[], Any], offset: int) -> None:
        tree = Tree(get, _PLAIN if self.limits.plain_keys else _KNOWN, self.limits, self.deadline, self.lines)
        try:
            value = tree.build()
        finally:
            for line, column, kind, told in tree.notes:
                self._tell(line, column, kind, told, fatal=False)
            for first, last, block in tree.hashes:
                self._hide(offset + first, offset + last, block=block)
        if value is None:
            return
        line, column = unpack(tree.positions[0])
        if not isinstance(value, dict) and not (self.limits.lists and isinstance(value, list)):
            told = f"the document is {named(value)}; a Kubernetes object is a mapping (`key: value` lines)"
            self._tell(line, column, "non-object", told, fatal=True)
            return
        if self.places:
            self.places.correct(tree.positions)
            line, column = unpack(tree.positions[0])
        document = Document(value, self.path, line, tree.positions)
        self.documents.append(document)
        self.problems.extend(encrypted(document))

    def _hide(self, first: int, last: int, *, block: bool) -> None:
        """The head of a block (`|`, `>`) may carry a comment, its text may not."""
        if block:
            head = _BREAK.search(self.text, first)
            first = head.end() if head else last
        self.hidden.append((first, last))

    def _broken(
        self, offset: int, at: int, line: int, column: int, kind: str, message: str, whole_file: bool = False
    ) -> int | None:
        """Tells about a broken document and finds the next one."""
        found = None if whole_file else _DOCUMENT.search(self.text, max(at, self.begun + 1, offset + 1))
        end = found.start() if found else len(self.text)
        template = _TEMPLATE.search(self.text, self.begun, end) if kind == "syntax" else None
        if template:
            at = template.end() - 2
            message = template_advice(self.text[self.begun : end])
            line, column, kind = (*self._where(offset, at), "template")
        self._tell(line, column, kind, message, fatal=True)
        self.hidden.append((at, end))
        self.lines += len(_BREAK.findall(self.text, offset, end))
        return end if found else None

    def _where(self, offset: int, at: int) -> tuple[int, int]:
        begin = max((match.end() for match in _BREAK.finditer(self.text, offset, at)), default=offset)
        return self.lines + len(_BREAK.findall(self.text, offset, at)) + 1, at - begin + 1

    def _tell(self, line: int, column: int, kind: str, message: str, *, fatal: bool) -> None:
        if self.places:
            line, column = self.places.place(line, column)
        self.problems.append(Problem(self.path, line, column, kind, message, fatal))


class _Places:
    """Lines as an editor counts them, for texts with breaks that only YAML takes for one (U+0085, U+2028, U+2029)."""

    def __init__(self, text: str) -> None:
        self.starts: list[tuple[int, int]] = [(1, 0)]
        line, begin = 1, 0
        for match in _BREAK.finditer(text):
            if _EDITOR_BREAK.match(match[0]):
                line, begin = line + 1, match.end()
            self.starts.append((line, match.end() - begin))

    def place(self, line: int, column: int) -> tuple[int, int]:
        editor, shift = self.starts[min(line, len(self.starts)) - 1]
        return editor, column + shift

    def correct(self, positions: Any) -> None:
        for index, entry in enumerate(positions):
            line, column = self.place(*unpack(entry))
            positions[index] = pack(line, column, entry & SIZE_MASK)


def _advice(error: yaml.MarkedYAMLError, lines: int, found: str) -> str:
    """The parser's complaint, where it began, and what usually helps."""
    told = f"YAML: {error.problem or 'not readable'}"
    if error.context:
        told += f" {error.context}"
        if error.context_mark and error.problem_mark and error.context_mark.line != error.problem_mark.line:
            told += f" that begins on line {lines + error.context_mark.line + 1}"
    if found == "\t":
        return told + "; a tab stands where only blanks may: indent with blanks"
    if found in ("@", "`", "%", "*", "&", "!"):
        return told + f"; a text that begins with {found} needs quotes"
    return told + "; check the indentation and quotes here and in the line before"
