"""Text from outside, as a markdown renderer reads it: the same letters, and nothing but letters."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from readiness.report.markdown_text import code, prose, text
from readiness.report.text import plain

RENDERER = MarkdownIt("commonmark").enable("table")
SIGNS = st.text(st.sampled_from("`*_[]()<>#|~$&!\\-+=.:/@ \n1aw\"'{}^%;"), max_size=40)


def shown(source: str) -> str:
    """What a reader sees of a list item."""
    rendered = RENDERER.render(f"- {source}")
    match = re.fullmatch(r"<ul>\n<li>(.*)</li>\n</ul>\n", rendered, re.DOTALL)
    assert match, rendered
    return html.unescape(match[1]).replace("\u200b", "")


def words(value: str) -> str:
    return " ".join(plain(value).split())


@given(SIGNS)
@example(" -")
@example("     indented")
def test_text_reads_as_it_is(value):
    assert words(shown(text(value))) == words(value)


@given(SIGNS)
def test_code_reads_as_it_is(value):
    match = re.fullmatch(r"<code>(.*)</code>", RENDERER.renderInline(code(value)), re.DOTALL)
    assert match
    assert html.unescape(match[1]).strip() == plain(value).strip()


@given(SIGNS)
@example(" - `a`")
def test_prose_has_code_and_nothing_else(value):
    rendered = RENDERER.render(f"- {prose(value)}")
    assert set(re.findall(r"</?(\w+)", rendered)) <= {"ul", "li", "code"}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("@team", "@&#8203;team"),
        ("see #12", "see \\#&#8203;12"),
        ("https://x.org", "https:&#8203;//x.org"),
        ("www.x.org", "www&#8203;.x.org"),
    ],
)
def test_nothing_becomes_a_mention_or_a_link_of_its_own(value, source):
    assert text(value) == source


def test_words_between_backticks_are_code():
    assert prose("Set `a.b` to *two*.") == "Set `a.b` to \\*two\\*."
    assert prose("one ` alone") == "one \\` alone"
