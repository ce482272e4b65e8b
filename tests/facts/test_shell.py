"""Shell text as commands, by the POSIX grammar and what bash adds to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.facts.shell import read_shell


def names(text: str) -> list[tuple[str, ...]]:
    read = read_shell(text)
    assert not read.fault
    return [(command.name, *command.arguments) for command in read.commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("a 'b c' \"d $e\" f\\ g # h", [("a", "b c", "d $e", "f g")]),
        ("a;b&c&&d||e|f\ng", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",), ("g",)]),
        ("if a; then b; elif c; then d; else e; fi", [("a",), ("b",), ("c",), ("d",), ("e",)]),
        ("while ! a; do b; done; { c; }; (d)", [("a",), ("b",), ("c",), ("d",)]),
        ("for x in 1 2; do echo $x; done", [("for", "x", "in", "1", "2"), ("echo", "$x")]),
        ("case $1 in a|b) c d;; (e) f;; *) esac; g", [("c", "d"), ("f",), ("g",)]),
        ("f() { a; }\nfunction g { b; }", [("a",), ("b",)]),
        ("a <<X; b\nc $(\n X\nX\nd", [("a",), ("b",), ("d",)]),
        ("a <<-'X' | b\n\tX\nc", [("a",), ("b",), ("c",)]),
        ("a <<<b 2>&1 >/dev/null <c", [("a",)]),
        ("A=1 B='2 3' C=(x y) env D=4 sudo -u me -E nice -n 5 /usr/bin/a b", [("a", "b")]),
        ("x=$(a $(b)) `c 'd e'`", [("b",), ("a", "$(b)"), ("c", "d e"), ("",)]),
        ("function f() { a; }", [("a",)]),
        (
            "a $((1 << 2)) ${x:-$(b)} \"${y:-\"c d\"}\" $'it\\'s'",
            [("b",), ("a", "$((1 << 2))", "${x:-$(b)}", '${y:-"c d"}', "it\\'s")],
        ),
        ("(( a << 2 )); b", [("b",)]),
        ("bash -euc 'a | b' x; sh c.sh", [("a",), ("b",), ("bash", "-euc", "a | b", "x"), ("sh", "c.sh")]),
        ("a \\\n  b", [("a", "b")]),
        ("a=it\\'s; echo $# ${#a}", [("",), ("echo", "$#", "${#a}")]),
        ("$a b; \"$c\" d", [("", "b"), ("", "d")]),
        ("[[ a =~ ^b ]] && c", [("[[", "a", "=~", "^b", "]]"), ("c",)]),
        ("diff <(a) <(b)", [("a",), ("b",), ("diff", "<(a)", "<(b)")]),
        ("", []),
        ("# only", []),
    ],
)  # fmt: skip
def test_commands(text: str, commands: list[tuple[str, ...]]) -> None:
    assert names(text) == commands


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a | b && c | d\ne", [["a", "b"], ["c", "d"], ["e"]]),
        ("a |\n b", [["a", "b"]]),
        ("a | b $(c | d) | e", [["a", "b", "e"], ["c", "d"]]),
        ("case x in a|b) c;; esac", [["c"]]),
        ("a |& b", [["a", "b"]]),
    ],
)
def test_pipes(text: str, lines: list[list[str]]) -> None:
    assert sorted([c.name for c in line] for line in read_shell(text).pipelines()) == sorted(lines)


@pytest.mark.parametrize(
    ("text", "word", "line"),
    [
        ("a 'b\nc", "'", 1), ('a\n"b', '"', 2), ("a\nb $(c", ")", 2), ("a ${b", "}", 1), ("a\n((1", "))", 2),
        ("a <<X\nb", "X", 2), ("a >", ">", 1), ("`a", "`", 1),
    ],
)  # fmt: skip
def test_faults_say_what_is_missing_and_where(text: str, word: str, line: int) -> None:
    read = read_shell(text)
    assert word in read.fault
    assert text.count("\n", 0, read.fault_at) + 1 == line


def test_what_was_read_before_a_fault_is_kept() -> None:
    assert [c.name for c in read_shell("a\nb 'c").commands] == ["a"]


def test_wrappers_are_told() -> None:
    (command,) = read_shell("sudo -u root env A=1 make all").commands
    assert (command.name, command.wrappers) == ("make", ("sudo", "env"))


@settings(deadline=None)
@given(st.text(alphabet="ab '\"`$(){}<>|&;#\\\n=-!", max_size=60))
def test_any_text_is_read_to_an_end(text: str) -> None:
    read = read_shell(text)
    assert all(0 <= word.at < len(text) for command in read.commands for word in command.words)


@pytest.mark.parametrize(
    "piece", ["$(", "`", '"', "'", "${", '"${', "<<X ", "((", "a|", "case a in b) ", "<(", "$((", "a <<A\n", "sh -c '"]
)
def test_repeated_beginnings_take_no_depth_and_no_square_time(piece: str) -> None:
    read_shell(piece * 30_000)
