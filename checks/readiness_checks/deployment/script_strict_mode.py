from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.scripts import Script, Scripts

_WITH_PIPEFAIL = frozenset({"bash", "ksh", "mksh", "zsh"})


@check(Severity.LOW)
def script_strict_mode(
    scripts: Scripts,
    *,
    options: Annotated[tuple[str, ...], "shell options that every script sets", Stricter.MORE] = (
        "errexit",
        "nounset",
        "pipefail",
    ),
) -> Findings:
    """Every script stops at the first command that fails.

    Why: a shell goes on after a failure: a deploy script then switches traffic to what it failed to start.
    Fix: begin it with `set -euo pipefail` (`set -eu` in plain sh, which has no pipefail everywhere).
    Peers: ShellCheck SC2148 and SC2312 in part.
    Source: GNU Bash manual, "The Set Builtin": https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html
    """
    for script in scripts:
        if not script.runs_alone or script.text.fault:
            continue
        missing = [option for option in options if option not in script.options and _concerns(option, script)]
        severity = Severity.MEDIUM if script.deploys and "errexit" in missing else None
        told = f"runs without {', '.join(missing)}, wants set {_flags(missing)}"
        yield script.at(name="set").expect(not missing, told, severity=severity, missing=missing)


def _concerns(option: str, script: Script) -> bool:
    """`pipefail` is for shells that have it, and for scripts with a pipe."""
    if option != "pipefail":
        return True
    return script.interpreter in _WITH_PIPEFAIL and any(len(line) > 1 for line in script.text.pipelines())


def _flags(missing: list[str]) -> str:
    letters = "".join({"errexit": "e", "nounset": "u"}.get(option, "") for option in missing)
    others = [option for option in missing if option not in {"errexit", "nounset"}]
    return " ".join([*([f"-{letters}"] if letters else []), *(f"-o {option}" for option in others)])
