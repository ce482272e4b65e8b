"""What the RUN instructions of a Dockerfile run, as a shell reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from readiness.facts.dockerfile_text import Heredoc, Instruction
from readiness.facts.shell import SHELLS, Command, ShellText, Word, read_shell


@dataclass(frozen=True)
class Run:
    """One command line that runs while the image is built, as a shell reads it. `shell` is empty where none does."""

    instruction: Instruction
    shell: tuple[str, ...]
    text: ShellText

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.text.commands

    def line_of(self, at: int) -> int:
        """The line of the file for character `at` of the text that was read."""
        return self.instruction.line_of(at)

    @property
    def pipes_fail(self) -> bool:
        """Whether a command that fails in the middle of a pipe fails the build: `pipefail` by SHELL or `set`."""
        return "pipefail" in self.shell or any("pipefail" in c.arguments for c in self.commands if c.name == "set")


def run_of(instruction: Instruction, shell: tuple[str, ...]) -> Run:
    """The command line of one RUN; nothing is read where the shell is none that this project knows."""
    if instruction.items is not None:
        return _exec(instruction)
    if shell[0].rpartition("/")[2] not in SHELLS:
        return Run(instruction, (), ShellText(()))
    bodies = instruction.heredocs
    if bodies and re.fullmatch(r"[0-9]*<<-?\S+", instruction.text.strip()):
        body = bodies[0]
        first = body.text.partition("\n")[0]
        if first.startswith("#!") and not any(first.endswith(name) for name in SHELLS):
            return Run(instruction, (), ShellText(()))
        return Run(_lined(instruction, body), shell, read_shell(body.text))
    text = instruction.text + "".join(f"\n{body.text}\n{body.name}" for body in bodies)
    return Run(instruction, shell, read_shell(text))


def _lined(instruction: Instruction, body: Heredoc) -> Instruction:
    """The same instruction with the lines of its here-document, since that is the text which is read."""
    lines, at = [], 0
    for number, line in enumerate(body.text.split("\n"), body.line):
        lines.append((at, number))
        at += len(line) + 1
    return replace(instruction, lines=tuple(lines))


def _exec(instruction: Instruction) -> Run:
    items = instruction.items or ()
    command = Command(tuple(Word(item, number, quoted=True) for number, item in enumerate(items)), 0)
    script = command.script
    if script is None:
        return Run(instruction, (), ShellText((_at_start(command),) if items else ()))
    read = read_shell(script.text)
    return Run(instruction, items[: script.at], replace(read, commands=tuple(map(_at_start, read.commands))))


def _at_start(command: Command) -> Command:
    """The same command as if it began its instruction: a place within an item says no line."""
    return replace(command, at=0, words=tuple(replace(word, at=0) for word in command.words))
