"""Which names and values are taken for secrets."""

from __future__ import annotations

import pytest

from readiness.facts.leaks import Leaks
from readiness.facts.repository import File, Repository
from readiness.facts.secrets import entropy, holds_password, is_literal, is_placeholder, names_a_secret


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWORD", "dbPassword", "apiKey", "API_KEY", "client-secret", "GITHUB_TOKEN",
     "AWS_SECRET_ACCESS_KEY",     "privateKey", "smtp.password", "PGPASSWORD",
     "accesstoken", "SECRETKEY", "user_credentials", "--api-token"],
)  # fmt: skip
def test_names_of_secrets(name: str):
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    ["", "PORT", "PASSWORD_FILE", "TOKEN_TTL", "MAX_TOKENS", "SECRET_NAME", "PUBLIC_KEY", "KEY", "MONKEY", "keyboard",
     "API_KEY_ID", "SECRET_PROVIDER", "bypass_cache", "AUTHOR", "tokenizer", "PASSWORD_MIN_LENGTH", "AUTH_KEY_PATH"],
)  # fmt: skip
def test_names_that_only_speak_of_one(name: str):
    assert not names_a_secret(name)


@pytest.mark.parametrize("value", ["hunter2", "s3cr3t value", "12345678", "-x"])
def test_values_that_stand_for_themselves(value: str):
    assert is_literal(value)


@pytest.mark.parametrize(
    "value",
    ["", " ", "true", "42", "1.5", "$(DB_PASSWORD)", "${DB_PASSWORD}", "{{ .Values.x }}", "/run/secrets/x",
     "vault:secret/x",     "<your password>", "ENC[AES]", "$TOKEN", "op://vault/item", "arn:aws:secretsmanager:x"],
)  # fmt: skip
def test_values_that_point_elsewhere(value: str):
    assert not is_literal(value)


def test_addresses_with_a_password():
    assert holds_password("see postgresql://shop:hunter2@db.example.com/shop")
    assert holds_password("redis://:hunter2@cache:6379")
    assert not holds_password("postgresql://shop@db/shop")
    assert not holds_password("postgresql://shop:$(PASSWORD)@db/shop")
    assert not holds_password("https://example.com/a:b@c")
    assert not holds_password("mail shop:hunter2@example.com")


def test_entropy_tells_made_keys_from_words():
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert is_placeholder("your-token-here")
    assert not is_placeholder("kuZt7Rw2mQ")


def leaks(path: str, text: str) -> list[tuple[int, str]]:
    files = {path: File(path, len(text), text.encode)}
    return [(leak.line, leak.kind) for leak in Leaks(Repository(files))]


# Put together here, so that this file holds none that a scanner would find.
KEY = "AKI" + "AQ3EGXJ2LHZ7WNB4T"
WORD = "kuZt7Rw2mQ" + "9xLc3Vn6Jd"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (KEY, "AWS access key"),
        ("gl" + "pat-Zt7Rw2mQ9xLc3Vn6Jd1H", "GitLab token"),
        ("xo" + "xb-123456789012-123456789012-kuZt7Rw2mQ9xLc3V", "Slack token"),
        ("sk" + "_live_kuZt7Rw2mQ9xLc3Vn6Jd1H", "Stripe key"),
        ("AI" + "zaSyKuZt7Rw2mQ9xLc3Vn6Jd1Hf4Gs0Pa8YuE", "Google API key"),
        ("np" + "m_kuZt7Rw2mQ9xLc3Vn6Jd1Hf4Gs0Pa8YuE2bC", "npm token"),
        ("Account" + "Key=" + "kuZt7Rw2mQ9xLc3Vn6Jd1Hf4Gs0Pa8Yu" * 2 + "kuZt7Rw2mQ9xLc3Vn6Jd1H==", "Azure storage key"),
        ("hv" + "s.kuZt7Rw2mQ9xLc3Vn6Jd1Hf4", "Vault token"),
    ],
)
def test_keys_of_a_published_form(text: str, kind: str):
    assert leaks("a.py", f"\nx = '{text}'\n") == [(2, kind)]
    assert leaks("tests/a.py", text) == []
    assert leaks("README.md", text) == [(1, kind)]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.py", f'db_password = "{WORD}"', 1),
        ("a.py", f"db_password = {WORD}", 0),
        ("a.yaml", f"password: {WORD}", 1),
        ("a.yaml", f"passwordFile: {WORD}", 0),
        ("a.yaml.example", f"password: {WORD}", 0),
        ("README.md", f'password = "{WORD}"', 0),
        ("a.go", f'Password: "{WORD}",\nToken: "{WORD}x",', 2),
        ("a.js", 'const passwordLabel = "enter your password 1"', 0),
        ("a.py", 'token = "get_token_from_session_1"', 0),
        ("a.py", 'secret_url = "https://example.com/1a2b3c4d5e6f"', 0),
        ("a.json", f'{{"user": "x", "clientSecret": "{WORD}"}}', 1),
        ("a.py", '"V1TokenRequest": ".models.v1_token_request"', 0),
        ("a.tfvars", f'password = "{WORD}"\npassword = "{WORD}"', 2),
    ],
)
def test_values_of_secret_names(path: str, text: str, found: int):
    assert len(leaks(path, text)) == found


@pytest.mark.parametrize(
    "piece", ["password", "password=", "://a:", "-----BEGIN ", "token: '", "gh", "AKIA", "x" * 50 + "="]
)
def test_a_long_line_of_nonsense_is_searched_like_any_other(piece: str):
    """A pattern that tries every way to read such a line would not come back."""
    assert leaks("a.yaml", piece * (400_000 // len(piece))) == []
