"""Versions of charts, and what a kustomization refers to."""

import pytest

from readiness.facts.charts import Reference, is_semantic_version
from readiness.facts.objects import Node
from readiness.facts.texts import ThingAnchor


@pytest.mark.parametrize("text", ["1.2.3", "v1.2.3", "0.1.0-rc.1", "1.2.3+build.5"])
def test_a_semantic_version(text: str):
    assert is_semantic_version(text)


@pytest.mark.parametrize("text", ["1.2", "1", "01.2.3", "1.2.3.4", "latest", "^1.2.3", ""])
def test_no_semantic_version(text: str):
    assert not is_semantic_version(text)


def reference(text: str) -> Reference:
    return Reference(Node(ThingAnchor("test"), (), text), "resources", text)


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("../base", False),
        ("web.yaml", False),
        ("https://example.org/a.yaml", True),
        ("git@github.com:example/base", True),
        ("github.com/example/base", True),
        ("example.org/base?ref=v1", True),
    ],
)
def test_what_is_remote(text: str, remote: bool):
    assert reference(text).remote is remote


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("https://example.org/base?ref=v1.2.3", True),
        ("https://example.org/base?ref=main", False),
        ("https://example.org/base?timeout=5", False),
        ("https://example.org/base", False),
        ("https://[/base?ref=v1", True),
    ],
)
def test_what_is_pinned(text: str, pinned: bool):
    assert reference(text).pinned is pinned
