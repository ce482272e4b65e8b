"""What shell text is made of: words and simple commands."""

from __future__ import annotations

from dataclasses import dataclass

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
SHELLS = frozenset({"ash", "bash", "dash", "ksh", "mksh", "sh", "zsh"})
# Programs that only run another one, and their options that take the next word.
_WRAPPERS = frozenset(
    {"exec", "command", "builtin", "nohup", "nice", "time", "env", "sudo", "doas", "stdbuf", "setsid", "ionice"}
)
_TAKES_VALUE = {
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t", "--user", "--group"}),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "-C", "-S", "--unset", "--chdir"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n", "-p"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "exec": frozenset({"-a"}),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word, without its quotes. `at` is its first character in the text; `open` says that it depends on an
    expansion.
    """

    text: str
    at: int
    open: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command. `piped` says that it reads what the command before it writes, `depth` how many
    substitutions it is in.
    """

    words: tuple[Word, ...]
    at: int
    piped: bool = False
    depth: int = 0
    settings: tuple[Word, ...] = ()
    redirected: tuple[tuple[str, Word], ...] = ()

    @property
    def argv(self) -> tuple[Word, ...]:
        """The words of the program that really runs: without `sudo`, `env`, `exec` and their like."""
        words = self.words
        while words and _base(words[0].text) in _WRAPPERS:
            words = _unwrapped(words)
        return words

    @property
    def name(self) -> str:
        """The name of the program, without its folder; empty where an expansion decides it."""
        words = self.argv
        return _base(words[0].text) if words and not words[0].open else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.argv[1:])

    @property
    def script(self) -> Word | None:
        """The text that it gives to a shell by `-c`; None where it runs no shell that way."""
        if self.name not in SHELLS:
            return None
        asked, words = False, iter(self.argv[1:])
        for word in words:
            option = word.text
            if not option.startswith(("-", "+")):
                return word if asked else None
            short = not option.startswith("--")
            asked = asked or (short and option.startswith("-") and "c" in option)
            if short and option.endswith(("o", "O")):
                next(words, None)  # the name of an option, as in `-o pipefail`
        return None

    @property
    def wrappers(self) -> tuple[str, ...]:
        """The wrappers it is called through, such as `sudo`."""
        said = self.words[: len(self.words) - len(self.argv)]
        return tuple(_base(word.text) for word in said if _base(word.text) in _WRAPPERS)


def is_setting(word: str) -> bool:
    """Whether a word sets a variable: `NAME=…`, `NAME+=…`, `NAME[1]=…`."""
    name, equals, _ = word.partition("=")
    name = name.removesuffix("+").partition("[")[0]
    return bool(equals) and bool(name) and not name[0].isdigit() and set(name) <= _NAME


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Without the wrapper at the front, its options and the variables it sets."""
    valued = _TAKES_VALUE.get(_base(words[0].text), frozenset())
    at = 1
    while at < len(words):
        text = words[at].text
        if text in valued:
            at += 2
        elif (text.startswith("-") and text != "-") or is_setting(text):
            at += 1
        else:
            break
    return words[at:]
