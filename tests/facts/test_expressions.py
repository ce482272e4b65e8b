"""What flows out of an expression of GitHub Actions, and what is no expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.facts.commandlines import command_lines
from readiness.facts.expressions import ExpressionError, embedded, flows, placed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("github.event.issue.title", {"github.event.issue.title"}),
        ("github['Event'].ISSUE", {"github.event.issue"}),
        ("github.event.commits[0].message", {"github.event.commits.*.message"}),
        ("github.event.commits.*.message", {"github.event.commits.*.message"}),
        ("a.b == 'x'", set()),
        ("!a.b", set()),
        ("a.b && 'x' || c.d", {"a.b", "c.d"}),
        ("(a.b == 'x') && c.d", {"c.d"}),
        ("format('{0} {1}', a.b, c.d)", {"a.b", "c.d"}),
        ("contains(a.b, 'x')", set()),
        ("fromJSON(a.b).c[0]", {"a.b"}),
        ("hashFiles('**/go.sum')", set()),
        ("'it''s a.b'", set()),
        ("-1.5e3", set()),
        ("true", set()),
        ("steps.my-step.outputs.a_b", {"steps.my-step.outputs.a_b"}),
    ],
)
def test_only_values_that_can_become_the_result_flow(text: str, found: set[str]):
    assert {".".join(reference) for reference in flows(text)} == found


@pytest.mark.parametrize(
    "text", ["", "a b", "a.", "a[0", "f(a", "'a", "a == ", "a ? b", "(" * 3000 + "a" + ")" * 3000, "a,b"]
)
def test_what_is_no_expression_says_so(text: str):
    with pytest.raises(ExpressionError):
        flows(text)


def test_braces_in_a_text_do_not_end_an_expression():
    first, second = embedded("a ${{ format('}}', b) }} c\n${{ d }}")
    assert (first.text, first.line, second.text, second.line) == ("format('}}', b)", 0, "d", 1)


def test_an_expression_that_is_not_closed_is_found():
    (only,) = embedded("x ${{ a.b")
    with pytest.raises(ExpressionError, match="closed"):
        only.flows()


@given(st.text(alphabet="${} }'ab.\n|#\"", max_size=60))
def test_stand_ins_can_be_taken_back_and_no_line_moves(text: str):
    plain, expressions = placed(text)
    assert plain.count("\n") == text.count("\n")
    for one in command_lines(text):
        assert 0 <= one.line <= text.count("\n")
    back = plain
    for stand_in, written in expressions.items():
        back = back.replace(stand_in + "\n" * written.count("\n"), written, 1)
    assert back == text


def test_commands_keep_their_expressions_and_lines():
    lines = list(command_lines('set -e\nsudo FOO=1 kubectl --context "${{ vars.CONTEXT }}" apply -f x | tee log\n'))
    assert [(line.words, line.line) for line in lines] == [
        (("set", "-e"), 0),
        (("kubectl", "--context", "${{ vars.CONTEXT }}", "apply", "-f", "x"), 1),
        (("tee", "log"), 1),
    ]
    assert lines[1].starts("kubectl", "apply")
    assert not lines[1].starts("kubectl", "delete")
