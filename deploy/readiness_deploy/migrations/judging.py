"""What kind a statement is: judged by its syntax tree, against a list of what is known to be harmless.

Rules for locks are those of PostgreSQL 12 and later (its documentation of ALTER TABLE, CREATE INDEX and explicit
locking): what reads or rewrites a table while nobody may write to it is refused, even if the old version would not
mind the result. What is not on the list is refused; the list is not of dangers, but of what is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from readiness_deploy.migrations import judging_tables
from readiness_deploy.migrations.judgements import DECLARE, contract, expand, refused
from readiness_deploy.migrations.judging_locks import Locks
from readiness_deploy.migrations.judging_names import (
    Key,
    belongs_to_ledger,
    catalogued,
    exact,
    grammar,
    key,
    may_fail,
    restore_types,
    unknown_functions,
    writes,
)
from readiness_deploy.migrations.model import Dialect, Index, Judgement, Kind
from readiness_deploy.migrations.statements import Piece, cut

if TYPE_CHECKING:
    from sqlglot import exp

_OURS = ("readiness_migrations", "readiness_epoch")
_FRAMES = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE"})
# What a tree of another shape than expected brings: it was made by the parser, of a text that anybody may have written.
_STRANGE = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
# Names, texts and comments, within which no form is looked for; then each form, by the first word of its statement.
_ASIDE = r"""("[^"]*"|'[^']*'|--[^\n]*|/\*.*?\*/)|"""
_ALIKE: dict[Dialect, tuple[tuple[str, str, str], ...]] = {
    "postgres": (
        ("COMMENT", r"\bIS\s+NULL$", "IS ''"),
        ("CREATE", r"\bNULLS\s+NOT\s+DISTINCT\b", ""),
        ("ALTER", r"\bBIT\s+VARYING\b", "varbit"),
        ("ALTER", r"\b(INTERVAL\s+(?:\w+\s+TO\s+)?SECOND)\s*\(\s*\d+\s*\)", r"\2"),
        ("ALTER", r"\bADD\s+CHECK\b", "ADD CONSTRAINT unnamed CHECK"),
    ),
    "sqlite": (
        ("UPDATE", r"^UPDATE\s+OR\s+IGNORE\b", "UPDATE"),
        ("REPLACE", r"^REPLACE\b", "INSERT OR REPLACE"),
        ("CREATE", r"\b(INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?)main\s*\.\s*", r"\2"),
    ),
}
_GONE = "rows that are deleted do not come back when the release is taken back"


