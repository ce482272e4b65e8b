"""What commands fetch, and whether somebody else could put something in its place."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.shell import SHELLS, Command, ShellText

_FETCH = frozenset({"aria2c", "curl", "fetch", "http", "https", "wget"})
_RUN_INPUT = frozenset({"node", "perl", "php", "python", "python2", "python3", "ruby"})
_RUN_TEXT = SHELLS | {".", "eval", "source"}
# Options of programs that switch a proof off, alone or before `=true`.
_OPTIONS = {
    "wget": {"--no-check-certificate"},
    "pip": {"--trusted-host"},
    "pip3": {"--trusted-host"},
    "apk": {"--allow-untrusted"},
    "apt": {"--allow-unauthenticated", "--force-yes"},
    "apt-get": {"--allow-unauthenticated", "--force-yes"},
    "dnf": {"--nogpgcheck"},
    "yum": {"--nogpgcheck"},
    "microdnf": {"--nogpgcheck"},
    "helm": {"--insecure-skip-tls-verify"},
    "kubectl": {"--insecure-skip-tls-verify"},
    "skopeo": {"--src-no-tls-verify", "--insecure-policy"},
}
_SETTINGS = {
    "git": ("http.sslverify", {"false", "0"}),
    "npm": ("strict-ssl", {"false"}),
    "yarn": ("strict-ssl", {"false"}),
    "pnpm": ("strict-ssl", {"false"}),
}
_VARIABLES = {
    "node_tls_reject_unauthorized": {"0"},
    "pythonhttpsverify": {"0"},
    "git_ssl_no_verify": {"1", "true", "yes", "on"},
    "npm_config_strict_ssl": {"false"},
    "yarn_strict_ssl": {"false"},
    "gonosumcheck": {"1", "true"},
    "gonosumdb": {"*"},
    "goinsecure": {"*"},
    "gosumdb": {"off"},
}
_SETS_WHEN_GIVEN = frozenset({"pip_trusted_host", "uv_insecure_host"})


def piped(text: ShellText) -> Iterator[tuple[Command, Command]]:
    """Each download that goes straight into an interpreter, with the interpreter: `curl … | sh`, `bash <(curl …)`."""
    for line in text.pipelines():
        for number, command in enumerate(line):
            if command.name in _FETCH:
                runner = next((c for c in line[number + 1 :] if _runs_input(c)), None)
                if runner is not None:
                    yield command, runner
    yield from _substituted(text.commands)


def unproven(command: Command) -> str:
    """What switches off the proof that a download is what it claims to be; empty where nothing does."""
    words = command.arguments
    named = next((word for word in words if word.partition("=")[0] in _OPTIONS.get(command.name, ())), "")
    if named and named.partition("=")[2] != "false":
        return f"{command.name} {named.partition('=')[0]}"
    if command.name == "curl" and (short := _curl_insecure(words)):
        return f"curl {short}"
    if command.name in {"apt", "apt-get"} and any(
        "verify-peer=false" in word.lower().replace(" ", "") for word in words
    ):
        return f"{command.name} Verify-Peer=false"
    if command.name in {"ssh", "scp", "sftp"} and any(
        "stricthostkeychecking=no" in w.lower().replace(" ", "=") for w in words
    ):
        return f"{command.name} StrictHostKeyChecking=no"
    return _unproven_setting(command)


def unproven_variable(name: str, value: str) -> bool:
    """Whether an environment variable of that value makes programs trust whoever answers."""
    key = name.lower()
    return value.strip().lower() in _VARIABLES.get(key, ()) or (key in _SETS_WHEN_GIVEN and bool(value.strip()))


def _unproven_setting(command: Command) -> str:
    """`git config http.sslVerify false`, `git -c http.sslVerify=false`, `npm config set strict-ssl false`."""
    name, values = _SETTINGS.get(command.name, ("", set()))
    words = [word.lower().lstrip("-") for word in command.arguments]
    for number, word in enumerate(words):
        key, equals, value = word.partition("=")
        value = value if equals else (words[number + 1] if number + 1 < len(words) else "")
        if name and (key == name or (key.startswith("http.") and key.endswith(".sslverify"))) and value in values:
            return f"{command.name} {key}={value}"
    return ""


def _curl_insecure(words: tuple[str, ...]) -> str:
    for word in words:
        if word in {"--insecure", "--proxy-insecure"}:
            return word
        if word.startswith("-") and not word.startswith("--") and _has_k(word[1:]):
            return "-k"
    return ""


def _has_k(bundle: str) -> bool:
    """Whether a bundle of curl's short options has `k`; what follows an option that takes a value is the value."""
    for letter in bundle:
        if letter == "k":
            return True
        if letter in "AbBcCdDeEFhHKmoPQrtTuUwxXyYz":
            return False
    return False


def _runs_input(command: Command) -> bool:
    words = command.arguments
    if command.name in SHELLS:
        return "-n" not in words and "-c" not in words
    return command.name in _RUN_INPUT and (not words or words[0] == "-")


def _substituted(commands: tuple[Command, ...]) -> Iterator[tuple[Command, Command]]:
    """Downloads within the words of a command that runs them. Substituted commands stand before the one they belong
    to.
    """
    within: list[Command] = []
    for command in commands:
        if _runs_substitution(command):
            inner = (c for c in within if c.depth > command.depth and c.at >= command.at and c.name in _FETCH)
            yield from ((fetch, command) for fetch in inner)
        within.append(command)
        if command.depth == 0:
            within.clear()


def _runs_substitution(command: Command) -> bool:
    """Whether it runs what a substitution among its words says: `bash <(…)`, `sh -c "$(…)"`, `eval "$(…)"`."""
    if command.name not in _RUN_TEXT:
        return False
    begins = ("<(",) if command.name in SHELLS and "-c" not in command.arguments else ("<(", "$(", "`")
    return any(word.open and word.text.startswith(begins) for word in command.argv[1:])
