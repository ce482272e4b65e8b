"""One YAML document, from parser events to a value and its positions.

Nothing here recurses, and every alias and merge is paid for before it is expanded.
"""

from __future__ import annotations

import math
import re
import time
from array import array
from collections.abc import Callable
from typing import Any

from yaml import events as ev

from readiness.facts.document import COLUMN_MASK, LINE_SHIFT, SIZE_BITS, SIZE_MASK, unpack
from readiness.sources.manifests import scalars
from readiness.sources.manifests.mappings import Again, Mappings, Merge
from readiness.sources.manifests.reading import Limits
from readiness.sources.manifests.refused import Place, RefusedError, shorten

HELM_WORDS = re.compile(
    r"\{\{-?\s*(?:/\*|\(|\$?\.(?:Values|Release|Chart|Capabilities|Files|Template)\b)"
    r"|(?<!\$)\{\{-?\s*(?:include|template|define|toYaml|tpl|if|else|with|range|end)\b"
)
TEMPLATE_ADVICE = (
    "this is a Helm template, not a manifest: render the chart (give the folder of Chart.yaml, or `helm template`)"
)
_OTHER_TEMPLATE_ADVICE = "this is a template, not a manifest: render it, and check what comes out of it"
_SHORT = 128
_MANY = 50_000
_CHECK_EVERY = 4_096


class Scalars:
    """Values and keys of plain scalars met before: most texts of a manifest are repeated."""

    def __init__(self, *, plain_keys: bool = False) -> None:
        self._plain_keys = plain_keys
        self.values: dict[str, scalars.Scalar] = {}
        self.keys: dict[str, str] = {}

    def value(self, event: Any, limits: Limits) -> scalars.Scalar:
        text: str = event.value
        _refuse_unreadable(event, text, limits)
        value = scalars.resolve(text)
        _refuse_infinite(event, value)
        if len(text) < _SHORT:
            if len(self.values) >= _MANY:
                self.values.clear()
            self.values[text] = value
        return value

    def key(self, event: Any, limits: Limits) -> str:
        text: str = event.value
        _refuse_unreadable(event, text, limits)
        key = text if text and self._plain_keys else _key(event, lambda: scalars.resolve_key(text))
        if len(text) < _SHORT:
            if len(self.keys) >= _MANY:
                self.keys.clear()
            self.keys[text] = key
        return key


