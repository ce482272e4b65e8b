"""Image references: the grammar of the distribution project."""

import pytest

from readiness.facts.images import ImageReference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("shop/web:1", "docker.io", "shop/web", "1", ""),
        # The port of a host is no tag.
        ("localhost:5000/app", "localhost:5000", "app", "", ""),
        ("localhost/app:1", "localhost", "app", "1", ""),
        ("registry.example.com/shop/web:1.4@" + DIGEST, "registry.example.com", "shop/web", "1.4", DIGEST),
        ("registry.example.com/shop/web@" + DIGEST, "registry.example.com", "shop/web", "", DIGEST),
        ("[::1]:5000/app:2", "[::1]:5000", "app", "2", ""),
        ("index.docker.io/nginx", "docker.io", "library/nginx", "", ""),
    ],
)
def test_a_reference_is_taken_apart(text: str, registry: str, repository: str, tag: str, digest: str):
    parsed = ImageReference.parse(text)
    assert parsed is not None
    assert (parsed.registry, parsed.repository, parsed.tag, parsed.digest) == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "web:",
        "web@",
        "Web",
        "web:1:2",
        "a//b",
        "web@sha256:abc",
        "web:-1",
        "/web",
        "web/",
        "we b",
        "w" * 5000,
    ],
)
def test_what_no_registry_accepts_is_none(text: str):
    assert ImageReference.parse(text) is None
