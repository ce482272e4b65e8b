"""Dockerfiles: their stages, what each starts from, who runs in it, and the commands that build it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.facts.dockerfile_runs import Run, run_of
from readiness.facts.dockerfile_text import DockerfileText, Fault, Instruction, read_dockerfile
from readiness.facts.images import ImageReference
from readiness.facts.paths import is_own
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.shell import Command
from readiness.facts.variables import expand
from readiness.model import Place

NAMES = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*")
_NOT = (".dockerignore", ".md", ".j2", ".tmpl", ".tpl", ".template", ".erb", ".jinja", ".jinja2")
_WORD = re.compile(r"(?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^\s\"'\\])++", re.S)
_SETTING = re.compile(r"(?:\"([^\"=\s]+)\"|([^\s\"'=]+))=((?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^\s\"'\\])*+)", re.S)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable that ENV, ARG or LABEL sets, on that line. `value` is None for an ARG without a default."""

    name: str
    value: str | None
    instruction: Instruction
    line: int


@dataclass(frozen=True)
class Stage:
    """One `FROM` and what follows it. `written` is the base as it stands there, `base` with its variables filled in:
    None where one has no default. `parent` is the stage it continues, if it does. `index` counts from 0."""

    dockerfile: Dockerfile
    index: int
    start: Instruction
    instructions: tuple[Instruction, ...]
    name: str
    written: str
    base: str | None
    parent: Stage | None

    @property
    def label(self) -> str:
        """How a reader knows it: by its name, or as the base it starts from."""
        return self.name or self.written

    @property
    def image(self) -> ImageReference | None:
        """The image it starts from; None for another stage, for `scratch`, and where a variable decides."""
        external = self.base is not None and self.parent is None and not self.is_scratch
        return ImageReference.parse(self.base or "") if external else None

    @property
    def is_scratch(self) -> bool:
        return self.base == "scratch"

    def each(self, *keywords: str) -> Iterator[Instruction]:
        return (i for i in self.instructions if i.keyword in keywords)

    def last(self, *keywords: str) -> Instruction | None:
        """The last instruction of these here or in the stage it continues."""
        own = [*self.each(*keywords)]
        return own[-1] if own else self.parent.last(*keywords) if self.parent else None

    def at(self, instruction: Instruction | None = None, line: int | None = None) -> Place:
        """The place of an instruction, or of the stage's FROM."""
        shown = instruction or self.start
        return self.dockerfile.file.at(f"stage {self.label or self.index}", shown.keyword, line or shown.line)

    def at_command(self, run: Run, command: Command, name: str = "") -> Place:
        """The place of a command that one of its RUN instructions runs."""
        line = run.line_of(command.at)
        return self.dockerfile.file.at(f"stage {self.label or self.index}", name or command.name, line)

    @property
    def lineage(self) -> tuple[Stage, ...]:
        """This stage and those it continues, itself first."""
        return (self, *(self.parent.lineage if self.parent else ()))

    @property
    def origin(self) -> Stage:
        """The stage of its lineage that starts from an image."""
        return self.lineage[-1]

    def user(self) -> str | None:
        """The user it runs as, as the last USER says: empty where none does, None where a variable decides."""
        instruction = self.last("USER")
        if instruction is None:
            return ""
        owner = next(stage for stage in self.lineage if instruction in stage.instructions)
        return expand(instruction.text.strip(), owner.variables)

    @cached_property
    def variables(self) -> Mapping[str, str | None]:
        """What ARG and ENV set by the end of the stage; None for a value that is known only when it is built."""
        values: dict[str, str | None] = {}
        if self.parent:
            inherited = {s.name for stage in self.parent.lineage for s in stage.settings("ENV")}
            values = {name: value for name, value in self.parent.variables.items() if name in inherited}
        for setting in self.settings("ARG", "ENV"):
            value = setting.value
            if value is None:
                value = self.dockerfile.arguments.get(setting.name)
            values[setting.name] = None if value is None else expand(value, values)
        return values

    def settings(self, *keywords: str) -> Iterator[Setting]:
        """The variables that these instructions (ENV, ARG, LABEL) of this stage set, in order."""
        for instruction in self.each(*keywords):
            yield from settings(instruction)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """What its RUN instructions run, in order."""
        shell = self.parent.shell if self.parent else ("/bin/sh", "-c")
        made: list[Run] = []
        for instruction in self.instructions:
            if instruction.keyword == "SHELL" and instruction.items:
                shell = instruction.items
            elif instruction.keyword == "RUN":
                made.append(run_of(instruction, shell))
        return tuple(made)

    @property
    def shell(self) -> tuple[str, ...]:
        """The shell that the last SHELL sets."""
        instruction = self.last("SHELL")
        return (instruction.items if instruction else None) or ("/bin/sh", "-c")


