"""Shell scripts of the repository, as commands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from readiness.facts.paths import is_own
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.shell import SHELLS, Command, ShellText, read_shell
from readiness.model import Place

_SUFFIXES = (".sh", ".bash")
_MOST_BYTES = 1 << 20
_LETTERS = {"e": "errexit", "u": "nounset", "x": "xtrace", "f": "noglob", "n": "noexec"}
# Programs that change a system that others use.
_DEPLOYS = frozenset(
    {
        "ansible-playbook",
        "argocd",
        "flux",
        "helm",
        "helmfile",
        "kubectl",
        "kustomize",
        "nomad",
        "oc",
        "pulumi",
        "skaffold",
    }
    | {"terraform", "tofu", "terragrunt"}
)


@dataclass(frozen=True)
class Script:
    """One shell script. `interpreter` is the name of its shell, `sh` where no first line names one."""

    file: File
    text: ShellText

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.text.commands

    @cached_property
    def _first(self) -> list[str]:
        first = self.file.text.partition("\n")[0]
        return first[2:].split() if first.startswith("#!") else []

    @property
    def interpreter(self) -> str:
        return _interpreter(self._first) or "sh"

    @property
    def runs_alone(self) -> bool:
        """Whether it is run, not read by another script: it names its interpreter or may be executed."""
        return bool(self._first) or self.file.executable

    @property
    def deploys(self) -> bool:
        """Whether it calls a program that changes a system which others use."""
        return any(command.name in _DEPLOYS for command in self.commands)

    @cached_property
    def options(self) -> frozenset[str]:
        """The shell options it sets, by their long names: by its first line, or by `set`."""
        found = set(_options(self._first[1:]))
        for command in self.commands:
            if command.name == "set" and command.depth == 0:
                found |= set(_options(command.arguments))
        return frozenset(found)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self._body.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self._body.find("\n", at + 1)
        return starts

    @property
    def _body(self) -> str:
        return self.file.text

    def line_of(self, at: int) -> int:
        """The line of character `at`, counted from 1."""
        return bisect_right(self._starts, at)

    def at(self, command: Command | None = None, name: str = "") -> Place:
        """The place of a command, or of the script as a whole."""
        if command is None:
            return self.file.at(name or self.file.name, 1)
        return self.file.at(name or command.name, self.line_of(command.at))


class Scripts:
    """The shell scripts that the repository's own people wrote: `*.sh`, and executable files that name a shell."""

    kinds = frozenset({FileKind.SCRIPT.value})

    def __init__(self, repository: Repository) -> None:
        self._items = tuple(Script(f, read_shell(f.text)) for f in repository.files.values() if _is_script(f))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Script]:
        return iter(self._items)


def _is_script(file: File) -> bool:
    if not file.own or not is_own(file.path) or file.size > _MOST_BYTES:
        return False
    named = file.name.endswith(_SUFFIXES)
    if not named and (not file.executable or "." in file.name):
        return False
    first = file.text.partition("\n")[0]
    if first.startswith("#!"):
        return bool(_interpreter(first[2:].split()))
    return named


def _interpreter(words: list[str]) -> str:
    """The shell that the first line of a script names; empty where it names something else."""
    names = [word.rpartition("/")[2] for word in words if not word.startswith("-")]
    if names[:1] == ["env"]:
        names = names[1:]
    return names[0] if names and names[0] in SHELLS else ""


def _options(words: Sequence[str]) -> Iterator[str]:
    """The options that words such as `-euo pipefail` or `-o errexit` switch on."""
    wanted = False
    for word in words:
        if wanted:
            wanted = False
            yield word
        elif word.startswith("-") and not word.startswith("--"):
            yield from (_LETTERS[letter] for letter in word[1:] if letter in _LETTERS)
            wanted = word.endswith("o")
