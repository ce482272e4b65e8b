"""Where an alert's runbook leads: to a file and a heading of the repository, or elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from readiness.facts.repository import File, FileKind, Repository

# What stands between a repository and a path in the addresses of GitHub, GitLab, Bitbucket, Gitea and Azure.
_FORGE = re.compile(r"(.*?)/(?:-/)?(?:blob|tree|raw|src/branch|src/tag|src/commit|src)/([^/]+)/(.+)\Z")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*\Z")
_ANCHOR = re.compile(r"<a\s[^>]{0,200}?(?:id|name)=[\"']([^\"']{1,200})[\"']|\{#([-\w]{1,200})\}", re.IGNORECASE)
_MARKUP = re.compile(r"\[([^\]]{0,300})\]\([^)]{0,500}\)|[*`]|<[^>]{0,200}>")


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means. `repository` is the part before the path; `file` is None where no file of that path is here."""

    repository: str
    path: str
    anchor: str
    file: File | None


class Runbooks:
    """The documents of the repository, to be found by the addresses in alerts."""

    kinds = frozenset({FileKind.OTHER})

    def __init__(self, repository: Repository) -> None:
        self._files = repository.files

    def target(self, address: str) -> Target | None:
        """What `address` means, or None where it is no path and no address of a file on a forge."""
        parts = urlsplit(address.strip())
        anchor = unquote(parts.fragment)
        if not parts.scheme and not parts.netloc:
            path = unquote(parts.path).removeprefix("./").lstrip("/")
            return Target("", path, anchor, self._files.get(path)) if path else None
        match = _FORGE.match(unquote(parts.path))
        if not match or parts.scheme not in {"http", "https"}:
            return None
        repository = f"{parts.netloc}{match[1]}"
        return Target(repository, match[3], anchor, self._found(match[3]))

    def _found(self, path: str) -> File | None:
        """The file of that path; where only a folder of the forge's repository is checked, by the end of the path."""
        while path:
            if path in self._files:
                return self._files[path]
            path = path.partition("/")[2]
        return None


def anchors(text: str) -> frozenset[str]:
    """The anchors of a Markdown text, as GitHub and GitLab make them from headings, and those written as HTML."""
    found: dict[str, int] = {}
    written: set[str] = set()
    fence, before = "", ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) else fence
            continue
        if mark:
            fence = mark[1]
            continue
        written |= {a or b for a, b in _ANCHOR.findall(line)}
        heading = _HEADING.match(line)
        title = heading[1] if heading else before.strip() if before.strip() and _UNDERLINE.match(line) else ""
        before = "" if heading else line
        if title:
            slug = _slug(title)
            number = found.get(slug, 0)
            found[slug] = number + 1
            written.add(f"{slug}-{number}" if number else slug)
    return frozenset(written)


def _slug(title: str) -> str:
    plain = _MARKUP.sub(lambda m: m[1] or "", title).strip().lower()
    return "".join("-" if c in " -" else c for c in plain if c.isalnum() or c in " -_")
