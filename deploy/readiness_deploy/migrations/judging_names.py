"""Names in statements: read as they are written, compared as the server does, and those that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from readiness_deploy.migrations.model import Dialect

if TYPE_CHECKING:
    from sqlglot import exp

Key = tuple[str, ...]

STABLE = frozenset(
    """
    abs acos age any_value array array_agg array_append array_cat array_dims array_length array_lower array_ndims
    array_position array_positions array_prepend array_remove array_replace array_to_json array_to_string array_upper
    ascii asin atan atan2 avg bit_and bit_count bit_length bit_or bool_and bool_or btrim cardinality cast cbrt ceil
    ceiling char char_length character_length chr coalesce col_description concat concat_ws convert_from convert_to
    corr cos cot count cube cume_dist current_setting date date_bin date_part date_trunc datetime decode degrees
    dense_rank digest div encode every exp extract factorial first_value floor format gcd generate_series
    generate_subscripts glob greatest group_concat grouping hex hmac ifnull iif initcap instr isfinite json json_agg
    json_array json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
    json_each json_each_text json_extract json_extract_path json_extract_path_text json_group_array json_group_object
    json_insert json_object json_object_agg json_object_keys json_patch json_populate_record json_quote json_remove
    json_replace json_set json_strip_nulls json_to_record json_to_recordset json_type json_typeof json_valid
    jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
    jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg
    jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_populate_record jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
    jsonb_to_record jsonb_to_recordset jsonb_typeof julianday justify_days justify_hours justify_interval lag
    last_value lcm lead least left length likelihood likely ln log log10 lower lower_inf lpad ltrim make_date
    make_interval make_time make_timestamp make_timestamptz max md5 min mod mode multirange now nth_value ntile nullif
    num_nonnulls num_nulls numnode octet_length overlay percent_rank percentile_cont percentile_disc pg_typeof
    phraseto_tsquery pi plainto_tsquery position pow power printf quote quote_ident quote_literal quote_nullable
    radians range_agg rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rollup round row row_number
    row_to_json rpad rtrim scale setweight sha224 sha256 sha384 sha512 sign sin sqrt starts_with statement_timestamp
    stddev stddev_pop stddev_samp strftime string_agg string_to_array string_to_table strip strpos substr substring
    sum tan time timezone to_ascii to_char to_date to_hex to_json to_jsonb to_number to_regclass to_regtype
    to_timestamp to_tsquery to_tsvector total transaction_timestamp translate trim trim_scale trunc ts_rank typeof
    unaccent unicode unistr unixepoch unlikely unnest upper upper_inf values var_pop var_samp variance
    websearch_to_tsquery width_bucket xmlagg xmlconcat xpath zeroblob int4range int8range numrange tsrange tstzrange
    daterange int2 int4 int8 float4 float8 numeric text varchar point box soundex levenshtein
    similarity
    """.split()
)
"""Functions that change nothing, and give one value throughout a statement."""
VOLATILE = frozenset(
    """
    clock_timestamp currval gen_random_uuid last_insert_rowid lastval nextval random randomblob timeofday
    uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 uuidv4 uuidv7
    """.split()
)
"""Functions that harm nothing, and give another value in each row."""
# Those of base types whose names the parser does not know, and of common extensions; none of them is a domain.
_BASE_TYPES = frozenset(
    """
    box cidr circle citext cube halfvec jsonpath line lquery lseg ltree ltxtquery macaddr macaddr8 path pg_lsn
    pg_snapshot polygon sparsevec tid tsquery tsvector txid_snapshot varbit xid xid8
    """.split()
)
_SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})
_TYPES = frozenset(
    """
    ARRAY BIGINT BIT BOOLEAN BPCHAR CHAR DATE DATEMULTIRANGE DATERANGE DECIMAL DOUBLE FLOAT GEOGRAPHY GEOMETRY HSTORE
    INET INT INT4MULTIRANGE INT4RANGE INT8MULTIRANGE INT8RANGE INTERVAL JSON JSONB MONEY NAME NCHAR NUMMULTIRANGE
    NUMRANGE POINT SMALLINT TEXT TIME TIMESTAMP TIMESTAMPTZ TIMETZ TSMULTIRANGE TSRANGE TSTZMULTIRANGE TSTZRANGE UUID
    VARBINARY VARCHAR VECTOR XML
    """.split()
)
# Words that other servers have for these types: on PostgreSQL they name a type of the user's own.
_FOREIGN_TYPES = frozenset(
    "INT16 INT32 INT64 SHORT LONG NUMBER FIXED VARCHAR2 STR STRING CLOB LONGVARCHAR BLOB VARBINARY".split()
)
# What the grammar of SQL itself writes otherwise than as a list of arguments.
_WRITTEN_APART = frozenset("CAST EXTRACT GROUP_CONCAT NORMALIZE OVERLAY POSITION STRING_AGG SUBSTRING TRIM".split())
_GAP = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_PART = r'(?:"(?:[^"]|"")+"(?!")|[\w$]+)'
_NAME = rf"{_PART}(?:{_GAP}\.{_GAP}{_PART})*"
_DOMAIN = re.compile(rf"{_GAP}CREATE\b{_GAP}DOMAIN\b{_GAP}(?P<name>{_NAME})", re.I | re.S)
_ARRAY = re.compile(rf"{_GAP}{_NAME}{_GAP}\bARRAY\b", re.I | re.S)
_QUOTED = re.compile(rf'{_GAP}"((?:[^"]|"")+)"(?!"|{_GAP}[.\[])', re.S)
_DOUBLE = re.compile(rf"{_GAP}DOUBLE\b(?!{_GAP}(?:PRECISION\b|[.\[]))", re.I | re.S)
_PARTITIONS = frozenset({"range", "list", "hash"})


@cache
def grammar(dialect: Dialect) -> Any:
    """The parser's dialect without its knowledge of functions and of other servers' types: names stay as written.

    Else `nvl(…)`, which on PostgreSQL can only be the user's own, comes out as COALESCE.
    """
    from sqlglot.dialects.dialect import Dialect as Grammar

    base = type(Grammar.get_or_raise(dialect))
    reads = base.parser_class
    apart = {name: read for name, read in reads.FUNCTION_PARSERS.items() if name in _WRITTEN_APART}
    parts: dict[str, Any] = {"Parser": type("Parser", (reads,), {"FUNCTIONS": {}, "FUNCTION_PARSERS": apart})}
    if dialect == "postgres":
        cuts = base.tokenizer_class
        words = {word: token for word, token in cuts.KEYWORDS.items() if word not in _FOREIGN_TYPES}
        parts["Tokenizer"] = type("Tokenizer", (cuts,), {"KEYWORDS": words})
    return type(f"Plain{dialect.title()}", (base,), parts)


def fold(name: str) -> str:
    """A name without quotes as the server keeps it: it knows the capitals of ASCII alone."""
    return "".join(c.lower() if c.isascii() else c for c in name)


def exact(identifier: exp.Expr) -> str:
    """One part of a name as the server keeps it."""
    return identifier.name if identifier.args.get("quoted") else fold(identifier.name)


def key(tree: exp.Expr) -> Key:
    """The parts of the first table's name in a tree, outermost first. `orders` is not `public.orders`: which schema
    a name without one leads to cannot be told from here."""
    from sqlglot import exp

    found = tree.find(exp.Table)
    return tuple(exact(part) for part in found.parts) if found else ()


def writes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a statement that write rows; `this` of each is its table. A MERGE is one, with all it does."""
    from sqlglot import exp

    found = tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge)
    return (write for write in found if not isinstance(write.parent, exp.When))


