"""Dockerfiles as BuildKit's parser reads them. The expectations were compared with that parser, on 50,000 random
texts too.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.facts.dockerfile_text import DockerfileText, Instruction, read_dockerfile


def one(text: str) -> Instruction:
    read = read_dockerfile(text)
    assert read.faults == ()
    (instruction,) = read.instructions
    return instruction


def shape(read: DockerfileText) -> list[tuple[str, int, str]]:
    return [(i.keyword, i.line, i.text) for i in read.instructions]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\ufeffFROM a\r\nRUN b \\\r\n c\r\n", [("FROM", 1, "a"), ("RUN", 2, "b  c")]),
        ("from a as b\n\tRun\tc", [("FROM", 1, "a as b"), ("RUN", 2, "c")]),
        ("RUN a \\\n# note\n\n  # more\n  b\nUSER c", [("RUN", 1, "a   b"), ("USER", 6, "c")]),
        ("RUN a # b \\\nUSER c", [("RUN", 1, "a # b USER c")]),
        ("RUN a \\\\\nUSER b", [("RUN", 1, "a \\\\"), ("USER", 2, "b")]),
        ("RUN a \\  \n b", [("RUN", 1, "a  b")]),
        ("# escape=`\nRUN a `\n b\nRUN c\\\nUSER d", [("RUN", 2, "a  b"), ("RUN", 4, "c\\"), ("USER", 5, "d")]),
        ("# a comment\n# escape=`\nRUN a \\\n b", [("RUN", 3, "a  b")]),
        ("RUN \\\n a", [("RUN", 1, "a")]),
        ("\\\n\tRUN a", [("RUN", 1, "a")]),
    ],
)
def test_lines(text: str, wanted: list[tuple[str, int, str]]) -> None:
    read = read_dockerfile(text)
    assert (shape(read), read.faults) == (wanted, ())


@pytest.mark.parametrize(
    ("text", "heredocs"),
    [
        ("RUN <<EOF\nFROM b\nEOF\n", [("EOF", "FROM b", 2)]),
        ("COPY <<a <<'b' /d\n1\na\n2\nb\n", [("a", "1", 2), ("b", "2", 4)]),
        ("RUN cat <<-E && \\\n x\n\ty\n\tE\n", [("E", "y", 3)]),
        ('RUN a <<"E F"\nb\nE F\n', [("E F", "b", 2)]),
        ("RUN 3<<E a\nb\nE\n", [("E", "b", 2)]),
        ('RUN echo "<<EOF"\n', []),
        ("RUN echo '<<EOF'\n", []),
        ("RUN a <<<EOF\n", []),
        ("RUN python3<<EOF\n", []),
        ('RUN ["a", "<<EOF"]\n', []),
        ("USER <<EOF\n", []),
        ("RUN a <<E\r\nb\r\nE\r\n", [("E", "b", 2)]),
    ],
)
def test_heredocs(text: str, heredocs: list[tuple[str, str, int]]) -> None:
    assert [(h.name, h.text, h.line) for h in one(text).heredocs] == heredocs


def test_a_heredoc_of_a_trigger_belongs_to_the_trigger() -> None:
    trigger = one("ONBUILD RUN <<EOF\na\nEOF\n").trigger
    assert trigger is not None
    assert (trigger.keyword, [h.text for h in trigger.heredocs]) == ("RUN", ["a"])


@pytest.mark.parametrize(
    ("text", "items", "spoilt"),
    [
        ('CMD ["a", "b c"]', ("a", "b c"), False),
        ('CMD [ "a" ] x', ("a",), False),
        ("CMD []", (), False),
        ("CMD ['a']", None, True),
        ('CMD ["a",]', None, True),
        ("CMD [1]", None, True),
        ("CMD a", None, False),
        ('RUN ["a", \\\n "b"]', ("a", "b"), False),
        ('ENV ["a"]=b', None, False),
    ],
)
def test_exec_form(text: str, items: tuple[str, ...] | None, spoilt: bool) -> None:
    assert (one(text).items, one(text).spoilt_exec) == (items, spoilt)


def test_flags_stand_before_the_arguments() -> None:
    instruction = one('RUN --mount=type=secret,id=a --mount="type=cache,target=/x y" --network=none \\\n a --flag=b')
    assert instruction.flags == {"mount": "type=secret,id=a\ntype=cache,target=/x y", "network": "none"}
    assert instruction.text == "a --flag=b"


def test_each_character_knows_its_line() -> None:
    instruction = one("RUN --network=none \\\n  apt update && \\\n  # note\n  apt install")
    assert [instruction.line_of(instruction.text.index(word)) for word in ("update", "install")] == [2, 4]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("FROM a\nRUNN b", 2, "RUNN"),
        ("FROM a\nUSER", 2, "USER"),
        ("ENV A=1 B", 1, "B has no ="),
        ("ENV A", 1, "A has no ="),
        ("LABEL a=b \\\nFROM c", 1, "FROM has no ="),
        ("ONBUILD FROM a", 1, "FROM"),
        ("# escape=x\nFROM a", 1, "escape=x"),
        ("# escape=`\n# escape=`\nFROM a", 2, "escape"),
        ("RUN <<EOF\na", 1, "EOF"),
    ],
)
def test_faults(text: str, line: int, word: str) -> None:
    (fault,) = read_dockerfile(text).faults
    assert fault.line == line
    assert word in fault.message


def test_a_syntax_directive_is_kept() -> None:
    assert read_dockerfile("# Syntax = evil.example.com/frontend\nFROM a").directives == {
        "syntax": "evil.example.com/frontend"
    }


@settings(deadline=None)
@given(st.text(alphabet="FROMUN ab[]\"'\\\n#=<E`-\t$", max_size=80))
def test_any_text_is_read_to_an_end(text: str) -> None:
    for instruction in read_dockerfile(text).instructions:
        assert 1 <= instruction.line <= text.count("\n") + 1
        assert all(1 <= instruction.line_of(at) <= text.count("\n") + 1 for at in range(len(instruction.text)))


@pytest.mark.parametrize("piece", ["<<a ", "\\\n", "--a ", "'", '"', "[", "a=\\ ", "a", "#\\\n"])
def test_repetition_takes_no_square_time(piece: str) -> None:
    read_dockerfile("ENV " + piece * 100_000)
    read_dockerfile("RUN " + piece * 100_000)
