"""Migrations by Alembic, rendered offline to SQL: each revision on its own, by the command that the settings declare.

Which revisions there are is read from their files without running them. What a revision does only while it is
connected cannot be rendered: it would be left out in silence, so its words are looked for and refused.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.config.deploy import AlembicSettings
from readiness.sources import programs
from readiness.sources.redaction import Redactor
from readiness_deploy.migrations.alembic_connected import connected
from readiness_deploy.migrations.model import BadMigrations, Dialect, Judgement, Kind, Migration, Statement
from readiness_deploy.migrations.sqlfolder import checksum, judge_all, mixed, preconditions
from readiness_deploy.migrations.statements import Piece, Uncut, cut

BOUNDS = programs.Bounds(seconds=60, memory=1 << 30, output=8 << 20)
_FRAME = ("BEGIN", "COMMIT")
_WORD = r'(?:"(?:[^"]|"")+"|\w+)'
_TABLE = rf"(?P<table>(?:{_WORD}\.)?{_WORD})"
_MADE = re.compile(
    rf"CREATE TABLE {_TABLE} \( version_num VARCHAR\(\d+\) NOT NULL"
    rf"(?:, CONSTRAINT {_WORD} PRIMARY KEY \(version_num\))? \)"
)
_BEGUN = re.compile(
    rf"INSERT INTO {_TABLE} \(version_num\) VALUES \('(?P<id>[^']+)'\)(?: RETURNING (?:(?P=table)\.)?version_num)?"  # noqa: S608
)
_MOVED = re.compile(
    rf"UPDATE {_TABLE} SET version_num='(?P<id>[^']+)' WHERE (?P=table)\.version_num = '(?P<after>[^']+)'"  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One file of the versions folder, by what it says of itself."""

    id: str
    after: str  # empty for the first
    shown: str
    text: str


def chain(root: Path, settings: AlembicSettings) -> tuple[Revision, ...]:
    """The revisions, oldest first. Raises BadMigrations where they are no single line."""
    folder = root / settings.versions
    if not folder.is_dir():
        raise BadMigrations(
            [f"{settings.versions}: wanted a folder of revisions: correct `migrations.alembic.versions`"]
        )
    faults: list[str] = []
    by_before: dict[str, Revision] = {}
    ids: dict[str, str] = {}
    for path in sorted(folder.glob("*.py")):
        revision = _revision(path, root, faults)
        if revision is None:
            continue
        if revision.id in ids:
            faults.append(f"{revision.shown}:1: {ids[revision.id]} is revision {revision.id} too")
        ids[revision.id] = revision.shown
        twin = by_before.setdefault(revision.after, revision)
        if twin is not revision:
            what = f"{twin.shown} follows {revision.after or 'nothing'} too, so there are two heads"
            faults.append(f"{revision.shown}:1: {what}: let one follow the other")
    ordered = tuple(_ordered(by_before))
    lost = sorted(set(ids) - {r.id for r in ordered})
    faults.extend(f"{ids[i]}:1: revision {i} does not descend from the first one" for i in lost if not faults)
    if faults:
        raise BadMigrations(faults)
    return ordered


def _ordered(by_before: Mapping[str, Revision]) -> Iterator[Revision]:
    at, seen = "", set[str]()
    while at not in seen and at in by_before:
        seen.add(at)
        yield by_before[at]
        at = by_before[at].id


def _revision(path: Path, root: Path, faults: list[str]) -> Revision | None:
    shown = str(path.relative_to(root))
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError) as fault:
        faults.append(f"{shown}:{getattr(fault, 'lineno', None) or 1}: it is no Python that can be read")
        return None
    said = dict(_assigned(tree))
    if not isinstance(said.get("revision"), str):
        if "revision" in said or "down_revision" in said:
            faults.append(f'{shown}:1: wanted `revision = "…"`, found something else')
        return None
    after = said.get("down_revision")
    if not (after is None or isinstance(after, str)) or said.get("depends_on"):
        faults.append(f"{shown}:1: wanted one revision before it, found a merge or a dependency: make it a single line")
        return None
    return Revision(str(said["revision"]), after or "", shown, text)


