"""Language runtimes that a repository pins, and until when their makers mend them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from readiness.facts.code import Code
from readiness.facts.paths import is_own
from readiness.facts.repository import FileKind, Repository
from readiness.facts.versions import Version
from readiness.model import Place

# The last day of security fixes by the maker's own calendar: devguide.python.org/versions, github.com/nodejs/release,
# ruby-lang.org/en/downloads/branches, php.net/supported-versions, dotnet.microsoft.com/platform/support/policy.
_ENDS: dict[str, dict[str, date]] = {
    "Python": {
        "2": date(2020, 1, 1), "3.6": date(2021, 12, 23), "3.7": date(2023, 6, 27), "3.8": date(2024, 10, 7),
        "3.9": date(2025, 10, 31), "3.10": date(2026, 10, 31), "3.11": date(2027, 10, 31), "3.12": date(2028, 10, 31),
        "3.13": date(2029, 10, 31), "3.14": date(2030, 10, 31),
    },
    "Node.js": {
        "12": date(2022, 4, 30), "14": date(2023, 4, 30), "16": date(2023, 9, 11), "17": date(2022, 6, 1),
        "18": date(2025, 4, 30), "19": date(2023, 6, 1), "20": date(2026, 4, 30), "21": date(2024, 6, 1),
        "22": date(2027, 4, 30), "23": date(2025, 6, 1), "24": date(2028, 4, 30),
    },
    "Ruby": {
        "2.7": date(2023, 3, 31), "3.0": date(2024, 4, 23), "3.1": date(2025, 3, 26), "3.2": date(2026, 3, 31),
        "3.3": date(2027, 3, 31), "3.4": date(2028, 3, 31),
    },
    "PHP": {
        "7.4": date(2022, 11, 28), "8.0": date(2023, 11, 26), "8.1": date(2025, 12, 31), "8.2": date(2026, 12, 31),
        "8.3": date(2027, 12, 31), "8.4": date(2028, 12, 31),
    },
    ".NET": {
        "6": date(2024, 11, 12), "7": date(2024, 5, 14), "8": date(2026, 11, 10), "9": date(2026, 11, 10),
        "10": date(2028, 11, 10),
    },
}  # fmt: skip
_FILES = {".python-version": "Python", ".nvmrc": "Node.js", ".node-version": "Node.js", ".ruby-version": "Ruby"}
_TOOL_VERSIONS = {
    "python": "Python",
    "nodejs": "Node.js",
    "node": "Node.js",
    "ruby": "Ruby",
    "php": "PHP",
    "dotnet": ".NET",
}


@dataclass(frozen=True, slots=True)
class Pin:
    """A runtime version that a file asks for."""

    runtime: str
    version: Version
    text: str
    place: Place

    @property
    def ends(self) -> date | None:
        """The last day on which this version gets security fixes; None where that is not known here."""
        return next((day for text, day in _ENDS[self.runtime].items() if self.version.within(_read(text))), None)


class RuntimePins:
    """Runtime versions by version files and by `.tool-versions`; and the languages that would have one."""

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, repository: Repository, code: Code) -> None:
        self.repository = repository
        self._items = tuple(_pins(repository))
        self.wanted = [
            n for n, lang in (("Python", "Python"), ("Node.js", "TypeScript"), ("Ruby", "Ruby")) if lang in code.files
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Pin]:
        return iter(self._items)


def _pins(repository: Repository) -> Iterator[Pin]:
    for file in repository.named(*_FILES, ".tool-versions"):
        if not is_own(file.path):
            continue
        for number, line in enumerate(file.lines, 1):
            words = line.partition("#")[0].split()
            runtime = _FILES.get(file.name) or (_TOOL_VERSIONS.get(words[0]) if words else None)
            text = words[-1 if file.name != ".tool-versions" else min(1, len(words) - 1)] if words else ""
            version = Version.read(text.rpartition("-")[2]) or Version.read(text)
            if runtime and version:
                yield Pin(runtime, version, text, file.at(runtime, number))


def _read(text: str) -> Version:
    return Version(tuple(int(n) for n in text.split(".")))
