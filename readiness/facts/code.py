"""Source code of a repository by language, its tests, and the tools that its settings name."""

from __future__ import annotations

from functools import cached_property

from readiness.facts.objects import Node
from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.texts import root

_LANGUAGES = {
    ".py": "Python", ".js": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript", ".jsx": "JavaScript",
    ".ts": "TypeScript", ".tsx": "TypeScript", ".go": "Go", ".rs": "Rust", ".java": "Java", ".kt": "Kotlin",
    ".scala": "Scala", ".rb": "Ruby", ".php": "PHP", ".cs": "C#", ".fs": "F#", ".c": "C", ".cc": "C++", ".cpp": "C++",
    ".swift": "Swift", ".ex": "Elixir", ".erl": "Erlang", ".clj": "Clojure", ".dart": "Dart", ".hs": "Haskell",
}  # fmt: skip
# Languages whose tests stand in the same file as the code.
_INLINE = {"Rust": "#[test]", "Python": ">>> "}
_GENERATED = (
    "_pb2.py",
    "_pb2_grpc.py",
    ".pb.go",
    ".min.js",
    ".d.ts",
    "_generated.go",
    ".g.cs",
    ".designer.cs",
    "demo.pb.js",
)


class Code:
    """The project's own code: none of vendored folders, none that a generator wrote.

    `files` are shipped, `tests` are not; each by language.
    """

    kinds = frozenset({FileKind.OTHER.value, FileKind.PACKAGE.value, FileKind.TOOLING.value})

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.files: dict[str, list[File]] = {}
        self.tests: dict[str, list[File]] = {}
        for path, file in repository.files.items():
            language = _LANGUAGES.get("." + file.name.rpartition(".")[2].lower())
            if language and not is_foreign(path) and not file.name.lower().endswith(_GENERATED):
                (self.tests if is_test(path) else self.files).setdefault(language, []).append(file)

    def tested(self, language: str) -> bool:
        """Whether there are tests in that language, in files of their own or beside the code."""
        if self.tests.get(language):
            return True
        mark = _INLINE.get(language)
        return mark is not None and any(mark in file.text for file in self.files.get(language, ()))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the shipped code, the one with the most files first."""
        return tuple(sorted(self.files, key=lambda name: (-len(self.files[name]), name)))

    def settings(self, *names: str) -> list[tuple[File, Node | None]]:
        """Files of these names outside vendored folders, with a cursor where they were read as data."""
        found: list[tuple[File, Node | None]] = []
        for file in self.repository.named(*names):
            if not is_foreign(file.path):
                documents = self.repository.parsed.get(file.path, ())
                found.append((file, root(documents[0]) if documents else None))
        return found

    @cached_property
    def security_rules(self) -> bool:
        """Whether the Python linter is told to look for security faults (ruff's rules S, or flake8-bandit)."""
        for _, node in self.settings("pyproject.toml"):
            for key in ("select", "extend-select"):
                rules = node.sequence("tool", "ruff", "lint", key) if node is not None else ()
                if "S" in rules or "ALL" in rules:
                    return True
        return False