def _assigned(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                try:
                    yield target.id, ast.literal_eval(node.value)
                except ValueError:
                    yield target.id, ...


def read_alembic(
    root: Path,
    settings: AlembicSettings,
    declared: Mapping[str, Kind],
    dialect: Dialect,
    environment: Mapping[str, str],
    known: Collection[str],
) -> tuple[Migration, ...]:
    """The revisions as migrations, oldest first; those that are `known` are not rendered. Raises BadMigrations."""
    faults: list[str] = []
    found = [
        _migration(root, settings, revision, declared, dialect, environment, faults)
        if revision.id not in known
        else Migration(id=revision.id, checksum=checksum(revision.text), file=revision.shown, read=False)
        for revision in chain(root, settings)
    ]
    if faults:
        raise BadMigrations(faults)
    return tuple(found)


def _migration(
    root: Path,
    settings: AlembicSettings,
    revision: Revision,
    declared: Mapping[str, Kind],
    dialect: Dialect,
    environment: Mapping[str, str],
    faults: list[str],
) -> Migration:
    statements: tuple[Statement, ...] = ()
    asks = "" if revision.id in declared else connected(root, settings.versions, revision.shown, revision.text)
    if asks:
        faults.append(
            f"{asks}, so what it does cannot be rendered: "
            "write it as SQL, or have a person answer for it under `migrations.declared`"
        )
    else:
        sql = _rendered(root, settings, revision, environment, faults)
        statements = _statements(sql, revision, dialect, faults) if sql is not None else ()
    return Migration(
        id=revision.id,
        checksum=checksum(revision.text),
        file=revision.shown,
        statements=statements,
        preconditions=preconditions(revision.text, revision.shown, faults),
        declared=declared.get(revision.id),
    )


def _rendered(
    root: Path, settings: AlembicSettings, revision: Revision, environment: Mapping[str, str], faults: list[str]
) -> str | None:
    places = {"{from}": revision.after or "base", "{to}": revision.id, "{python}": sys.executable}
    command = [_filled(word, places) for word in settings.render]
    program = _program(command[0], root)
    if program is None:
        faults.append(f"{revision.shown}:1: {programs.missing(command[0], 'its SQL cannot be rendered')}")
        return None
    ran = programs.run(program, command[1:], cwd=root, environment=environment, bounds=BOUNDS)
    if not ran.ok:
        # Of a traceback the end says what it was. Secrets go first: half of one would not be known again.
        lines = Redactor(environment)(ran.fault or ran.err.decode("utf-8", "replace")).strip().splitlines()
        said = programs.words(lines[-1].encode(), 300) if lines else "no word of why"
        faults.append(
            f"{revision.shown}:1: its SQL cannot be rendered ({said}): what needs a connection has to be written as SQL"
        )
        return None
    return ran.out.decode("utf-8", "replace")


def _filled(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _program(name: str, root: Path) -> str | None:
    """A program by its absolute path, by its path in the release's folder, or by name on PATH."""
    if "/" in name:
        path = root / name
        return str(path) if path.is_file() else None
    return programs.find(name)


def _statements(sql: str, revision: Revision, dialect: Dialect, faults: list[str]) -> tuple[Statement, ...]:
    """The rendered statements. Alembic's own frame is left out: the transaction is ours, and its table stays in it."""
    try:
        pieces: Sequence[Piece] = list(cut(sql, dialect))
    except Uncut as fault:
        faults.append(f"{revision.shown}:1: what it was rendered to is no SQL: {fault}")
        return ()
    pieces = [p for p in pieces if len(p.words) != 1 or p.words[0] not in _FRAME]
    account = _account(pieces, revision)
    if not account:
        faults.append(
            f"{revision.shown}:1: it was rendered without a change of Alembic's own table to {revision.id}: "
            "is the command right?"
        )
    rest = judge_all((p for p in pieces if p not in account), dialect)
    found = []
    for piece in pieces:
        _, judgement, index = (piece, Judgement(kind=Kind.EXPAND), None) if piece in account else next(rest)
        found.append(
            Statement(
                text=piece.text,
                file=revision.shown,
                line=1,
                judgement=judgement,
                index=index,
                bookkeeping=piece in account,
            )
        )
    statements = tuple(found)
    faults.extend(mixed(statements))
    return statements


def _account(pieces: Sequence[Piece], revision: Revision) -> tuple[Piece, ...]:
    """What keeps Alembic's own table, in exactly its words: its last change, to this revision, and its making."""
    form = _MOVED if revision.after else _BEGUN
    for piece in reversed(pieces):
        last = form.fullmatch(_plain(piece))
        if last and (last["id"], last.groupdict().get("after", "")) == (revision.id, revision.after):
            made = (p for p in pieces if (m := _MADE.fullmatch(_plain(p))) and m["table"] == last["table"])
            return (*made, piece)
    return ()


def _plain(piece: Piece) -> str:
    return " ".join(piece.text.split())
