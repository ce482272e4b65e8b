"""Text from outside on its way to a reader: nothing in it may move a cursor, change a colour or speak to a pipeline."""

from __future__ import annotations

import re

# C1 controls, the characters that reorder or hide text (bidirectional controls, zero-width ones, fillers, line
# separators, tags), surrogates, and the two code points that XML forbids. C0 controls stand apart: JSON has its own
# words for them.
HIDDEN = (
    r"\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff"
)
# `##[error]`, `##vso[task.setvariable]`, `##teamcity[…]`: pipelines obey these wherever they stand in a line.
COMMAND = r"##(?=\w*\[)"
_UNSAFE = re.compile(rf"[\x00-\x1f{HIDDEN}]|{COMMAND}")
# GitHub obeys `::name::` at the start of a line, blanks before it or not.
_LINE_COMMAND = re.compile(r"^(\s*(?:\x1b\[[0-9;]*m)*\s*):(?=:[A-Za-z])")

MOST_TEXT = 2_000
"""Characters of one message, name or value that a report shows."""


def plain(text: object) -> str:
    """One line of text in which every control and hidden character is written out, as in `\\x1b` or `\\u202e`."""
    return _LINE_COMMAND.sub(r"\1\\x3a", _UNSAFE.sub(_written_out, str(text)))


def plain_lines(text: object) -> str:
    """As `plain`, but line ends stay."""
    return "\n".join(plain(line) for line in str(text).split("\n"))


def no_command(line: str) -> str:
    """The line, coloured or not, such that no pipeline takes its start for a command."""
    return _LINE_COMMAND.sub(r"\1\\x3a", line)


def brief(text: object, most: int = MOST_TEXT) -> str:
    """As `plain`, and never longer than a little over `most` characters; what is left out is counted."""
    return plain(cut(str(text), most))


def cut(text: str, most: int = MOST_TEXT) -> str:
    """The text where it is not longer than `most`, else its start and how much is left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def shortened(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def sentence(text: str) -> str:
    """The text on one line with a capital at its start."""
    said = " ".join(text.split())
    return said[:1].upper() + said[1:]


def whole(value: float) -> str:
    """A score as a whole number, never more than was reached: 79.9 is not 80."""
    return str(int(value + 1e-9))


def counted(count: int, word: str, plural: str = "") -> str:
    """`1 finding`, `2 findings`, `1,000 findings`."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def _written_out(match: re.Match[str]) -> str:
    if match[0] == "##":
        return "\\x23#"
    code = ord(match[0])
    if code in _SHORT:
        return _SHORT[code]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHORT = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
