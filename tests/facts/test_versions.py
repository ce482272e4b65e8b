"""Versions compare and specifiers decide as the Python packaging specification has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version as Reference

from readiness.facts.versions import Version, satisfies

numbers = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))
versions = st.builds(lambda n, early: n + early, numbers, st.sampled_from(["", "", "", "a1", "b2", "rc1", "rc2"]))
clauses = st.builds(lambda o, v: o + v, st.sampled_from(["==", "!=", ">=", "<="]), versions) | st.builds(
    lambda o, v: o + v, st.sampled_from([">", "<"]), numbers
)


@given(versions, versions)
def test_two_versions_compare_as_in_the_specification(a: str, b: str):
    mine, theirs = Version.read(a), Version.read(b)
    assert mine is not None
    assert theirs is not None
    assert (mine.compare(theirs) > 0) == (Reference(a) > Reference(b))
    assert (mine.compare(theirs) == 0) == (Reference(a) == Reference(b))


@given(numbers, st.lists(clauses, min_size=1, max_size=3))
def test_a_release_meets_what_the_specification_says_it_meets(version: str, wanted: list[str]):
    assert satisfies(version, ",".join(wanted)) == SpecifierSet(",".join(wanted)).contains(version, prereleases=True)


@given(numbers, numbers.filter(lambda v: "." in v))
def test_compatible_releases_and_stars_too(version: str, base: str):
    for wanted in (f"~={base}", f"=={base}.*", f"!={base}.*"):
        assert satisfies(version, wanted) == SpecifierSet(wanted).contains(version, prereleases=True), wanted


@pytest.mark.parametrize(
    ("version", "wanted", "answer"),
    [
        ("v3.18.2+g1234567", ">=3.14,<4", True),
        ("3.11.4", "3.11", True),
        ("1.30", "1.3", False),
        ("Docker version 27", ">=20", None),  # whoever asks the program takes its number out of the sentence
        ("3.1", "", None),
        ("3.1", "about three", None),
        ("3.1", ">=3.*", None),
        ("3.1", "~=3", None),
        ("3.1", ">=3,nonsense", None),
    ],
)
def test_what_cannot_be_read_is_no_answer(version: str, wanted: str, answer: bool | None):
    assert satisfies(version, wanted) is answer
