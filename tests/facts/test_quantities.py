"""Quantities and percentages, against what Kubernetes documents and an independent computation."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.facts.quantities import quantity, scaled, written

UNITS = {
    "": 1, "m": Fraction(1, 1000), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9), "k": 10**3, "M": 10**6, "G": 10**9,
    "T": 10**12, "P": 10**15, "E": 10**18, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100m", Decimal("0.1")),
        ("1.5Gi", Decimal(3 * 2**29)),
        ("2e3", Decimal(2000)),
        ("2E3", Decimal(2000)),
        ("1E", Decimal(10**18)),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("+1", Decimal(1)),
        (0.5, Decimal("0.5")),
        (2, Decimal(2)),
        ("0", Decimal(0)),
    ],
)
def test_a_quantity_is_read(text: object, amount: Decimal):
    assert quantity(text) == amount


@pytest.mark.parametrize(
    "text", ["", " 1", "1 Gi", "1GB", "1g", "512MB", "1e", "e3", "--1", ".", "٣", "1K", None, True, [], {}, "9" * 5000]
)
def test_what_is_no_quantity_is_none(text: object):
    assert quantity(text) is None


@given(st.integers(0, 10**9), st.sampled_from(sorted(UNITS)))
def test_a_suffix_multiplies(number: int, unit: str):
    read = quantity(f"{number}{unit}")
    assert read is not None
    assert Fraction(read) == number * Fraction(UNITS[unit])


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_a_percentage_is_rounded_in_the_direction_asked_for(percent: int, total: int, up: bool):
    exact = Fraction(percent * total, 100)
    assert scaled(f"{percent}%", total, round_up=up) == (math.ceil(exact) if up else math.floor(exact))


@pytest.mark.parametrize("value", [None, True, 1.5, "1", "x%", "%", "-5%", "5.5%", "٣%", [], {}])
def test_what_is_neither_number_nor_percentage_is_none(value: object):
    assert scaled(value, 10, round_up=True) is None


def test_a_number_stands_for_itself():
    assert scaled(7, 3, round_up=False) == 7


@pytest.mark.parametrize(
    ("text", "resource", "said"),
    [
        ("0.25", "cpu", "250m"),
        ("2000m", "requests.cpu", "2"),
        ("0", "cpu", "0"),
        ("1024Mi", "memory", "1Gi"),
        ("1G", "limits.memory", "954Mi"),
        ("512", "memory", "512"),
        ("8", "pods", "8"),
    ],
)
def test_an_amount_is_written_as_a_person_writes_it(text: str, resource: str, said: str):
    amount = quantity(text)
    assert amount is not None
    assert written(amount, resource) == said
