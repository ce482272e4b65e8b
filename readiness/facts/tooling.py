"""Linters, formatters and type checkers: which ones a repository has settings for, or runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from readiness.facts.code import Code
from readiness.facts.objects import Node
from readiness.facts.repository import File, FileKind, Repository
from readiness.model import Place


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the trade: what its settings files are called, its table in pyproject.toml, and how it is called."""

    name: str
    files: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    called: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """One language: where a tool for it was found, or should be, whether there is one, and both in words."""

    place: Place
    there: bool
    said: str


_RUFF = Tool("ruff", ("ruff.toml", ".ruff.toml"), ("tool", "ruff"), ("ruff check", "ruff-check", "id: ruff"))
_BIOME = Tool("biome", ("biome.json", "biome.jsonc"), (), ("biome check", "biome lint", "biome ci"))
_ESLINT = Tool("eslint", ("eslint.config.*", ".eslintrc", ".eslintrc.*"), (), ("eslint",))
_PRETTIER = Tool("prettier", (".prettierrc", ".prettierrc.*", "prettier.config.*"), (), ("prettier",))
LINTERS: dict[str, tuple[Tool, ...]] = {
    "Python": (
        _RUFF,
        Tool("flake8", (".flake8",), ("tool", "flake8"), ("flake8",)),
        Tool("pylint", (".pylintrc", "pylintrc"), ("tool", "pylint"), ("pylint",)),
    ),
    "JavaScript": (_ESLINT, _BIOME, Tool("oxlint", (".oxlintrc.json",), (), ("oxlint",))),
    "TypeScript": (_ESLINT, _BIOME, Tool("oxlint", (".oxlintrc.json",), (), ("oxlint",))),
    "Go": (
        Tool("golangci-lint", (".golangci.*",), (), ("golangci-lint", "golangci/golangci-lint-action")),
        Tool("go vet", called=("go vet", "staticcheck")),
    ),
    "Rust": (Tool("clippy", ("clippy.toml", ".clippy.toml"), (), ("cargo clippy",)),),
    "Ruby": (Tool("rubocop", (".rubocop.yml",), (), ("rubocop",)), Tool("standard", called=("standardrb",))),
    "PHP": (
        Tool("phpcs", ("phpcs.xml", "phpcs.xml.dist", ".phpcs.xml"), (), ("phpcs",)),
        Tool("phpstan", ("phpstan.neon", "phpstan.neon.dist"), (), ("phpstan", "psalm")),
    ),
    "Java": (
        Tool("checkstyle", ("checkstyle*.xml",), (), ("checkstyle",)),
        Tool("another", ("pmd*.xml", "spotbugs*.xml"), (), ("spotbugs", "errorprone", "error_prone", "pmd", "sonar")),
    ),
}
FORMATTERS: dict[str, tuple[Tool, ...]] = {
    "Python": (
        Tool("ruff", (), ("tool", "ruff", "format"), ("ruff format", "ruff-format")),
        Tool("black", (), ("tool", "black"), ("black ", "id: black", "psf/black")),
        Tool("yapf", (".style.yapf",), ("tool", "yapf"), ("yapf",)),
    ),
    "JavaScript": (_PRETTIER, _BIOME, Tool("dprint", ("dprint.json",), (), ("dprint",))),
    "TypeScript": (_PRETTIER, _BIOME, Tool("dprint", ("dprint.json",), (), ("dprint",))),
    "Go": (Tool("gofmt", (".golangci.*",), (), ("gofmt", "gofumpt", "goimports", "go fmt", "golangci-lint")),),
    "Rust": (Tool("rustfmt", ("rustfmt.toml", ".rustfmt.toml"), (), ("cargo fmt", "rustfmt")),),
}
TYPE_CHECKERS: dict[str, tuple[Tool, ...]] = {
    "Python": (
        Tool("mypy", ("mypy.ini", ".mypy.ini"), ("tool", "mypy"), ("mypy",)),
        Tool("pyright", ("pyrightconfig.json",), ("tool", "pyright"), ("pyright",)),
        Tool("ty", ("ty.toml",), ("tool", "ty"), ("ty check",)),
        Tool("pyrefly", ("pyrefly.toml",), ("tool", "pyrefly"), ("pyrefly check",)),
    ),
    "JavaScript": (Tool("typescript", ("tsconfig*.json", "jsconfig.json"), (), ("tsc ", "flow check")),),
}
# Files that say what is run: tasks, hooks, pipelines.
_TASKS = (
    *("Makefile", "GNUmakefile", "*.mk", "justfile", "Justfile", "Taskfile.y*ml", "tox.ini", "noxfile.py", "setup.cfg"),
    *(
        "package.json",
        ".pre-commit-config.yaml",
        "lefthook.yml",
        "Rakefile",
        "pom.xml",
        "build.gradle*",
        "composer.json",
    ),
    *(".gitlab-ci.yml", "Jenkinsfile", "Earthfile", "magefile.go"),
)


class Tooling:
    """The tools of a repository. One counts that has settings, or that a task, a hook or a pipeline calls."""

    kinds = frozenset({FileKind.TOOLING.value, FileKind.PACKAGE.value, FileKind.WORKFLOW.value, FileKind.OTHER.value})

    def __init__(self, repository: Repository, code: Code) -> None:
        self.repository, self.code = repository, code

    def found(self, tools: tuple[Tool, ...]) -> tuple[str, Place] | None:
        """The first of `tools` that is there, and where it is settled or called."""
        for tool in tools:
            for file in self.repository.named(*tool.files):
                if file.own:
                    return tool.name, file.at(tool.name, 1)
            for node in self._tables:
                if tool.table and node.get(*tool.table).exists:
                    return tool.name, node.at(*tool.table)
        for tool in tools:
            for file in self._tasks:
                line = next((n for n, text in enumerate(file.lines, 1) if _calls(text, tool.called)), 0)
                if line:
                    return tool.name, file.at(tool.name, line)
        return None

    def wanted(self, tools: Mapping[str, tuple[Tool, ...]], from_files: int) -> Iterator[Wanted]:
        """What each language of `tools` with at least `from_files` files here has of them."""
        for language, usual in tools.items():
            count = len(self.code.files.get(language, ()))
            if count >= from_files:
                found = self.found(usual)
                if found is not None:
                    yield Wanted(found[1], True, f"{language} is read by {found[0]}")
                else:
                    said = f"{count} files of {language} and no sign of {', '.join(tool.name for tool in usual)}"
                    yield Wanted(self.repository.at(language), False, f"{said}, wants one of them")

    @cached_property
    def _tables(self) -> list[Node]:
        return [n for _, n in self.code.settings("pyproject.toml") if n is not None]

    @cached_property
    def _tasks(self) -> tuple[File, ...]:
        workflows = self.repository.glob(".github/workflows/*.yml", ".github/workflows/*.yaml", ".ci/*")
        return (*(f for f in self.repository.named(*_TASKS) if f.own), *workflows)


def _calls(line: str, called: tuple[str, ...]) -> bool:
    """Whether a line of a task calls one of these, quotes around a part of it left out: `"$(bin)/ruff" format`."""
    plain = line.replace('"', "").replace("'", "")
    return any(words in plain for words in called)
