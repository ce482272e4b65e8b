"""Migrations as a folder of SQL files, applied in the order of their names.

A migration's id is its file's name without `.sql`. A comment `-- precondition: SELECT …` holds a query that must return
one true value when the migration is about to be applied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from readiness_deploy.migrations.judging import Judge
from readiness_deploy.migrations.model import (
    BadMigrations,
    Dialect,
    Index,
    Judgement,
    Kind,
    Migration,
    Precondition,
    Statement,
)
from readiness_deploy.migrations.statements import Piece, Uncut, cut

LARGEST = 4 << 20
# A comment that begins with the word, and a line that does and goes on with a colon: which is within a comment of more.
_PRECONDITION = re.compile(
    r"(?:(?P<line>(?<!-)--|(?<!\#)\#)[-\# \t]*|/\*[*\s]*|^[ \t*]*(?=pre-?conditions?[ \t]*:))"
    r"(?P<said>pre-?conditions?\b.*?)[ \t\r;]*(?P<end>\*/.*)?$",
    re.M | re.I,
)
_QUERY = re.compile(r"precondition[ \t]*:[ \t]*(select\b.*?)[ \t\r;]*", re.I)
_ENDED = re.compile(r"\n[ \t\r*]*(?:\*/|\n|\"{3}|'{3}|precondition\b)", re.I)
_LITERAL = re.compile(r"[A-Z&]{0,2}'.*|\$.*\$|[\d.].*", re.S)
_NUMBER = re.compile(r"\d+")
_NOTES = (".md", ".txt")


def read_folder(
    folder: Path, root: Path, declared: Mapping[str, Kind], dialect: Dialect, known: Collection[str] = ()
) -> tuple[Migration, ...]:
    """The migrations of a folder, oldest first; those that are `known` are not judged. Raises BadMigrations."""
    faults: list[str] = []
    found = []
    for path in files(folder, root, faults):
        shown = str(path.relative_to(root))
        text = _text(path, shown, faults)
        if text is None:
            continue
        if path.stem in known:
            found.append(Migration(id=path.stem, checksum=checksum(text), file=shown, read=False))
            continue
        told = len(faults)
        statements = judged(text, shown, dialect, faults)
        if not statements and len(faults) == told:
            faults.append(f"{shown}:1: wanted statements, found none: write one, or take the file away")
        found.append(
            Migration(
                id=path.stem,
                checksum=checksum(text),
                file=shown,
                statements=statements,
                preconditions=preconditions(text, shown, faults),
                declared=declared.get(path.stem),
            )
        )
    if faults:
        raise BadMigrations(faults)
    return tuple(found)


def files(folder: Path, root: Path, faults: list[str]) -> tuple[Path, ...]:
    """The files of a folder in the order in which they are applied; what does not belong there is a fault."""
    shown = folder.relative_to(root)
    if not folder.is_dir():
        raise BadMigrations([f"{shown}: wanted a folder of SQL files, found none: correct `migrations.sql`"])
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and p.suffix not in _NOTES)
    chosen = []
    for name in names:
        if not name.endswith(".sql") or (folder / name).is_symlink() or not (folder / name).is_file():
            faults.append(f"{shown / name}: wanted files that end in .sql and nothing else: take it away")
        elif re.search(r"[._-](down|undo|rollback)\.sql$", name):
            faults.append(f"{shown / name}: it undoes a migration, and nothing is ever undone here: take it away")
        else:
            chosen.append(name)
    faults.extend(_disorder(chosen, str(shown)))
    return tuple(folder / name for name in chosen)


def _disorder(names: list[str], shown: str) -> Iterator[str]:
    """Two files of one number or name, and numbers that sort otherwise than they count."""
    before: tuple[int, str] | None = None
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            yield f"{shown}/{name}: {twin} differs from it in capitals only: give one of them another name"
        number = _NUMBER.match(name)
        if number is None:
            continue
        count = int(number[0])
        if before and count == before[0]:
            yield f"{shown}/{name}: {before[1]} has the number {count} too: give one of them another"
        elif before and count < before[0]:
            yield f"{shown}/{name}: by its name it comes after {before[1]}: write numbers with zeros before them"
        before = (count, name)


def _text(path: Path, shown: str, faults: list[str]) -> str | None:
    try:
        data = path.read_bytes()
        if len(data) > LARGEST:
            faults.append(f"{shown}:1: wanted at most {LARGEST >> 20} MiB, found {len(data) >> 20} MiB: cut it up")
            return None
        text = data.decode("utf-8")
    except OSError as fault:
        faults.append(f"{shown}: it cannot be read ({fault.strerror})")
        return None
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        faults.append(f"{shown}:{line}: wanted UTF-8, found the byte {data[fault.start]:#04x}: save it as UTF-8")
        return None
    if text.startswith("\ufeff") or "\0" in text:
        what = "a byte order mark" if text.startswith("\ufeff") else "a zero byte"
        line = 1 if text.startswith("\ufeff") else text.count("\n", 0, text.index("\0")) + 1
        faults.append(f"{shown}:{line}: wanted plain text, found {what}: save it without")
        return None
    return text


def judged(text: str, shown: str, dialect: Dialect, faults: list[str]) -> tuple[Statement, ...]:
    """The statements of one migration with what is said of each."""
    try:
        pieces = list(cut(text, dialect))
    except Uncut as fault:
        faults.append(f"{shown}:{fault.line}: {fault}")
        return ()
    statements = tuple(
        Statement(text=piece.text, file=shown, line=piece.line, judgement=judgement, index=index)
        for piece, judgement, index in judge_all(pieces, dialect)
    )
    faults.extend(mixed(statements))
    return statements


def judge_all(pieces: Iterable[Piece], dialect: Dialect) -> Iterator[tuple[Piece, Judgement, Index | None]]:
    """What is said of each. Rows upon rows that differ in their values alone are judged once, since parsing is slow."""
    judge = Judge(dialect)
    alike: dict[tuple[str, ...], Judgement] = {}
    for piece in pieces:
        shape = tuple("?" if _LITERAL.fullmatch(word) else word for word in piece.words)
        judgement, index = alike.get(shape), None
        if judgement is None:
            judgement, index = judge.judge(piece)
            if piece.words[0] != "INSERT" or not {"SELECT", "WITH", "TABLE"}.isdisjoint(piece.words):
                alike.clear()  # after it the same may be judged otherwise
            elif judgement.kind is Kind.DATA:
                alike[shape] = judgement
        yield piece, judgement, index


def mixed(statements: tuple[Statement, ...]) -> Iterator[str]:
    """What cannot run in a transaction must stand alone: nothing of it is undone when another statement fails."""
    outside = [s for s in statements if s.index]
    inside = [s for s in statements if not s.index and not s.bookkeeping]
    if outside and inside:
        yield (
            f"{outside[0].place}: it cannot run in a transaction, and {inside[0].place} must: "
            "give them migrations of their own"
        )


def preconditions(text: str, shown: str, faults: list[str]) -> tuple[Precondition, ...]:
    """The queries in comments `precondition: SELECT …`; one that cannot be read is a fault, and never passed over."""
    found = []
    for comment in _PRECONDITION.finditer(text):
        place = f"{shown}:{text.count(chr(10), 0, comment.start('said')) + 1}"
        query = _QUERY.fullmatch(comment["said"])
        ended = comment["line"] or comment["end"] or _ENDED.match(text, comment.end())
        if query is None or "/*" in query[1] or not ended:
            faults.append(f"{place}: wanted `precondition: SELECT …` on one line, found {comment['said'][:60]!r}")
            continue
        found.append(Precondition(text=query[1], place=place))
    return tuple(found)


def checksum(text: str) -> str:
    """Of the text as it stands, whatever ends its lines."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()
