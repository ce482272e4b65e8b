"""Text from outside as markdown that means nothing: neither markup nor HTML, link, mention or reference."""

from __future__ import annotations

import re

from readiness.report.text import cut, plain

LONGEST = 500
_SIGNS = re.compile(r"([\\`*_\[\]#|~$])")
_START = re.compile(r"^(\d*)([-+.)=])")
_WEB = re.compile(r"\b(www)\.", re.IGNORECASE)
_TICKS = re.compile(r"`+")
_NOTHING = "&#8203;"  # a space of no width: parts a name from the sign that would make it a mention or a link


def text(value: object, most: int = LONGEST) -> str:
    """One line in which every sign stands for itself. Spaces before its first sign would make it another block."""
    return _START.sub(r"\1\\\2", _signs(plain(cut(str(value), most)).lstrip()))


def code(value: object, most: int = LONGEST) -> str:
    """One line as code; not for a table, where a bar would end the cell."""
    said = plain(cut(str(value), most))
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(said)), default=0))
    pad = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{fence}{pad}{said or ' '}{pad}{fence}"


def prose(value: str, most: int = LONGEST) -> str:
    """A sentence whose words between backticks are code; all else as `text`."""
    parts = cut(value, most).split("`")
    if len(parts) % 2 == 0:
        return text(value, most)
    return text(parts[0]) + "".join(
        code(part) if number % 2 else _signs(plain(part)) for number, part in enumerate(parts[1:], 1) if part
    )


def _signs(said: str) -> str:
    said = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    said = _WEB.sub(rf"\1{_NOTHING}.", _SIGNS.sub(r"\\\1", said))
    return said.replace("@", f"@{_NOTHING}").replace("://", f":{_NOTHING}//").replace("\\#", f"\\#{_NOTHING}")