def catalogued(name: Key) -> bool:
    """Whether a table belongs to the server, or is hidden by one that does: `pg_catalog` is searched first."""
    return name[-1:] != () and (
        any(part.startswith("pg_") or part == "information_schema" for part in name[:-1])
        or (len(name) == 1 and name[0].startswith("pg_"))
        or fold(name[-1]).startswith("sqlite_")
    )


def unknown_functions(tree: exp.Expr) -> list[str]:
    """The functions in a tree of which nothing is known, by name, sorted."""
    from sqlglot import exp

    operators = (str(one.args["operator"]) for one in tree.find_all(exp.Operator))
    found = {f"OPERATOR {name} " for name in operators if not name.startswith("pg_catalog.")}
    for call in tree.find_all(exp.Anonymous):
        name = exact(call.this) if isinstance(call.this, exp.Expr) else fold(call.name)
        schema = _schema(call)
        partition = type(call.parent).__name__ == "PartitionedByProperty" and name in _PARTITIONS
        if schema not in ("", "pg_catalog") or not (partition or name in STABLE or name in VOLATILE):
            found.add(f"{schema}.{name}" if schema else name)
    return sorted(found)


def _schema(call: exp.Expr) -> str:
    """The schema that a function is called by; empty for none."""
    from sqlglot import exp

    above = call.parent
    if isinstance(above, exp.Dot) and above.expression is call:
        return ".".join(exact(part) for part in above.this.find_all(exp.Identifier))
    if isinstance(above, exp.Table) and above.this is call:
        return ".".join(exact(part) for part in above.parts[:-1])
    return ""


def steady(value: exp.Expr, dialect: Dialect) -> bool:
    """Whether a default is computed once for all rows that are there. SQLite takes constants alone."""
    from sqlglot import exp

    plain = (
        exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Cast, exp.DataType, exp.Paren, exp.Array, exp.Interval,
        exp.Var, exp.National, exp.Identifier, exp.Dot, exp.ObjectIdentifier, exp.HexString, exp.BitString,
        exp.ByteString, exp.RawString, exp.UnicodeString, exp.DataTypeParam, exp.IntervalSpan,
    )  # fmt: skip
    server = (
        exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Localtime, exp.Localtimestamp, exp.CurrentUser,
        exp.SessionUser, exp.Binary, exp.AtTimeZone, exp.Extract, exp.Not,
    )  # fmt: skip
    known = plain if dialect == "sqlite" else (*plain, *server)
    for node in value.walk():
        if isinstance(node, exp.Anonymous) and dialect == "postgres":
            if fold(node.name) not in STABLE:
                return False
        elif not isinstance(node, known):
            return False
    return dialect == "sqlite" or not unknown_functions(value)


