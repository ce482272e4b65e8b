"""What kind a change of a table or another object is. See `judging` for where the rules come from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from readiness_deploy.migrations.judgements import DECLARE, contract, expand, refused, worst
from readiness_deploy.migrations.judging_names import certain, key, numbered, odd_type, own_type, steady
from readiness_deploy.migrations.model import Dialect, Judgement

if TYPE_CHECKING:
    from sqlglot import exp

_PLAIN_PROPERTIES = ("PartitionedByProperty", "Property", "StrictProperty", "TableSpaceProperty")
# What may be done to a table that the migration made.
_ACTIONS = ("ColumnDef", "AddConstraint", "AlterColumn", "Drop", "AlterRename", "RenameColumn")
_NAME = r'(?:[\w$]+|"[^"]+")(?: \. (?:[\w$]+|"[^"]+"))?'
_ONE = r'(?:[\w$]+|"[^"]+")'
_VALIDATE = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} VALIDATE CONSTRAINT {_ONE}")
_USING_INDEX = re.compile(rf"ALTER TABLE (?:ONLY )?{_NAME} ADD CONSTRAINT {_ONE} UNIQUE USING INDEX {_ONE}")
_ADD_VALUE = re.compile(rf"ALTER TYPE {_NAME} ADD VALUE (?:IF NOT EXISTS )?'[^']*'(?: (?:BEFORE|AFTER) '[^']*')?")
_RENAMED = re.compile(rf"ALTER (?:TYPE|TABLE|SEQUENCE|VIEW|INDEX) (?:IF EXISTS )?{_NAME} (?:RENAME|SET SCHEMA) .*")
_PLAIN_TABLE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME} \(.*\) WITHOUT ROWID(?: , STRICT)?")


def create(tree: exp.Create, kind: str, dialect: Dialect) -> Judgement:
    """CREATE of anything but an index."""
    from sqlglot import exp

    if tree.args.get("replace"):
        return refused("what is replaced may be in use", "give the new one a name of its own")
    temporary = tree.find(exp.TemporaryProperty) or (dialect == "sqlite" and key(tree.this)[:-1] == ("temp",))
    if temporary:
        return refused("what is temporary is gone with the session of the migration", "leave it out")
    wrote = _query(tree) if kind in ("TABLE", "VIEW") else None
    if wrote:
        return wrote
    if kind == "TABLE":
        return _create_table(tree)
    if kind == "TYPE":
        return expand() if tree.args.get("expression") is not None else refused("a type of this form is not understood")
    if kind == "SCHEMA" and dialect == "postgres":
        return expand("where the service logs in by this name, its tables will hide those of public")
    if kind in ("VIEW", "SEQUENCE", "SCHEMA"):
        return expand()
    return refused(f"what CREATE {kind} will do when it is used cannot be told from here")


def _query(tree: exp.Create) -> Judgement | None:
    """What the query behind AS forbids: it may only read."""
    from sqlglot import exp

    query = tree.expression
    if query is None:
        return None
    writes = query.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Lock, exp.Into)
    if isinstance(query, exp.Query | exp.Values) and writes is None:
        return None
    return refused("its query writes or locks rows", "write them in a statement of their own")


def _create_table(tree: exp.Create) -> Judgement:
    properties = tree.args.get("properties")
    warnings = []
    for one in properties.expressions if properties is not None else ():
        name = type(one).__name__
        if name == "UnloggedProperty":
            warnings.append("the table is empty after a crash of the server")
        elif name not in _PLAIN_PROPERTIES:
            return refused(f"a table with {one.sql('postgres') or name} is tied to others that are in use")
    return expand(*warnings)


def alter(tree: exp.Alter, dialect: Dialect, *, fresh: bool) -> Judgement:
    """ALTER, if it was understood: the worst of its actions."""
    kind = str(tree.args.get("kind") or "").upper()
    actions = tree.args.get("actions") or []
    if kind != "TABLE" or not actions:
        if any(type(a).__name__ == "AlterRename" for a in actions):
            return contract("the version that serves uses the old name")
        return refused(f"this ALTER {kind} is not understood")
    if fresh and all(type(a).__name__ in _ACTIONS for a in actions):
        return expand()
    constraints = sum(len(a.expressions) for a in actions if type(a).__name__ == "AddConstraint")
    if tree.args.get("not_valid") and constraints != 1:
        return refused("NOT VALID belongs to the last constraint only", "add one constraint in each statement")
    return worst([_action(tree, action, dialect) for action in actions])


def _action(tree: exp.Alter, action: exp.Expr, dialect: Dialect) -> Judgement:
    name = type(action).__name__
    if name == "ColumnDef":
        return _add_column(action, dialect)
    if name == "AddConstraint":
        return _add_constraint(tree, action)
    if name == "AlterColumn":
        return _alter_column(action)
    if name == "Drop":
        what = str(action.args.get("kind") or "column").lower()
        return contract(f"the version that serves may rely on the {what}")
    if name in ("AlterRename", "RenameColumn"):
        return contract("the version that serves uses the old name")
    return refused(f"this part of ALTER TABLE is not understood ({action.sql('postgres')[:60]})")


def _add_column(column: exp.Expr, dialect: Dialect) -> Judgement:
    kind = column.args.get("kind")
    if dialect == "postgres" and numbered(kind):
        return _rewrite("each row gets a number")
    default: exp.Expr | None = None
    rules: set[str] = set()
    for constraint in column.args.get("constraints") or ():
        rule = constraint.args.get("kind", constraint)
        rules.add(type(rule).__name__)
        if type(rule).__name__ == "DefaultColumnConstraint":
            default = rule.this
    if default is not None and not steady(default, dialect):
        if dialect == "sqlite":
            return refused("SQLite adds a column with a constant alone as its default", "add the column without")
        return _rewrite("the default may differ from row to row")
    if default is not None and not certain(default):
        default = None
    if rules & {"ComputedColumnConstraint", "GeneratedAsIdentityColumnConstraint", "GeneratedAsRowColumnConstraint"}:
        return _rewrite("each row gets a value")
    if rules & {"UniqueColumnConstraint", "PrimaryKeyColumnConstraint"}:
        return refused(
            "an index is built while nobody can use the table", "add the column, then the index CONCURRENTLY"
        )
    if "CheckColumnConstraint" in rules or ("Reference" in rules and default is not None):
        return refused(
            "each row is checked while nobody can use the table", "add the column, then the constraint as NOT VALID"
        )
    unknown = rules - {"DefaultColumnConstraint", "NotNullColumnConstraint", "CollateColumnConstraint", "Reference"}
    if unknown:
        return refused(f"a column with {', '.join(sorted(unknown))} is not understood")
    odd = odd_type(kind) if dialect == "postgres" else ""
    if odd:
        return refused(f"PostgreSQL has no type {odd}", f"write the one that is meant, or {DECLARE}")
    if "NotNullColumnConstraint" in rules and default is None and not _nullable(column):
        judgement = contract("the version that serves leaves the column out, and its writes fail")
    else:
        judgement = expand()
    own = own_type(kind) if dialect == "postgres" else ""
    return replace(judgement, types=(own,)) if own else judgement


def _nullable(column: exp.Expr) -> bool:
    """`NULL` is written like `NOT NULL`, with a mark."""
    rules = [c.args.get("kind") for c in column.args.get("constraints") or ()]
    return any(r.args.get("allow_null") for r in rules if type(r).__name__ == "NotNullColumnConstraint")


def _rewrite(why: str) -> Judgement:
    return refused(
        f"{why}, so the table is written anew while nobody can use it",
        "add the column without, fill it in pieces, then change it",
    )


def _add_constraint(tree: exp.Alter, action: exp.Expr) -> Judgement:
    for constraint in action.expressions:
        rules = constraint.expressions if type(constraint).__name__ == "Constraint" else [constraint]
        for rule in rules:
            kind = type(rule).__name__
            if kind not in ("CheckColumnConstraint", "ForeignKey"):
                return refused(
                    "an index is built while nobody can write to the table",
                    "build it with CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX",
                )
        if not tree.args.get("not_valid"):
            return refused(
                "each row is checked while nobody can write to the table",
                "add it as NOT VALID, and VALIDATE CONSTRAINT in the next migration",
            )
    return expand("writes of the version that serves that break the constraint will fail")


def _alter_column(action: exp.Expr) -> Judgement:
    given = action.args
    if given.get("dtype") is not None:
        return contract("the version that serves reads and writes the old type, and the table may be written anew")
    if given.get("allow_null") is not None:
        if given["allow_null"]:
            return expand()
        return contract("the version that serves may write NULL, and each row is read under the lock")
    default = given.get("default")
    if default is not None and certain(default):
        return expand()
    if default is not None or given.get("drop"):
        return contract("the version that serves may leave the column out and count on the default")
    return refused("this change of a column is not understood")


def by_words(words: tuple[str, ...], dialect: Dialect) -> Judgement:
    """Statements that the parser hands over as words: a few are known by their whole form."""
    said = " ".join(words)
    if dialect == "sqlite":
        return expand() if _PLAIN_TABLE.fullmatch(said) else _unknown(words)
    if _VALIDATE.fullmatch(said) or _USING_INDEX.fullmatch(said):
        return expand()
    if _ADD_VALUE.fullmatch(said):
        return expand("the version that serves may meet a value that it does not know")
    if _RENAMED.fullmatch(said):
        return contract("the version that serves uses the old name")
    return _unknown(words)


def _unknown(words: tuple[str, ...]) -> Judgement:
    return refused(f"{' '.join(words[:2])} is not on the list of what is known to be harmless")
