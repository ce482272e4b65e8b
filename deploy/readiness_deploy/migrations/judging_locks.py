"""How long a lock would be held: until the end of the migration, which is one transaction.

What follows a statement that locks a table adds to the time for which others wait.
What is bounded by its own text does not count: rows that are written out, tables that the migration made and filled so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from readiness_deploy.migrations.judgements import DECLARE, refused
from readiness_deploy.migrations.judging_names import Key, fold, key, writes
from readiness_deploy.migrations.model import Judgement

if TYPE_CHECKING:
    from sqlglot import exp

_ENDLESS = frozenset({"generate_series", "generate_subscripts", "repeat"})


class Locks:
    """What one migration holds in PostgreSQL. `fresh` are the tables it made, kept by its judge; nobody waits for
    those."""

    def __init__(self, fresh: set[Key]) -> None:
        self._fresh = fresh
        self._filled: set[Key] = set()
        self._held = ""

    def renamed(self, old: Key, new: Key) -> None:
        """A table of the migration's own has another name; what is called by the old one is not it."""
        for names in (self._fresh, self._filled):
            if old in names:
                names.discard(old)
                names.add(new)

    def late(self, tree: exp.Expr, words: tuple[str, ...]) -> Judgement | None:
        """Notes what a statement locks and fills, before it is known what it makes and takes away; a refusal where it
        takes long while a lock is held."""
        from sqlglot import exp

        self._held = self._held or next(self._taken(tree, words), "")
        if not self._long(tree, words):
            return None
        written = [tree, *writes(tree)] if isinstance(tree, exp.Create) else writes(tree)
        self._filled |= {key(write.this) for write in written}
        if not self._held:
            return None
        return refused(
            f"the lock on {self._held} is held until this has ended, and the version that serves waits for it",
            "put it into the next migration, or " + DECLARE,
        )

    def _taken(self, tree: exp.Expr, words: tuple[str, ...]) -> Iterator[str]:
        """The tables of others that a statement keeps from being written or read."""
        from sqlglot import exp

        if isinstance(tree, exp.Command):
            if words[:1] == ("ALTER",) and words[1:2] != ("TYPE",) and "VALIDATE" not in words:
                yield "what an earlier statement altered"
            return
        own = key(tree.this) if isinstance(tree.this, exp.Expr) else ()
        locked: list[Key] = []
        if isinstance(tree, exp.Alter):
            locked.append(own)
        if isinstance(tree, exp.Drop) and not tree.args.get("concurrently"):
            locked += [key(table) for table in tree.args.get("tables") or ()]
        if isinstance(tree, exp.TruncateTable):
            locked += [key(table) for table in tree.expressions]
        if isinstance(tree, exp.Alter | exp.Create):
            locked += [name for name in (key(r) for r in tree.find_all(exp.Reference)) if name != own]
        yield from (".".join(name) for name in locked if name not in self._fresh)

    def _long(self, tree: exp.Expr, words: tuple[str, ...]) -> bool:
        """Whether a statement may take longer than it takes to say it."""
        from sqlglot import exp

        if isinstance(tree, exp.Command):
            return words[:1] == ("ALTER",) and "VALIDATE" in words
        if isinstance(tree, exp.Alter):
            return self._large(tree.this) and not tree.args.get("not_valid")
        if isinstance(tree, exp.Create):
            kind = str(tree.args.get("kind") or "").upper()
            if kind == "INDEX":
                return self._large(tree.this)
            lazy = kind == "VIEW" and tree.find(exp.MaterializedProperty) is None
            return isinstance(tree.expression, exp.Query) and not lazy and not self._bounded(tree.expression)
        rows = isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge)
        return rows and not self._bounded(tree)

    def _large(self, table: exp.Expr) -> bool:
        """Whether it is a table of the migration's own that was not filled by rows that are written out."""
        return key(table) in self._fresh & self._filled

    def _bounded(self, tree: exp.Expr) -> bool:
        from sqlglot import exp

        if any(one.args.get("recursive") for one in tree.find_all(exp.With)):
            return False
        if any(fold(call.name) in _ENDLESS for call in tree.find_all(exp.Anonymous)):
            return False
        into = {id(write.this.find(exp.Table)) for write in writes(tree) if isinstance(write, exp.Insert)}
        small = self._fresh - self._filled
        read = (t for t in tree.find_all(exp.Table) if id(t) not in into and not isinstance(t.this, exp.Func))
        return all(key(table) in small for table in read)
