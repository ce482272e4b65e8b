"""From bytes to text: UTF-8, and UTF-16 or UTF-32 where the first bytes say so; nothing is guessed beyond that."""

from __future__ import annotations

import codecs
import re

from readiness.sources.manifests.reading import Problem

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r") + b"\x7f"
_OTHERS = bytes(code for code in range(256) if code not in _CONTROLS)
_UNWANTED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile(r"\r\n|\r|\n")


def decode(data: bytes, path: str) -> tuple[str, bool] | Problem:
    """The text without its byte order mark, and whether there was one; or a fatal problem with the byte's number."""
    encoding, mark = _encoding(data)
    try:
        return data[len(mark) :].decode(encoding), bool(mark)
    except UnicodeDecodeError as error:
        at = len(mark) + error.start
        before = data[len(mark) : at].decode(encoding, "replace")
        told = f"byte {at} is not {encoding.upper()} text; save the file as UTF-8"
        return _problem(path, before, told)


def find_unwanted(text: str, path: str) -> Problem | None:
    """The first character that YAML does not allow in a file, such as NUL."""
    if text.isascii() and not text.encode("ascii").translate(None, _OTHERS):
        return None
    found = _UNWANTED.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    at = len(before.encode("utf-8", "surrogatepass"))
    told = f"the character U+{ord(found[0]):04X} at byte {at} is not allowed in a YAML file; is this a text file?"
    return _problem(path, before, told)


def _encoding(data: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, mark
    zeros = tuple(byte == 0 for byte in data[:4])
    if zeros[:4] == (True, True, True, False):
        return "utf-32-be", b""
    if zeros[:4] == (False, True, True, True):
        return "utf-32-le", b""
    if zeros[:2] == (True, False) and len(data) % 2 == 0:
        return "utf-16-be", b""
    if zeros[:2] == (False, True) and len(data) % 2 == 0:
        return "utf-16-le", b""
    return "utf-8", b""


def _problem(path: str, before: str, message: str) -> Problem:
    lines = _BREAK.split(before)
    return Problem(path, len(lines), len(lines[-1]) + 1, "encoding", message, fatal=True)
