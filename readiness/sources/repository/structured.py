"""Parses those files of a repository that views read as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.facts.document import Document
from readiness.facts.repository import File, FileKind
from readiness.model import Gap, Span
from readiness.sources.manifests.reading import Problem, Reading
from readiness.sources.repository.kinds import chart_folders, kind_of, parsed_kind
from readiness.sources.repository.toml_reader import read_toml

SOURCE = "repository"
_TOML = ("Pipfile",)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of one file that was to be parsed."""

    file: File
    kind: FileKind
    documents: tuple[Document, ...] = ()
    gaps: tuple[Gap, ...] = ()
    remarks: tuple[Problem, ...] = ()
    """What was read, but not as it is written: repeated keys, ignored tags."""


def parse(files: Mapping[str, File]) -> tuple[dict[str, tuple[Document, ...]], tuple[Gap, ...]]:
    """The documents of every file that some view reads as data, by path, and what could not be read of them."""
    read = list(parse_each(files))
    return {one.file.path: one.documents for one in read if one.documents}, tuple(
        gap for one in read for gap in one.gaps
    )


def parse_each(files: Mapping[str, File]) -> Iterator[Parsed]:
    """The same file by file, in the order given."""
    charts = chart_folders(files)
    for file in files.values():
        try:
            kind = parsed_kind(file, charts)
            if kind is not None:
                yield _parse(file, kind)
        except OSError as error:
            gap = unreadable(file.path, str(error))
            yield Parsed(file, kind_of(file.path), gaps=(gap,))


def unreadable(path: str, cause: str, advice: str = "") -> Gap:
    """The gap that a file leaves which could not be read at all."""
    return Gap(SOURCE, cause, Span(path, 1), frozenset({kind_of(path).value}), advice)


def _parse(file: File, kind: FileKind) -> Parsed:
    reading = _read(file)
    kinds = frozenset({kind.value})
    gaps = tuple(Gap(SOURCE, p.message, Span(p.path, p.line, p.column), kinds) for p in reading.problems if p.fatal)
    return Parsed(file, kind, reading.documents, gaps, tuple(p for p in reading.problems if not p.fatal))


def _read(file: File) -> Reading:
    if file.name.endswith(".toml") or file.name in _TOML:
        return read_toml(file.load(), file.path)
    if file.name.endswith(".json") or file.name == ".renovaterc":
        from readiness.sources.manifests.json_reader import read_json

        return read_json(file.load(), file.path)
    from readiness.sources.manifests.yaml_reader import read_yaml

    return read_yaml(file.load(), file.path)
