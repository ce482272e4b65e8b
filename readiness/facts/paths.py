"""What a path says about a file: whether it is the project's own, a test, an example, or somebody else's."""

from __future__ import annotations

_FOREIGN = frozenset(
    {
        "vendor",
        "vendored",
        "third_party",
        "third-party",
        "node_modules",
        "bower_components",
        "site-packages",
        ".venv",
        "venv",
    }
)
_TESTS = frozenset(
    {"test", "tests", "testing", "spec", "specs", "__tests__", "e2e"}
    | {"testdata", "test-data", "test_data", "fixtures", "__fixtures__"}
)
_EXAMPLES = frozenset({"example", "examples", "sample", "samples", "demo", "demos"})


def is_foreign(path: str) -> bool:
    """Whether it lies in a folder that holds copies of other projects."""
    return not _FOREIGN.isdisjoint(path.split("/")[:-1])


def is_test(path: str) -> bool:
    """Whether it is a test, or data of one, by its folder or its name."""
    *folders, name = path.split("/")
    if not _TESTS.isdisjoint(folders) or any(f.endswith((".Tests", "-tests", "_tests")) for f in folders):
        return True
    stem = name.partition(".")[0]
    return (
        stem.startswith("test_")
        or stem.endswith(("_test", "_spec", "Test", "Tests", "IT"))
        or ".test." in name
        or ".spec." in name
        or stem in {"conftest", "tests"}
    )


def is_example(path: str) -> bool:
    """Whether it lies in a folder of examples."""
    return not _EXAMPLES.isdisjoint(path.split("/")[:-1])


def is_own(path: str) -> bool:
    """Whether it belongs to what the project ships: neither somebody else's nor a test."""
    return not is_foreign(path) and not is_test(path)