_MAY_BE_NULL = frozenset({"nullif", "current_setting", "to_char", "array_length", "array_position", "array_agg"})


def certain(value: exp.Expr) -> bool:
    """Whether a default is certainly not NULL."""
    from sqlglot import exp

    return not any(
        isinstance(node, exp.Null | exp.Case) or (isinstance(node, exp.Anonymous) and fold(node.name) in _MAY_BE_NULL)
        for node in value.walk()
    )


_TOTAL = frozenset({"coalesce", "length", "lower", "ltrim", "md5", "nullif", "rtrim", "trim", "btrim", "upper"})


def may_fail(value: exp.Expr, dialect: Dialect) -> bool:
    """Whether there may be a row for which an expression fails, as a cast of a text to a number does."""
    from sqlglot import exp

    # SQLite casts anything and computes anything, but takes no JSON that is none.
    failing = (exp.JSONExtract, exp.JSONExtractScalar) if dialect == "sqlite" else (
        exp.Cast, exp.Substring, exp.Extract, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Pow, exp.Operator,
    )  # fmt: skip
    for node in value.walk():
        written_out = isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal)
        calls = isinstance(node, exp.Anonymous) and fold(node.name) not in _TOTAL
        if calls or (isinstance(node, failing) and not written_out):
            return True
    return False


def numbered(kind: exp.Expr | None) -> bool:
    """Whether a column of this type gets a number in each row."""
    return kind is not None and _type(kind)[-1] in _SERIAL


def makes_domain(text: str, written: str) -> bool:
    """Whether a statement makes a domain that a type, as it is `written`, may be: which schema a name without one leads
    to cannot be told from here."""
    made = _DOMAIN.match(text)
    names = [_parts(made["name"]), _parts(written)] if made else []
    return bool(names) and (names[0] == names[1] or (1 in map(len, names) and names[0][-1] == names[1][-1]))


def _parts(name: str) -> Key:
    found = re.findall(_PART, re.sub(r"--[^\n]*|/\*.*?\*/", "", name, flags=re.S))
    return tuple(part[1:-1].replace('""', '"') if part[0] == '"' else fold(part) for part in found)


def restore_types(tree: exp.Alter, text: str) -> None:
    """Give new columns the types that stand in the text, where the parser takes one of the user's own for another: the
    name of a known one in quotes, `double` alone, and an element's type for that of `… ARRAY`."""
    from sqlglot import exp

    for column in tree.args.get("actions") or ():
        if not isinstance(column, exp.ColumnDef):
            continue
        written = text[column.this.meta["end"] + 1 :]
        quoted = _QUOTED.match(written)
        if _ARRAY.match(written):
            column.set("kind", exp.DataType(this=exp.DType.ARRAY))
        elif quoted or _DOUBLE.match(written):
            name = quoted[1].replace('""', '"') if quoted else "double"
            named = exp.Identifier(this=name, quoted=bool(quoted))
            column.set("kind", exp.DataType(this=exp.DType.USERDEFINED, kind=named))


def own_type(kind: exp.Expr | None) -> str:
    """A type that only the server knows, as it is written; empty where it cannot be a domain."""
    from sqlglot import exp

    if not isinstance(kind, exp.DataType) or kind.this != exp.DType.USERDEFINED:
        return ""
    name = _type(kind)
    if name[0] == "pg_catalog" or (len(name) == 1 and name[0] in _BASE_TYPES):
        return ""
    named = kind.args["kind"]
    return ".".join(part.sql("postgres") for part in named.find_all(exp.Identifier, bfs=False))


def odd_type(kind: exp.Expr | None) -> str:
    """A type that the parser knows and PostgreSQL does not: there it can only be one of the user's own."""
    from sqlglot import exp

    if not isinstance(kind, exp.DataType) or isinstance(kind, exp.ObjectIdentifier) or isinstance(kind.this, exp.Expr):
        return ""  # regclass and its like, and intervals of certain fields
    name = _type(kind)[-1]
    return "" if kind.this == exp.DType.USERDEFINED or name.upper() in _TYPES else name


def _type(kind: exp.Expr) -> Key:
    from sqlglot import exp

    named = kind.args.get("kind")
    if isinstance(named, exp.Expr):
        return tuple(exact(part) for part in named.find_all(exp.Identifier, bfs=False))
    return (fold(str(getattr(kind.this, "name", kind.this))),)


def belongs_to_ledger(words: tuple[str, ...], names: tuple[str, ...], *, code: bool) -> bool:
    """Whether a statement names the ledger: in a text only where the text is `code`."""
    said: Iterator[str] = (w for w in words if code or not re.match(r"(?i)(?:[ebnx]|u&)?'|\$", w))
    return any(name in fold(word) for word in said for name in names)
