"""Patterns of CODEOWNERS match what the forge says they match."""

from __future__ import annotations

import pytest

from readiness.facts.ownership import Owners, Rule
from readiness.facts.repository import File, Repository


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b/c.py", True),
        ("*.js", "a/b.js", True),
        ("*.js", "a/b.json", False),
        ("/build/logs/", "build/logs/a/b.log", True),
        ("/build/logs/", "x/build/logs/a.log", False),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("apps/", "x/apps/a.py", True),
        ("/docs/", "docs/a/b.md", True),
        ("/docs", "docs/a.md", True),
        ("/docs", "docsother/a.md", False),
        ("**/logs", "a/b/logs/c.txt", True),
        ("/scripts/**", "scripts/a/b.sh", True),
        ("a/**/z.py", "a/z.py", True),
        ("a/**/z.py", "a/b/c/z.py", True),
        ("/apps/github", "apps/github", True),
        ("file?.txt", "d/file1.txt", True),
        ("README.md", "a/README.md", True),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool):
    assert Rule(pattern, ("@a",), 1).matches(path) is matches


def test_the_last_line_that_matches_decides():
    text = b"* @all\n/src/ @src  # the code\n[Section]\n/src/free\n"
    files = {"CODEOWNERS": File("CODEOWNERS", len(text), lambda: text)}
    owners = Owners(Repository(files))
    assert owners.of("README.md") == ("@all",)
    assert owners.of("src/a.py") == ("@src",)
    assert owners.of("src/free") == ()
    assert [rule.pattern for rule in owners.idle()] == ["/src/", "/src/free"]
