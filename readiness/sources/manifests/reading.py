"""What a reader of text gives back, and the bounds it keeps."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.facts.document import SIZE_MASK, Document

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file. What exceeds one becomes a problem that names it; nothing is cut off in silence."""

    file_bytes: int = 5 * MIB
    """Size of a file. Whoever opens the file compares its size with this before reading."""
    documents: int = 5_000
    nesting: int = 100
    written_nodes: int = 2_000_000
    """Nodes of one document as it is written."""
    expanded_nodes: int = 200_000
    """Nodes that aliases add to one document."""
    merged_keys: int = 100_000
    """Keys that merges (`<<`) carry into mappings of one document."""
    scalar_characters: int = MIB
    seconds: float = 5.0
    """Processor time for one file: a busy machine does not turn a good file into a bad one."""
    duplicates: int = 100
    """Duplicate keys of one document that are told one by one; the rest is counted."""
    plain_keys: bool = False
    """Whether a plain key is its own text, as in settings (`on`), and not what Kubernetes makes of it (`true`)."""
    lists: bool = False
    """Whether a document may be a list, as a JSON Patch is. No Kubernetes object is one."""

    def __post_init__(self) -> None:
        if self.written_nodes + self.expanded_nodes > SIZE_MASK:
            raise ValueError(f"written_nodes + expanded_nodes must not exceed {SIZE_MASK:,}")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that was not read as written.

    `line` and `column` count from 1. A fatal problem means that the document at that place is missing from the reading;
    after one in JSON, and after `encoding` and those of kind `limit` that say so, the rest of the file is missing, too.

    - `syntax`, `encoding`, `limit`, `alias` (unknown, cyclic, or a merge of something that is no mapping), `number`
      (infinite or not a number), `template` (text for Helm to render), `non-object`: fatal;
    - `tag`: fatal where the value does not fit the tag; else the tag was ignored, as Kubernetes ignores it;
    - `duplicate-key`, `encrypted`, `concatenated`, `byte-order-mark`: not fatal, the document is there.
    """

    path: str
    line: int
    column: int
    kind: str
    message: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that names a template (`# Source: …`) or speaks to this program (`# readiness: …`).

    `line` counts from 1. `text` is what follows the `#`, without blanks around it. `alone` says that nothing else is on
    the line.
    """

    line: int
    text: str
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one file says: the documents that hold something, problems and comments, each in the order of lines.

    A file without documents and without problems is an empty file.
    """

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
