"""Headings and links of Markdown pages, told from code and comments."""

from __future__ import annotations

import pytest

from readiness.facts.documentation import Documentation, Page, slug_of
from readiness.facts.repository import File, Repository


def page(text: str, path: str = "README.md") -> Page:
    return Page(File(path, len(text), text.encode))


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# One\n## Two ##\n", [(1, "One", 1), (2, "Two", 2)]),
        ("One\n===\nTwo\n---\n", [(1, "One", 1), (2, "Two", 3)]),
        ("#one\n    # code\n####### seven\n", []),
        ("```\n# code\n```\n# One\n", [(1, "One", 4)]),
        ("````\n```\n# code\n````\n# One\n", [(1, "One", 5)]),
        ("~~~ python\n# code\n```\n~~~\n# One\n", [(1, "One", 5)]),
        ("``` `not a fence\n# One\n", [(1, "One", 2)]),
        ("<!--\n# no\n-->\n# One\n", [(1, "One", 4)]),
        ("- item\n---\n| a |\n---\n\n---\n", []),
        ("# The `x` of [y](z) **b**\n", [(1, "The x of y b", 1)]),
        ("# snake_case and _em_\n", [(1, "snake_case and em", 1)]),
    ],
)
def test_headings(text: str, headings: list[tuple[int, str, int]]):
    assert [(h.level, h.text, h.line) for h in page(text).headings] == headings


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("[a](b.md) ![c](d.png)", ["b.md", "d.png"]),
        ("[![badge](i.svg)](b.md)", ["b.md"]),
        ('[a](<b.md> "title")', ["b.md"]),
        ("[a](b_(c).md)", ["b_(c).md"]),
        ("[a]: b.md 'title'", ["b.md"]),
        ("`[a](b.md)` ``[a](b.md) ` ``", []),
        ("` [a](b.md)", ["b.md"]),
        ("```\n[a](b.md)\n```", []),
    ],
)
def test_links(text: str, targets: list[str]):
    assert [link.target for link in page(text).links] == targets


def test_fragments_are_those_that_the_forge_makes():
    assert slug_of("What's new in 1.2: `run` & more?") == "whats-new-in-12-run--more"
    assert page('# A\n# A\n<a id="own"></a>\n').anchors == {"a", "a-1", "own"}


def test_a_link_leads_from_the_folder_of_its_page():
    one = page("[a](../src/a%20b.py) [b](/c.md) [d](e/) [f](#g) [h](mailto:x@y)", "docs/x.md")
    assert [(link.path, one.target(link)) for link in one.links][:3] == [
        ("../src/a b.py", "src/a b.py"),
        ("/c.md", "c.md"),
        ("e/", "docs/e"),
    ]
    assert [link.path for link in one.links][3:] == ["", ""]


def test_pages_of_others_are_none_of_ours():
    files = {p: File(p, 1, lambda: b"# x") for p in ("README.md", "vendor/a.md", "tests/b.md", "docs/c.markdown")}
    assert set(Documentation(Repository(files)).pages) == {"README.md", "docs/c.markdown"}


@pytest.mark.parametrize(
    "text", ["`" * 6000, "[" * 6000, "[](" * 6000, "![a" * 6000, "<a " * 6000, "# " + "[a](" * 6000]
)
def test_a_long_line_of_nonsense_is_read_like_any_other(text: str):
    """A pattern that tries every way to read such a line would not come back."""
    one = page(text)
    assert isinstance(one.links, tuple)
    assert isinstance(one.anchors, frozenset)
