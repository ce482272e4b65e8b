"""CODEOWNERS: which patterns have which owners, by the rules of GitHub."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readiness.facts.repository import File, FileKind, Repository

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a pattern and those who own what it matches. No owners means that nobody does, on purpose."""

    pattern: str
    owners: tuple[str, ...]
    line: int

    def matches(self, path: str) -> bool:
        return _matcher(self.pattern).match(path) is not None

    @property
    def strange(self) -> tuple[str, ...]:
        """Owners that are neither a user, nor a team, nor an address."""
        return tuple(o for o in self.owners if not o.startswith("@") and "@" not in o[1:])


class Owners:
    """The owners' file of the repository, the first of the places where forges look; `file` is None without one."""

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, repository: Repository) -> None:
        self._paths = tuple(repository.files)
        self.file: File | None = next((f for p in _PLACES if (f := repository.get(p)) is not None), None)
        self.rules = tuple(_rules(self.file)) if self.file else ()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file: those of the last line that matches."""
        return next((rule.owners for rule in reversed(self.rules) if rule.matches(path)), ())

    def below(self, folder: str) -> tuple[str, ...]:
        """The files in a folder at the top of the repository."""
        return tuple(path for path in self._paths if path.startswith(f"{folder}/"))

    def idle(self) -> tuple[Rule, ...]:
        """Rules that match no file."""
        return tuple(rule for rule in self.rules if not any(rule.matches(path) for path in self._paths))


def _rules(file: File) -> list[Rule]:
    found = []
    for number, line in enumerate(file.lines, 1):
        words = line.partition(" #")[0].split()
        if words and not words[0].startswith(("#", "[", "^[")):  # brackets are GitLab's sections
            found.append(Rule(words[0], tuple(words[1:]), number))
    return found


_MATCHERS: dict[str, re.Pattern[str]] = {}


def _matcher(pattern: str) -> re.Pattern[str]:
    """As in .gitignore: a slash within the pattern ties it to the top; a folder means all that is in it."""
    if pattern not in _MATCHERS:
        tied = "/" in pattern.rstrip("/")
        parts = re.split(r"(\*\*/|/\*\*$|\*+|\?)", pattern.lstrip("/"))
        made = {"**/": "(?:[^/]+/)*", "/**": "/.*", "*": "[^/]*", "**": ".*", "?": "[^/]"}
        body = "".join(made.get(p, re.escape(p)) for p in parts)
        # `docs/*` means the files in the folder alone; `docs/` and `docs` mean all that is below.
        tail = r"\Z" if pattern.endswith("/*") else ".*" if pattern.endswith("/") else r"(?:/.*)?\Z"
        _MATCHERS[pattern] = re.compile(("" if tied else "(?:.*/)?") + body + tail)
    return _MATCHERS[pattern]
