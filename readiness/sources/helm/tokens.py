"""Finds out which line of a template wrote which rendered line: the chart is rendered again, with tokens in it.

In a second copy of the chart each template gets a token before the text of each of its lines and before each action
that prints something; a token is a line number between two private characters. It leaves no trace in what the template
decides, so what comes out is the same text with tokens in it. Bodies of `define` get none: what they write belongs to
the line that includes them. The body moves to a partial, and the template prints it in base64, so that Helm does not
try to read the marked text as YAML.

Nothing is believed blindly: a line's origin counts only where both renderings agree (`tracing`).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterator, Mapping
from pathlib import Path

from readiness.sources.helm.chart import Part

_OPEN, _CLOSE = "\ue000", "\ue001"
_TOKEN = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_ACTION = re.compile(
    r"""\{\{(?P<left>-\s)?\s*+
        (?: (?P<comment>/\*.*?\*/)\s*
          | (?P<body>(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|[^"`'}]|\}(?!\}))*?)
        )(?P<right>\s-)?\}\}""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[a-z]+\b")
_ASSIGNMENT = re.compile(r"\$\w*(?:\s*,\s*\$\w*)?\s*:?=(?!=)")
_OPENERS = frozenset({"if", "range", "with", "define", "block"})
_SILENT = frozenset({"if", "else", "end", "range", "with", "define", "break", "continue"})
_FIELD = "readinessLines"
_LINE = re.compile(rf"^{_FIELD}: ([A-Za-z0-9+/=]*)$", re.MULTILINE)


def mark(text: str) -> str | None:
    """`text` of a template with tokens, or None where it is not understood well enough."""
    if _OPEN in text or _CLOSE in text:
        return None
    out: list[str] = []
    nested: list[str] = []
    at, line = 0, 1
    while (start := text.find("{{", at)) >= 0:
        action, literal = _ACTION.match(text, start), text[at:start]
        if action is None:
            return None
        out.append(literal if _defining(nested) else _marked(literal, line))
        line += literal.count("\n")
        out.append(_action(action, nested, line))
        line += action[0].count("\n")
        at = action.end()
    if nested:
        return None
    out.append(_marked(text[at:], line))
    return "".join(out)


def _action(action: re.Match[str], nested: list[str], line: int) -> str:
    """One action, with a token before it where it prints; `nested` keeps the blocks that are open."""
    body = action["body"]
    if body is None:
        return action[0]
    word = _WORD.match(body)
    keyword = word[0] if word else ""
    quiet = keyword in _SILENT or bool(_ASSIGNMENT.match(body)) or _defining(nested)
    if keyword in _OPENERS:
        nested.append(keyword)
    elif keyword == "end" and nested:
        nested.pop()
    if quiet:
        return action[0]
    token = f'"{_OPEN}{line}{_CLOSE}"'
    if not action["left"]:
        return f"{{{{ {token} }}}}{action[0]}"
    return f"{{{{- {token} }}}}{{{{ {action[0][len('{{') + len(action['left']) :]}"


def _defining(nested: list[str]) -> bool:
    return "define" in nested or "block" in nested


def _marked(literal: str, line: int) -> str:
    """A token before the first visible character of each line."""
    lines = []
    for number, text in enumerate(literal.split("\n"), line):
        visible = text.lstrip()
        blank = text[: len(text) - len(visible)]
        lines.append(f"{blank}{_OPEN}{number}{_CLOSE}{visible}" if visible else text)
    return "\n".join(lines)


def mark_chart(top: Part, limit: int = 20_000) -> bool:
    """Mark every template of a copied chart in place; False where nothing could be marked."""
    done = 0
    for name, part in top.each():
        for number, path in enumerate(_templates(part.folder / "templates")):
            if done >= limit:
                return bool(done)
            if _mark_file(path, f"{name}/{path.relative_to(part.folder).parent.as_posix()}", number):
                done += 1
    return bool(done)


def _templates(folder: Path) -> Iterator[Path]:
    """The templates that print something of their own."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith(("_", ".")) and path.name != "NOTES.txt":
                yield path


def _mark_file(path: Path, folder: str, number: int) -> bool:
    try:
        marked = mark(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False
    if marked is None or _FIELD in marked:
        return False
    partial = f"_readiness-{number}.tpl"
    (path.parent / partial).write_text(marked, encoding="utf-8", newline="")
    path.write_text(f'{_FIELD}: {{{{ include "{folder}/{partial}" . | b64enc }}}}\n', encoding="utf-8")
    return True


def marked_texts(output: Mapping[str, str]) -> dict[str, str]:
    """What each template printed in the second rendering, with the tokens; `output` is by source."""
    texts = {}
    for source, printed in output.items():
        match = _LINE.search(printed)
        if match:
            try:
                texts[source] = b64decode(match[1]).decode("utf-8", "replace")
            except BadBase64:
                continue
    return texts


def origins(marked: str) -> tuple[list[str], list[int]]:
    """The text without tokens, by lines, and for each line the line of the template that began it (0: none known)."""
    clean, numbers, last = [], [], 0
    for line in marked.replace("\r\n", "\n").split("\n"):
        pieces = _TOKEN.split(line)
        began = 0
        for index, piece in enumerate(pieces):
            if index % 2:
                last = int(piece)
            elif piece.strip() and not began:
                began = last
        clean.append("".join(pieces[::2]))
        numbers.append(began or last)
    return clean, numbers
