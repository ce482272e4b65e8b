"""The kinds of statements, by two lists with their expectations beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from readiness_deploy.migrations.judging import Judge
from readiness_deploy.migrations.model import Dialect, Judgement, Kind
from readiness_deploy.migrations.statements import Uncut, cut

HERE = Path(__file__).parent
EXPECTED = re.compile(r"-- (expand|data|contract|refused)(?:: (.*))?")


def listed(dialect: Dialect) -> Iterator[tuple[str, str, str, Judgement]]:
    """Each statement of the list with the kind and the words that are expected, and what was judged."""
    for block in re.split(r"^---$", (HERE / f"kinds.{dialect}.sql").read_text(), flags=re.M):
        judge = Judge(dialect)
        lines = block.splitlines()
        for piece in cut(block, dialect):
            expected = EXPECTED.fullmatch(lines[piece.line - 2])
            assert expected, f"no expectation before {piece.text!r}"
            yield piece.text, expected[1], expected[2] or "", judge.judge(piece)[0]


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_each_statement_of_the_list_is_of_its_kind(dialect: Dialect) -> None:
    wrong = []
    for text, kind, words, judged in listed(dialect):
        said = " ".join([judged.why, judged.todo, *judged.warnings])
        if judged.kind != kind or words not in said or (judged.kind is Kind.REFUSED and not judged.todo):
            wrong.append(f"{text}: wanted {kind} ({words}), found {judged.kind} ({said})")
    assert not wrong, "\n".join(wrong)


def test_the_list_is_long_enough_to_mean_something() -> None:
    assert len(list(listed("postgres"))) >= 80


def test_what_changes_an_expectation_is_noticed() -> None:
    """The list itself can fail: each kind is there, and none of them is judged to be another."""
    assert {kind for _, kind, _, _ in listed("postgres")} == {str(k) for k in Kind}


def test_semicolons_inside_cut_nothing() -> None:
    text = "-- a; b\nINSERT INTO t VALUES ('a;b', \"c;d\"); /* e; */\n\nDO $x$ BEGIN f(); END $x$;\n;;-- end\n"
    found = [(p.line, p.text) for p in cut(text, "postgres")]
    assert found == [(2, "INSERT INTO t VALUES ('a;b', \"c;d\")"), (4, "DO $x$ BEGIN f(); END $x$")]


def test_a_trigger_of_sqlite_is_one_statement() -> None:
    body = "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE u SET a = 1; DELETE FROM v; END"
    assert [p.text for p in cut(f"{body};\nDROP TABLE t", "sqlite")] == [body, "DROP TABLE t"]


def test_an_open_quotation_is_named_with_its_line() -> None:
    with pytest.raises(Uncut) as fault:
        list(cut("CREATE TABLE t (a int);\nINSERT INTO t VALUES ('open);\n", "postgres"))
    assert fault.value.line == 2
