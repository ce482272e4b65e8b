"""What is taken out of a program's words, and what stays."""

from __future__ import annotations

import pytest

from readiness.sources.redaction import redacted

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyb2JvdCJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"token {JWT} expired", "token <token> expired"),
        ("authorization: bearer abc.def-ghi", "authorization: bearer <token>"),
        ("https://me:pa55@host/x", "https://me:<password>@host/x"),
        ("redis://:pa55@host", "redis://:<password>@host"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
        ("mail me@example.com: done", "mail me@example.com: done"),
    ],
)
def test_forms_of_secrets_are_taken_out(said: str, told: str) -> None:
    assert redacted(said, {}) == told


def test_values_of_secret_variables_are_taken_out_the_longest_first() -> None:
    surroundings = {"A_TOKEN": "abcdef", "B_PASSWORD": "abcdefghij", "HOME": "/home/abcdefghij", "C_KEY": "zzzzzzzz"}
    assert redacted("abcdefghij abcdef zzzzzzzz", surroundings) == "<B_PASSWORD> <A_TOKEN> zzzzzzzz"


def test_a_short_value_stays_because_it_is_part_of_words() -> None:
    assert redacted("test passed", {"MY_TOKEN": "pass"}) == "test passed"
