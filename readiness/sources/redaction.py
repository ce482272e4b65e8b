"""What a program said, without the secrets that it was given."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMES = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|DSN|DATABASE_URL", re.I
)
_LOGIN = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s:/@'\"<>]{0,100}:)[^\s/@'\"<>]{1,200}@")
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?i:(?<=bearer )[\w.~+/=-]{8,})")
_SHORTEST = 6


def redacted(said: str, surroundings: Mapping[str, str]) -> str:
    """`said` without the values of variables whose names speak of secrets, passwords in addresses, and tokens.

    A value of fewer than six characters stays: taking it out would take out parts of other words.
    """
    for name, value in sorted(surroundings.items(), key=lambda item: -len(item[1])):
        if len(value) >= _SHORTEST and _NAMES.search(name):
            said = said.replace(value, f"<{name}>")
    return _TOKEN.sub("<token>", _LOGIN.sub(r"\1<password>@", said))
