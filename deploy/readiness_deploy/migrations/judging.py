"""What kind a statement is: judged by its syntax tree, against a list of what is known to be harmless.

Rules for locks are those of PostgreSQL 12 and later (its documentation of ALTER TABLE, CREATE INDEX and explicit
locking): what reads or rewrites a table while nobody may write to it is refused, even if the old version would not
mind the result. What is not on the list is refused; the list is not of dangers, but of what is understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from readiness_deploy.migrations import judging_tables
from readiness_deploy.migrations.judgements import DECLARE, contract, expand, refused
from readiness_deploy.migrations.model import Dialect, Index, Judgement, Kind
from readiness_deploy.migrations.statements import Piece

if TYPE_CHECKING:
    from sqlglot import exp

_OURS = ("readiness_migrations", "readiness_epoch")
_FRAMES = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE"})
_HARMLESS_FUNCTIONS = frozenset(
    {
        "gen_random_uuid", "jsonb_build_object", "json_build_object", "jsonb_build_array", "jsonb_strip_nulls",
        "regexp_replace", "split_part", "btrim", "ltrim", "rtrim", "md5", "left", "right", "clock_timestamp",
        "statement_timestamp", "make_interval", "date_part", "to_char", "hex", "strftime", "datetime", "date",
        "julianday", "instr", "printf", "typeof", "json_extract", "json_object", "randomblob", "total", "ifnull",
    }
)  # fmt: skip


class Judge:
    """Judges the statements of one migration, in their order: tables that it made itself may be changed freely."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._fresh: set[str] = set()
        self._unproven: set[str] = set()

    def judge(self, piece: Piece) -> tuple[Judgement, Index | None]:
        """What is said of a statement, and the index it builds or drops beside other work."""
        framed = _frame(piece.words)
        if framed:
            return framed, None
        tree = self._parsed(piece)
        if isinstance(tree, Judgement):
            return tree, None
        if any(name in piece.text.lower() for name in _OURS):
            return refused("the ledger is written by nobody else", "leave it out", structural=True), None
        judgement = self._of(tree, piece)
        return judgement, _index(tree, judgement, self._dialect)

    def _parsed(self, piece: Piece) -> exp.Expr | Judgement:
        import logging

        import sqlglot
        from sqlglot.errors import SqlglotError

        logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it says aloud what it hands over as a Command
        try:
            trees = [t for t in sqlglot.parse(piece.text, read=self._dialect) if t is not None]
        except (SqlglotError, RecursionError) as fault:
            return refused(f"it is not understood ({str(fault).splitlines()[0][:120]})")
        if len(trees) == 1:
            return trees[0]
        if self._dialect == "sqlite":  # which says itself what is complete: this is the body of a trigger
            return judging_tables.by_words(piece.words, self._dialect, self._unproven)
        return refused("it is not one statement", "write one statement after the other", structural=True)

    def _of(self, tree: exp.Expr, piece: Piece) -> Judgement:
        from sqlglot import exp

        if isinstance(tree, exp.Create):
            return self._create(tree)
        if isinstance(tree, exp.Alter):
            return judging_tables.alter(tree, fresh=self._is_fresh(tree.this), unproven=self._unproven)
        if isinstance(tree, exp.Drop):
            return self._drop(tree)
        if isinstance(tree, exp.TruncateTable):
            return contract("the rows are gone for the version that still serves")
        if isinstance(tree, exp.Comment):
            return expand()
        if isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge):
            return _rows(tree)
        return judging_tables.by_words(piece.words, self._dialect, self._unproven)

    def _is_fresh(self, table: exp.Expr) -> bool:
        return _key(table) in self._fresh

    def _create(self, tree: exp.Create) -> Judgement:
        kind = str(tree.args.get("kind") or "").upper()
        if kind == "INDEX":
            return self._create_index(tree)
        judgement = judging_tables.create(tree, kind)
        made = tree.this.this if hasattr(tree.this, "this") and tree.this.key == "schema" else tree.this
        if kind == "TABLE" and judgement.kind is Kind.EXPAND and not tree.args.get("exists"):
            self._fresh.add(_key(made))
        return judgement

    def _create_index(self, tree: exp.Create) -> Judgement:
        table = tree.this.args.get("table")
        unique = ("writes of the version that serves that are not unique will fail",) if tree.args.get("unique") else ()
        if table is not None and self._is_fresh(table):
            if tree.args.get("concurrently"):
                return refused("the table is made in the same migration", "leave CONCURRENTLY out", structural=True)
            return expand()
        if self._dialect == "sqlite":
            return expand(*unique)
        if not tree.args.get("concurrently"):
            return refused(
                "nobody can write to the table while the index is built",
                "use CREATE INDEX CONCURRENTLY, in a migration of its own",
            )
        if not tree.this.name:
            return refused("an index without a name cannot be looked for after a fault", "name it", structural=True)
        return expand(*unique)

    def _drop(self, tree: exp.Drop) -> Judgement:
        kind = str(tree.args.get("kind") or "").upper()
        if kind == "TABLE" and all(self._is_fresh(t) for t in tree.args.get("tables") or ()):
            return expand()
        if kind in ("TABLE", "VIEW", "INDEX", "TYPE", "SEQUENCE", "SCHEMA"):
            return contract(f"the version that serves may use the {kind.lower()}")
        return refused(f"what DROP {kind or 'of this'} takes away cannot be told from here")


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


def _rows(tree: exp.Expr) -> Judgement:
    from sqlglot import exp

    writes = list(tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge))
    if not writes:
        return refused("a query has no effect that could be told", "leave it out, or " + DECLARE)
    unknown = sorted({f.name for f in tree.find_all(exp.Anonymous) if f.name.lower() not in _HARMLESS_FUNCTIONS})
    if unknown:
        return refused(f"what {', '.join(unknown)}() does cannot be told from here")
    warnings = []
    for write in writes:
        if isinstance(write, exp.Update | exp.Delete) and write.args.get("where") is None:
            what = "UPDATE" if isinstance(write, exp.Update) else "DELETE"
            warnings.append(f"{what} without WHERE touches and locks each row of the table; do it in pieces")
        if isinstance(write, exp.Delete):
            warnings.append("rows that are deleted do not come back when the release is taken back")
    return Judgement(kind=Kind.DATA, warnings=tuple(dict.fromkeys(warnings)))


def _key(table: exp.Expr) -> str:
    """A table's name as the server compares it."""
    from sqlglot import exp

    found = table.find(exp.Table)
    parts = found.parts if found else ()
    names: Mapping[str, bool] = {p.name: bool(p.args.get("quoted")) for p in parts}
    return ".".join(name if quoted else name.lower() for name, quoted in names.items())


def _index(tree: exp.Expr, judgement: Judgement, dialect: Dialect) -> Index | None:
    from sqlglot import exp

    if judgement.structural or dialect != "postgres" or not tree.args.get("concurrently"):
        return None
    if isinstance(tree, exp.Create):
        table = tree.this.args["table"]
        return Index(name=_plain(tree.this.this), table=table.sql("postgres"), tolerant=bool(tree.args.get("exists")))
    if isinstance(tree, exp.Drop):
        named = tree.args["tables"][0]
        return Index(name=named.sql("postgres"), drop=True, tolerant=bool(tree.args.get("exists")))
    return None


def _plain(identifier: exp.Expr) -> str:
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()
