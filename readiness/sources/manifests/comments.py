"""The comments of a YAML text that name a template or speak to this program.

A parser gives no comments, and a `#` may stand inside a text. So lines that hold one of the two words are looked at,
and the places of texts with a `#` of their own, which the parser did give, are left out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from readiness.sources.manifests.reading import Comment

_WORDS = re.compile(r"Source:|readiness:")
_SPOKEN = re.compile(r"#\s*(?:Source:|readiness:)")
_HASH = re.compile(r"(?<!\S)#")
_BREAK = re.compile(r"\r\n|\r|\n")


def find_comments(text: str, texts: Sequence[tuple[int, int]]) -> Iterator[Comment]:
    """Comments in the order of lines. `texts` are the places (first, one past the last) without comments, in order."""
    starts = [first for first, _ in texts]
    ends = list(accumulate((last for _, last in texts), max))
    line, counted, done = 1, 0, -1
    for word in _WORDS.finditer(text):
        if word.start() < done:
            continue
        begin = max(text.rfind("\n", counted, word.start()), text.rfind("\r", counted, word.start()), counted - 1) + 1
        stop = _BREAK.search(text, word.end())
        done = stop.start() if stop else len(text)
        line += len(_BREAK.findall(text, counted, begin))
        counted = begin
        for mark in _HASH.finditer(text, begin, done):
            near = bisect_right(starts, mark.start()) - 1
            if near >= 0 and mark.start() < ends[near]:
                continue
            if _SPOKEN.match(text, mark.start(), done):
                alone = not text[begin : mark.start()].strip()
                yield Comment(line, text[mark.start() + 1 : done].strip(), alone)
            break
