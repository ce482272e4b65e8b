"""What commands install: packages by their package manager, as written on a command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from readiness.facts.shell import Command, Word


class _Manager(NamedTuple):
    """How one package manager is told to install: its verbs, its options that take the next word."""

    verbs: frozenset[str]
    valued: frozenset[str]


def _manager(verbs: str, valued: str = "") -> _Manager:
    return _Manager(frozenset(verbs.split()), frozenset(valued.split()))


_APT = _manager("install", "-o --option -t --target-release -c --config-file -a --host-architecture")
_DNF = _manager(
    "install localinstall groupinstall", "-c --config -x --exclude --enablerepo --disablerepo --repo --setopt"
)
_PIP = _manager(
    "install download",
    "-r --requirement -c --constraint -i --index-url --extra-index-url -f --find-links -t --target --prefix --root "
    "--trusted-host --platform --python-version --cache-dir -e --editable --src --only-binary --no-binary "
    "--progress-bar --timeout --retries --proxy --cert --client-cert --report --config-settings --implementation --abi "
    "--python",
)
_NPM = _manager(
    "install i add", "--prefix --registry -w --workspace --cache --loglevel --userconfig --omit -C --filter"
)
_MANAGERS: Mapping[str, _Manager] = {
    "apt-get": _APT,
    "apt": _APT,
    "aptitude": _APT,
    "apk": _manager("add", "-t --virtual -X --repository -p --root --repositories-file --keys-dir --cache-dir --arch"),
    "dnf": _DNF,
    "yum": _DNF,
    "microdnf": _DNF,
    "zypper": _manager("install in", "-r --repo -t --type"),
    "pip": _PIP,
    "npm": _NPM,
    "pnpm": _NPM,
    "yarn": _manager("add", "--cwd --registry --cache-folder"),
    "gem": _manager("install", "-v --version -i --install-dir -n --bindir -s --source -P --trust-policy --platform"),
    "go": _manager("install", "-ldflags -tags -mod -o -gcflags -asmflags -p"),
    "cargo": _manager(
        "install", "--version --vers --git --tag --branch --rev --path --root --features -F --target --registry"
    ),
}
SYSTEM = frozenset({"apt-get", "apt", "aptitude", "apk", "dnf", "yum", "microdnf", "zypper"})
_APT_FIXED = re.compile(r"=[^=]")
_RPM_FIXED = re.compile(r".-[0-9][^-]*(?:-[^-]+)?\Z")
_PYTHON = re.compile(r"python[0-9.]*\Z")
_PIP_NAME = re.compile(r"pip[0-9.]*\Z")


@dataclass(frozen=True, slots=True)
class Install:
    """One command that installs. `packages` are the words that name some, `options` all that begin with a dash.

    `manager` is the program, `pip` for every way of calling pip.
    """

    manager: str
    packages: tuple[Word, ...]
    options: tuple[str, ...]
    command: Command

    def has(self, *options: str) -> bool:
        """Whether one of these options is given, alone or with a value; short ones also in a bundle such as `-yq`."""
        written = {option.partition("=")[0] for option in self.options}
        bundles = "".join(o[1:] for o in written if o.startswith("-") and not o.startswith("--"))
        return any(o in written or (len(o) == 2 and o[1] in bundles) for o in options)

    def unfixed(self) -> Iterator[Word]:
        """The packages for which no version is written. One that a variable decides is left out: it is not known."""
        if self.manager == "pip" and self.has("-c", "--constraint", "-e", "--editable"):
            return
        if self.manager in {"gem", "cargo"} and self.has("-v", "--version", "--vers", "--git", "--path"):
            return
        for word in self.packages:
            if not word.open and not _is_file(word.text) and not _fixed(self.manager, word.text):
                yield word


def installs(commands: tuple[Command, ...]) -> Iterator[Install]:
    """The commands among these that install packages, in order."""
    for command in commands:
        name, words = _program(command)
        manager = _MANAGERS.get(name)
        if manager is None:
            continue
        options, plain = _sorted(words, manager.valued)
        if plain and plain[0].text in manager.verbs:
            yield Install(name, tuple(plain[1:]), tuple(options), command)


def _program(command: Command) -> tuple[str, tuple[Word, ...]]:
    """The package manager behind a command and its arguments: `python -m pip`, `uv pip` and `pip3` are pip."""
    words = command.argv
    name = command.name
    texts = [word.text for word in words[1:3]]
    if _PYTHON.match(name) and texts == ["-m", "pip"]:
        return "pip", words[3:]
    if name == "uv" and texts[:1] == ["pip"]:
        return "pip", words[2:]
    if name == "yarn" and texts == ["global", "add"]:
        return "yarn", words[2:]
    return "pip" if _PIP_NAME.match(name) else name, words[1:]


def _sorted(words: tuple[Word, ...], valued: frozenset[str]) -> tuple[list[str], list[Word]]:
    options: list[str] = []
    plain: list[Word] = []
    takes = False
    for word in words:
        if takes:
            takes = False
        elif word.text.startswith("-") and len(word.text) > 1:
            options.append(word.text)
            takes = word.text in valued
        else:
            plain.append(word)
    return options, plain


def _is_file(text: str) -> bool:
    return text.startswith((".", "/", "~", "file:", "http://", "https://", "git+", "git@", "@eaDir")) or text.endswith(
        (".deb", ".rpm", ".apk", ".whl", ".gem", ".tgz", ".tar.gz")
    )


def _fixed(manager: str, text: str) -> bool:
    if manager in {"apt-get", "apt", "aptitude"}:
        return bool(_APT_FIXED.search(text)) or text.endswith("-")
    if manager == "apk":
        return any(sign in text for sign in "=~<>") or text.startswith((".", "!"))
    if manager in {"dnf", "yum", "microdnf", "zypper"}:
        return bool(_RPM_FIXED.search(text)) or "=" in text or text.startswith("@")
    if manager == "pip":
        return "==" in text or "~=" in text or "@" in text
    if manager == "gem":
        return ":" in text
    name, at, version = text.rpartition("@")
    return bool(at and name) and version not in {"latest", "next", "upgrade", "master", "main"}
