"""Text from outside on its way to a reader: nothing in it may move a cursor, change a colour or speak to a pipeline."""

from __future__ import annotations

import re

# C0 and C1 controls, and the characters that reorder or hide text (bidirectional controls, zero-width ones, line separators).
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def plain(text: object) -> str:
    """One line of text in which every control and hidden character is written out, as in `\\x1b` or `\\u202e`."""
    return _UNSAFE.sub(_written_out, str(text))


def plain_lines(text: object) -> str:
    """As `plain`, but line ends stay."""
    return "\n".join(plain(line) for line in str(text).split("\n"))


def shortened(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x09:
        return "\\t"
    if code == 0x0A:
        return "\\n"
    if code == 0x0D:
        return "\\r"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
