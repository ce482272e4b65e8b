"""What a program said, without the secrets that it was given."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

_NAMES = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|DSN|DATABASE_URL", re.I
)
_LOGIN = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s:/@'\"<>]{0,100}:)[^\s/@'\"<>]{1,200}@")
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?i:(?<=bearer )[\w.~+/=-]{8,})")
_SHORTEST = 6
_SHORTEST_KNOWN = 4  # what is known to be a secret is taken out of other words too
_LINE = 16
_UNPLAIN = re.compile(r"[^\w .-]+")  # a name stands in texts of any kind: JSON stays JSON


def redacted(said: str, surroundings: Mapping[str, str]) -> str:
    """`said` without the values of variables whose names speak of secrets, passwords in addresses, and tokens.

    A value of fewer than six characters stays: taking it out would take out parts of other words.
    """
    for name, value in sorted(surroundings.items(), key=lambda item: -len(item[1])):
        if len(value) >= _SHORTEST and _NAMES.search(name):
            said = said.replace(value, f"<{name}>")
    return _TOKEN.sub("<token>", _LOGIN.sub(r"\1<password>@", said))


class Redactor:
    """Takes known secrets out of texts, in every form in which they travel, and then what looks like one.

    `known` is values by name; in a text stands `<name>` instead of a value. Forms: as it is, each long line of it, as a
    text in JSON or Python, encoded for an address, in base64 (also inside something longer that was encoded as a
    whole), in hexadecimal. A value of fewer than four characters stays: taking it out would destroy the text.
    """

    __slots__ = ("_names", "_pattern")

    def __init__(self, known: Mapping[str, str]) -> None:
        names: dict[str, str] = {}
        for name, value in known.items():
            for form in _forms(value):
                names.setdefault(form, _UNPLAIN.sub("-", name))
        self._names = names
        longest_first = sorted(names, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if names else None

    def __call__(self, said: str) -> str:
        if self._pattern:
            said = self._pattern.sub(lambda found: f"<{self._names[found[0]]}>", said)
        return redacted(said, {})


def _forms(value: str) -> Iterator[str]:
    value = value.removesuffix("\n")
    if len(value) < _SHORTEST_KNOWN:
        return
    lines = [line.strip() for line in value.splitlines()]
    for text in dict.fromkeys([value, *(line for line in lines if len(line) >= _LINE)]):
        yield text
        for ascii_only in (True, False):
            escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            yield from (escaped, escaped.replace("/", "\\/"))
        yield repr(text)[1:-1]
        for encoded in (quote(text, safe=""), quote(text), quote_plus(text)):
            yield from (encoded, re.sub("%..", lambda found: found[0].lower(), encoded))
        data = text.encode("utf-8", "surrogateescape")
        yield from (data.hex(), data.hex().upper())
        yield from _in_base64(data)


def _in_base64(data: bytes) -> Iterator[str]:
    """What base64 makes of the bytes, whatever stands before and behind them: three bytes are four characters."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode()
        # Characters that hold bits of a neighbour are not ours to look for.
        inner = coded[(0, 2, 3)[before] : len(coded) - (0, 3, 2)[(before + len(data)) % 3]]
        if len(inner) >= _SHORTEST_KNOWN:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))