class Tree:
    """Builds one document. `notes` are (line, column, kind, message) of what was read, but not as written.

    `hashes` are (first, last, block) of scalars that hold a `#` of their own: characters of the parser's input, and
    whether it is a block (`|`, `>`).
    """

    def __init__(self, get: Callable[[], Any], known: Scalars, limits: Limits, deadline: float, lines: int = 0) -> None:
        self.get = get
        self.known = known
        self.limits = limits
        self.deadline = deadline
        self.lines = lines
        self.positions: array[int] = array("Q")
        self.hashes: list[tuple[int, int, bool]] = []
        self._anchors: dict[str, tuple[Any, int | array[int]]] = {}
        self._movable: list[tuple[int, str]] = []
        self._crooked: set[int] = set()
        self._expanded = 0
        self._mappings = Mappings(self.positions, limits)
        self.notes = self._mappings.notes

    def build(self) -> Any:
        """Reads events up to the end of the document and returns its value; raises `RefusedError` and PyYAML's errors.

        One long loop, because a call per node would double the time; whatever is rare is done elsewhere.
        """
        get, positions, known = self.get, self.positions, self.known
        append, keys, values, crooked = positions.append, known.keys, known.values, self._crooked
        lines = self.lines + 1
        root: list[Any] = []
        here: Any = root
        mapping, start = False, -1
        key: Any = None
        stack: list[tuple[Any, bool, int]] = []
        check = _CHECK_EVERY
        while True:
            event = get()
            kind = event.__class__
            if len(positions) > check:
                check = len(positions) + _CHECK_EVERY
                self._checkpoint(event)
            if mapping:
                if kind is ev.MappingEndEvent:
                    if crooked and start in crooked:
                        self._straighten(here, start)
                    positions[start] |= len(positions) - start
                    here, mapping, start = stack.pop()
                    continue
                mark = event.start_mark
                if kind is ev.ScalarEvent and not event.style and event.tag is None and event.anchor is None:
                    key = keys.get(event.value)
                    if key is None:
                        key = self._new_key(event, start)
                else:
                    key = self._odd_key(event, start)
                if key in here:
                    crooked.add(start)
                    key = Again(key)
                event = get()
                kind = event.__class__
            else:
                if kind is ev.SequenceEndEvent:
                    positions[start] |= len(positions) - start
                    here, mapping, start = stack.pop()
                    continue
                if kind is ev.DocumentEndEvent:
                    return root[0]
                mark = event.start_mark
            column = mark.column + 1
            at = mark.line + lines << LINE_SHIFT | (column if column < COLUMN_MASK else COLUMN_MASK) << SIZE_BITS
            value: Any
            if kind is ev.ScalarEvent:
                text = event.value
                if event.style or event.tag is not None or event.anchor is not None:
                    value = self._odd_scalar(event)
                elif text in values:
                    value = values[text]
                else:
                    value = known.value(event, self.limits)
                append(at | 1)
            elif kind is ev.AliasEvent:
                value = self._alias(event, at)
            else:
                value = {} if kind is ev.MappingStartEvent else []
                if event.anchor is not None or event.tag is not None:
                    self._odd_container(event, value)
                if mapping:
                    here[key] = value
                else:
                    here.append(value)
                stack.append((here, mapping, start))
                here, mapping, start = value, kind is ev.MappingStartEvent, len(positions)
                append(at)
                if len(stack) > self.limits.nesting:
                    raise RefusedError(event.start_mark, "limit", f"nested deeper than {self.limits.nesting} levels")
                continue
            if mapping:
                here[key] = value
            else:
                here.append(value)

    def _checkpoint(self, event: Any) -> None:
        if len(self.positions) - self._expanded > self.limits.written_nodes:
            raise RefusedError(
                event.start_mark, "limit", f"more than {self.limits.written_nodes:,} nodes in one document"
            )
        if time.thread_time() > self.deadline:
            told = f"reading took longer than {self.limits.seconds:g} s; the rest of the file is not examined"
            raise RefusedError(event.start_mark, "limit", told, whole_file=True)

    def _new_key(self, event: Any, start: int) -> str | Merge:
        if event.value == "<<":
            self._crooked.add(start)
            return Merge()
        return self.known.key(event, self.limits)

    def _odd_key(self, event: Any, start: int) -> str | Merge:
        """A key with quotes, tag, anchor or alias; anything but a scalar is refused, as Kubernetes does."""
        if event.__class__ is ev.AliasEvent:
            value = self._anchored(event)[0]
            if not isinstance(value, dict | list):
                return _key(event, lambda: scalars.key_text(value))
        elif event.__class__ is ev.ScalarEvent:
            if event.value == "<<" and (event.tag == scalars.MERGE_TAG or (event.tag is None and not event.style)):
                self._crooked.add(start)
                return Merge()
            if event.tag is None and not event.style:
                key = self.known.key(event, self.limits)
            else:
                plain = self._tagged(event)
                key = _key(event, lambda: scalars.key_text(plain))
            if event.anchor is not None:
                self._anchors[event.anchor] = (key, array("Q", [1]))
            return key
        raise RefusedError(
            event.start_mark, "syntax", "a mapping key is a list or a mapping; Kubernetes wants a text there"
        )

    def _odd_scalar(self, event: Any) -> scalars.Scalar:
        if event.tag is None and not event.style:
            value = self.known.value(event, self.limits)
        else:
            value = self._tagged(event)
            _refuse_infinite(event, value)
        self._anchor(event, value)
        return value

    def _tagged(self, event: Any) -> scalars.Scalar:
        """The value of a scalar that is quoted, a block, or has a tag."""
        text: str = event.value
        if len(text) > self.limits.scalar_characters:
            _refuse_unreadable(event, text, self.limits)
        if "#" in text:
            mark = event.start_mark
            self.hashes.append((mark.index, event.end_mark.index, event.style in ("|", ">")))
        if event.tag is None or event.tag == "!":
            return text
        self._note_tag(event)
        try:
            return scalars.resolve_tagged(event.tag, text)
        except scalars.UnreadableScalarError as error:
            raise RefusedError(event.start_mark, "tag", str(error)) from error

    def _note_tag(self, event: Any) -> None:
        if event.tag is not None and not scalars.is_known_tag(event.tag):
            mark = event.start_mark
            told = f"the tag {shorten(event.tag)} means nothing to Kubernetes: a text stays a text, a mapping a mapping"
            self.notes.append((mark.line + self.lines + 1, mark.column + 1, "tag", told))

    def _odd_container(self, event: Any, value: Any) -> None:
        """A mapping or list with an anchor or a tag; until it ends, its anchor stands for itself."""
        self._note_tag(event)
        self._anchor(event, value)

    def _anchor(self, event: Any, value: Any) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, len(self.positions))
            self._movable.append((len(self.positions), event.anchor))

    def _anchored(self, event: Any) -> tuple[Any, int | array[int]]:
        if event.anchor not in self._anchors:
            told = f"the alias *{shorten(event.anchor)} has no anchor before it in this document"
            raise RefusedError(event.start_mark, "alias", told)
        value, at = self._anchors[event.anchor]
        if isinstance(at, int) and isinstance(value, dict | list) and not self.positions[at] & SIZE_MASK:
            raise RefusedError(
                event.start_mark, "alias", f"cyclic alias: *{shorten(event.anchor)} stands inside itself"
            )
        return value, at

    def _alias(self, event: Any, at: int) -> Any:
        value, source = self._anchored(event)
        size = len(source) if isinstance(source, array) else self.positions[source] & SIZE_MASK
        self._expand(size, event.start_mark)
        copy = source[:] if isinstance(source, array) else self.positions[source : source + size]
        copy[0] = at | size
        self.positions.extend(copy)
        return value

    def _expand(self, size: int, mark: Any) -> None:
        self._expanded += size
        if self._expanded > self.limits.expanded_nodes:
            told = f"alias expansion > {self.limits.expanded_nodes:,} nodes; this is not read any further"
            raise RefusedError(mark, "limit", told)

    def _straighten(self, here: dict[Any, Any], start: int) -> None:
        straight = self._mappings.straighten(here, start)
        while self._movable and self._movable[-1][0] > start:
            at, name = self._movable.pop()
            value, current = self._anchors[name]
            # The positions of this anchor are about to move; it keeps a copy, unless nothing can refer to it any more.
            if current == at and start > 0:
                size = self.positions[at] & SIZE_MASK
                self._expand(size, Place(*unpack(self.positions[at])))
                self._anchors[name] = (value, self.positions[at : at + size])
        self.positions[start:] = straight


def template_advice(text: str) -> str:
    """What to do with a template: Helm has words of its own; `{{ name }}` may belong to anything."""
    return TEMPLATE_ADVICE if HELM_WORDS.search(text) else _OTHER_TEMPLATE_ADVICE


def _refuse_unreadable(event: Any, text: str, limits: Limits) -> None:
    if len(text) > limits.scalar_characters:
        told = f"one value has {len(text):,} characters; at most {limits.scalar_characters:,} are read"
        raise RefusedError(event.start_mark, "limit", told)
    if "{{" in text and HELM_WORDS.search(text):
        raise RefusedError(event.start_mark, "template", TEMPLATE_ADVICE)


def _refuse_infinite(event: Any, value: scalars.Scalar) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        told = f"{event.value} is no number that Kubernetes takes; put it in quotes if a text is meant"
        raise RefusedError(event.start_mark, "number", told)


def _key(event: Any, make: Callable[[], str]) -> str:
    try:
        return make()
    except scalars.UnreadableScalarError as error:
        raise RefusedError(event.start_mark, "syntax", str(error)) from error