class Judge:
    """Judges the statements of one migration, in their order: tables that it made itself may be changed freely, and
    what takes long is refused once an earlier statement has locked a table that others use."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._fresh: set[Key] = set()
        self._locks = Locks(self._fresh)

    def judge(self, piece: Piece) -> tuple[Judgement, Index | None]:
        """What is said of a statement, and the index it builds or drops beside other work."""
        framed = _frame(piece.words)
        if framed:
            return framed, None
        piece = _known(piece, self._dialect)
        try:
            judgement, index = self._judged(piece)
        except _STRANGE as fault:
            judgement, index = refused(f"it is not understood ({type(fault).__name__}: {str(fault)[:120]})"), None
        if self._dialect == "postgres" and not (index or judgement.structural) and _beside(piece):
            return refused(
                "it cannot run in a transaction, and of this form it is not known how to see whether it took effect",
                "do it by hand, beside a deploy, then `readiness migrate --adopt ID`",
                structural=True,
            ), None
        return judgement, index

    def _judged(self, piece: Piece) -> tuple[Judgement, Index | None]:
        tree = self._parsed(piece)
        if belongs_to_ledger(piece.words, _OURS, code=isinstance(tree, Judgement) or _holds_code(tree)):
            return refused("the ledger is written by nobody else", "leave it out", structural=True), None
        if isinstance(tree, Judgement):
            return tree, None
        late = self._locks.late(tree, piece.words) if self._dialect == "postgres" else None
        judgement = self._of(tree, piece)
        if judgement.kind is not Kind.REFUSED:
            judgement = _named(tree) or late or judgement
        return judgement, _index(tree, judgement, self._dialect)

    def _parsed(self, piece: Piece) -> exp.Expr | Judgement:
        import logging

        import sqlglot
        from sqlglot.errors import SqlglotError

        logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it says aloud what it hands over as a Command
        try:
            trees = [t for t in sqlglot.parse(piece.text, read=grammar(self._dialect)) if t is not None]
        except SqlglotError as fault:
            return refused(f"it is not understood ({str(fault).splitlines()[0][:120]})")
        if len(trees) == 1:
            if self._dialect == "postgres" and isinstance(trees[0], sqlglot.exp.Alter):
                restore_types(trees[0], piece.text)
            return trees[0]
        # What is complete was said by SQLite itself (the body of a trigger), or is a function BEGIN ATOMIC … END.
        if self._dialect == "sqlite" or "ATOMIC" in piece.words:
            return judging_tables.by_words(piece.words, self._dialect)
        return refused("it is not one statement", "write one statement after the other", structural=True)

    def _of(self, tree: exp.Expr, piece: Piece) -> Judgement:
        from sqlglot import exp

        if isinstance(tree, exp.Create):
            return self._create(tree)
        if isinstance(tree, exp.Alter):
            return self._alter(tree)
        if isinstance(tree, exp.Drop):
            return self._drop(tree)
        if isinstance(tree, exp.TruncateTable):
            return contract("the rows are gone for the version that still serves")
        if isinstance(tree, exp.Comment):
            return expand()
        if isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge):
            return self._rows(tree)
        return judging_tables.by_words(piece.words, self._dialect)

    def _is_fresh(self, table: exp.Expr) -> bool:
        return key(table) in self._fresh

    def _create(self, tree: exp.Create) -> Judgement:
        kind = str(tree.args.get("kind") or "").upper()
        if kind == "INDEX":
            return self._create_index(tree)
        judgement = judging_tables.create(tree, kind, self._dialect)
        if judgement.kind is Kind.EXPAND and kind == "TABLE" and not tree.args.get("exists"):
            self._fresh.add(key(tree.this))
        return judgement

    def _alter(self, tree: exp.Alter) -> Judgement:
        fresh = self._is_fresh(tree.this)
        judgement = judging_tables.alter(tree, self._dialect, fresh=fresh)
        for action in tree.args.get("actions") or ():
            if fresh and type(action).__name__ == "AlterRename":
                self._locks.renamed(key(tree.this), (*key(tree.this)[:-1], key(action)[-1]))
        return judgement

    def _create_index(self, tree: exp.Create) -> Judgement:
        table = tree.this.args.get("table")
        warnings = (
            ["writes of the version that serves that are not unique will fail"] if tree.args.get("unique") else []
        )
        if may_fail(tree.this, self._dialect):
            warnings.append("writes of the version that serves for which the expression fails will fail")
        if table is not None and self._is_fresh(table):
            if tree.args.get("concurrently"):
                return refused("the table is made in the same migration", "leave CONCURRENTLY out", structural=True)
            return expand()
        if self._dialect == "sqlite":
            return expand(*warnings)
        if not tree.args.get("concurrently"):
            return refused(
                "nobody can write to the table while the index is built",
                "use CREATE INDEX CONCURRENTLY, in a migration of its own",
            )
        if not tree.this.name:
            return refused("an index without a name cannot be looked for after a fault", "name it", structural=True)
        return expand(*warnings)

    def _drop(self, tree: exp.Drop) -> Judgement:
        kind = str(tree.args.get("kind") or "").upper()
        tables = [key(table) for table in tree.args.get("tables") or ()]
        if kind == "TABLE" and tables and self._fresh.issuperset(tables):
            for name in tables:
                # What has the name from here on may be a table of another schema, which was there before.
                self._fresh.discard(name)
            return expand()
        if kind in ("TABLE", "VIEW", "INDEX", "TYPE", "SEQUENCE", "SCHEMA"):
            return contract(f"the version that serves may use the {kind.lower()}")
        return refused(f"what DROP {kind or 'of this'} takes away cannot be told from here")

    def _rows(self, tree: exp.Expr) -> Judgement:
        from sqlglot import exp

        written = tuple(writes(tree))
        if not written:
            return refused("a query has no effect that could be told", "leave it out, or " + DECLARE)
        warnings = []
        for write in written:
            if isinstance(write, exp.Update) and not _chosen(write.args.get("where")):
                warnings.append("UPDATE without WHERE touches and locks each row of the table; do it in pieces")
            if isinstance(write, exp.Insert) and write.args.get("alternative") == "REPLACE":
                warnings.append(_GONE)
            if isinstance(write, exp.Delete | exp.Merge) and _deletes(write):
                chosen = _chosen(write.args.get("where") or write.args.get("on") or write.args.get("using_cond"))
                if not chosen and not self._is_fresh(write.this):
                    return contract("all rows are gone for the version that still serves (there is no WHERE)")
                warnings.append(_GONE)
        return Judgement(kind=Kind.DATA, warnings=tuple(dict.fromkeys(warnings)))


def _chosen(condition: exp.Expr | list[exp.Expr] | None) -> bool:
    """Whether a condition looks at the rows: `WHERE true` does not."""
    from sqlglot import exp

    if isinstance(condition, list):
        return bool(condition)
    return condition is not None and condition.find(exp.Column) is not None


def _deletes(write: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(write, exp.Delete) or any(
        str(getattr(when.args.get("then"), "name", "")).upper() == "DELETE" for when in write.find_all(exp.When)
    )


def _named(tree: exp.Expr) -> Judgement | None:
    """What the names in a statement forbid: tables of the server, and functions of which nothing is known."""
    from sqlglot import exp

    if isinstance(tree, exp.Command | exp.Comment):
        return None
    for name in _changed(tree):
        if catalogued(name):
            return refused(f"{'.'.join(name)} is written by the server itself", "leave it out, or " + DECLARE)
    unknown = unknown_functions(tree)
    return (
        refused(f"what {', '.join(f'{name}()' for name in unknown)} does cannot be told from here") if unknown else None
    )


def _changed(tree: exp.Expr) -> Iterator[Key]:
    """The tables and other objects that a statement makes, changes or takes away, and those it writes to."""
    from sqlglot import exp

    if isinstance(tree, exp.Create | exp.Alter):
        yield key(tree.this)
    if isinstance(tree, exp.Drop | exp.TruncateTable):
        yield from (key(named) for named in tree.args.get("tables") or tree.expressions)
    yield from (key(write.this) for write in writes(tree))


def _holds_code(tree: exp.Expr) -> bool:
    """Whether the texts in a statement may be run: what is not known by its tree, and the bodies of functions."""
    from sqlglot import exp

    if isinstance(tree, exp.Create):
        return str(tree.args.get("kind")).upper() not in ("TABLE", "VIEW", "INDEX", "TYPE", "SEQUENCE", "SCHEMA")
    return isinstance(tree, exp.Command)


def _frame(words: tuple[str, ...]) -> Judgement | None:
    """Words that begin or end transactions: those are ours, since the ledger row belongs into the same one."""
    two = " ".join(words[:2])
    if words[0] in _FRAMES or two in ("START TRANSACTION", "SET TRANSACTION", "SET CONSTRAINTS"):
        return refused(
            "each migration runs in one transaction with its row in the ledger", "leave it out", structural=True
        )
    if words[0] in ("ATTACH", "DETACH", "VACUUM", "PRAGMA"):
        return refused(
            f"{words[0]} is not undone with the transaction", "do it by hand, beside a deploy", structural=True
        )
    return None


def _known(piece: Piece, dialect: Dialect) -> Piece:
    """The statement with forms that its parser does not know in words that it does, of the same kind."""
    text = piece.text
    for first, form, other in _ALIKE[dialect]:
        if piece.words[0] == first:
            text = re.sub(_ASIDE + form, lambda m, other=other: m[1] or m.expand(other), text, flags=re.I | re.S)  # type: ignore[misc]
    return piece if text == piece.text else next(cut(text, dialect))


def _beside(piece: Piece) -> bool:
    """Whether a statement is one that the server runs outside of transactions alone; of REINDEX not all is cut up."""
    words = piece.words if piece.words[0] != "REINDEX" else re.findall(r"\w+", piece.text.upper())
    return "CONCURRENTLY" in words and words[0] != "REFRESH"


def _index(tree: exp.Expr, judgement: Judgement, dialect: Dialect) -> Index | None:
    from sqlglot import exp

    if judgement.structural or dialect != "postgres" or not tree.args.get("concurrently"):
        return None
    if isinstance(tree, exp.Create):
        table = tree.this.args["table"]
        return Index(name=exact(tree.this.this), table=table.sql("postgres"), tolerant=bool(tree.args.get("exists")))
    if isinstance(tree, exp.Drop):
        named = tree.args["tables"][0]
        return Index(name=named.sql("postgres"), drop=True, tolerant=bool(tree.args.get("exists")))
    return None