@dataclass(frozen=True)
class Dockerfile:
    """One Dockerfile. `stages` are in order; a file without FROM has none and a fault that says so."""

    file: File
    text: DockerfileText

    @property
    def path(self) -> str:
        return self.file.path

    def at(self) -> Place:
        """The file as a whole."""
        return self.file.at("Dockerfile", 1)

    @cached_property
    def arguments(self) -> Mapping[str, str | None]:
        """The ARGs before the first FROM with their defaults; None where one has none."""
        values: dict[str, str | None] = {}
        for instruction in self._head():
            for setting in settings(instruction):
                values[setting.name] = None if setting.value is None else expand(setting.value, values)
        return values

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        made: list[Stage] = []
        starts = [n for n, i in enumerate(self.text.instructions) if i.keyword == "FROM"]
        for start, end in zip(starts, [*starts[1:], len(self.text.instructions)], strict=False):
            made.append(self._stage(self.text.instructions[start:end], made))
        return tuple(made)

    @property
    def final(self) -> Stage | None:
        """The stage that is built when none is named."""
        return self.stages[-1] if self.stages else None

    @property
    def shipped(self) -> tuple[Stage, ...]:
        """The stages whose layers are in the final image: the final one and those it continues."""
        return self.final.lineage if self.final else ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What no builder takes, in the order of lines."""
        found = list(self.text.faults)
        instructions = self.text.instructions
        if not any(i.keyword == "FROM" for i in instructions):
            found.append(Fault(1, "no FROM: there is nothing to build"))
        else:
            early = (i for i in self._head() if i.keyword != "ARG")
            found.extend(Fault(i.line, f"{i.keyword} stands before the first FROM; only ARG may") for i in early)
        return tuple(sorted(found, key=lambda fault: fault.line))

    def _head(self) -> Iterator[Instruction]:
        for instruction in self.text.instructions:
            if instruction.keyword == "FROM":
                return
            yield instruction

    def _stage(self, instructions: Sequence[Instruction], before: list[Stage]) -> Stage:
        start = instructions[0]
        words = start.text.split()
        written = words[0] if words else ""
        name = words[2].lower() if len(words) == 3 and words[1].lower() == "as" else ""
        base = expand(written, self.arguments)
        same = (stage for stage in reversed(before) if base is not None and stage.name and stage.name == base.lower())
        return Stage(self, len(before), start, tuple(instructions[1:]), name, written, base, next(same, None))


class Dockerfiles:
    """The Dockerfiles that the repository's own images are built from. Templates of Dockerfiles are none."""

    kinds = frozenset({FileKind.DOCKERFILE.value})

    def __init__(self, repository: Repository) -> None:
        files = (f for f in repository.named(*NAMES) if f.own and is_own(f.path) and not f.name.lower().endswith(_NOT))
        self._items = tuple(Dockerfile(file, read_dockerfile(file.text)) for file in files)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Dockerfile]:
        return iter(self._items)

    def stages(self) -> Iterator[Stage]:
        return (stage for dockerfile in self._items for stage in dockerfile.stages)

    def shipped(self) -> Iterator[Stage]:
        """The stages whose layers are in a final image."""
        return (stage for dockerfile in self._items for stage in dockerfile.shipped)

    def runs(self, *, shipped: bool = False) -> Iterator[tuple[Stage, Run]]:
        """Every command line that builds an image, with its stage; only those in final images where `shipped`."""
        return ((stage, run) for stage in (self.shipped() if shipped else self.stages()) for run in stage.runs)


def settings(instruction: Instruction) -> Iterator[Setting]:
    """The variables of one ENV, ARG or LABEL: `NAME=value …`, `NAME` of an ARG, and the old `ENV NAME value`."""
    text = instruction.text
    pairs = {m.start(): m for m in _SETTING.finditer(text)}
    first = text.split(None, 1)
    if instruction.keyword == "ARG":
        for word in _WORD.finditer(text):
            if word.start() not in pairs:
                yield Setting(word[0], None, instruction, instruction.line_of(word.start()))
    elif first and "=" not in first[0]:
        yield Setting(first[0], first[1] if len(first) > 1 else "", instruction, instruction.line)
        return
    for at, pair in pairs.items():
        yield Setting(pair[1] or pair[2], _unquoted(pair[3]), instruction, instruction.line_of(at))


def _unquoted(value: str) -> str:
    """A value without its quotes; a `$` in single quotes means itself."""
    parts = []
    for piece in re.finditer(r"\"((?:[^\"\\]|\\.)*+)\"|'([^']*+)'|\\([^$])|(\\\$|[^\"'\\]++|.)", value, re.S):
        double, single, escaped, plain = piece.groups()
        parts.append((single or "").replace("$", "\\$") if single is not None else double or escaped or plain or "")
    return "".join(parts)
