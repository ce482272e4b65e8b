"""What is taken out of a program's words, and what stays."""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sources.redaction import Redactor, redacted

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


SECRET = "p/w+ö \"q'ü\\n&x=1%"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace("/", "\\/"),
        repr(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"use:{SECRET}, and more".encode()).decode(),
        base64.b64encode(f"us:{SECRET}".encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_a_known_secret_is_taken_out_in_every_form(form: str) -> None:
    told = Redactor({"DB": SECRET})(f"before {form} after")
    assert "<DB>" in told
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert form not in told


def test_what_is_left_of_a_form_in_base64_says_at_most_three_characters_at_each_end() -> None:
    whole = base64.b64encode(b"u:" + b"correct horse battery" + b":v").decode()
    told = Redactor({"DB": "correct horse battery"})(whole)
    left = told.replace("<DB>", "")
    assert "<DB>" in told
    assert len(left) <= 4 + 4 + 3


def test_the_lines_of_a_long_secret_are_secrets_and_its_last_newline_is_none() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\n-----END KEY-----\n"
    told = Redactor({"KEY": key})("log: MIIEvQIBADANBgkqhkiG | short |")
    assert told == "log: <KEY> | short |"
    assert Redactor({"T": "abcdefgh\n"})("[abcdefgh]") == "[<T>]"


def test_of_two_secrets_the_longer_one_goes_whole() -> None:
    assert Redactor({"A": "abcdef", "B": "abcdefghij"})("abcdefghij abcdef") == "<B> <A>"


def test_very_short_values_stay_and_forms_of_unknown_secrets_go() -> None:
    assert Redactor({"A": "abc", "E": ""})("abc") == "abc"
    assert Redactor({})("https://me:pa55@host/x") == "https://me:<password>@host/x"


@given(st.text(string.printable, min_size=4, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_no_secret_survives_whatever_stands_around_it(secret: str, before: bytes, after: bytes) -> None:
    redact = Redactor({"S": secret})
    kept = secret.removesuffix("\n")
    if len(kept) < 4:
        return
    if kept not in "<S><token><password>":
        assert kept not in redact(f"@{kept}@") or kept in "<password>@"
    coded = base64.b64encode(before + kept.encode() + after).decode()
    assert "<S>" in redact(coded)


def test_the_name_of_a_secret_cannot_break_the_document_that_it_stands_in() -> None:
    told = Redactor({'the "best" token\n': "hunter2"})(json.dumps({"a": "hunter2"}))
    assert json.loads(told) == {"a": "<the -best- token->"}
