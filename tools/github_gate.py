"""Runs ``readiness check`` for ``action.yml``: inputs from the environment, outputs into the file that GitHub names.

No shell sees an input. The exit code is that of the check, unless ``GATE_FAIL_ON`` forgives it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

USAGE = 2
INTERNAL = 70
READY = 0
NOT_READY = 1
INCOMPLETE = 3
FORGIVEN: Mapping[str, frozenset[int]] = {
    "incomplete": frozenset(),
    "not-ready": frozenset({INCOMPLETE}),
    "never": frozenset({NOT_READY, INCOMPLETE}),
}


class InputError(Exception):
    """An input of the action that cannot be used."""


class ReportError(Exception):
    """The check ended with a verdict, and its report does not tell it."""


def command(environment: Mapping[str, str], report: Path) -> list[str]:
    """The argument vector of the check. Raises ``InputError``."""
    if not environment.get("GATE_ENV"):
        raise InputError("env: wanted the name of an environment, found nothing")
    arguments = [str(Path(sys.executable).with_name("readiness")), "check", f"--env={environment['GATE_ENV']}"]
    if environment.get("GATE_CONFIG"):
        arguments.append(f"--settings={environment['GATE_CONFIG']}")
    try:
        arguments += shlex.split(environment.get("GATE_ARGS", ""))
    except ValueError as error:
        raise InputError(
            f"args: wanted words as on a command line, found {environment['GATE_ARGS']!r}: {error}"
        ) from None
    arguments += ["--format=github", f"--output=json={report}"]
    if environment.get("GATE_SARIF"):
        arguments.append(f"--output=sarif={environment['GATE_SARIF']}")
    return arguments


def outputs(code: int, report: Path, sarif: str) -> dict[str, str]:
    """What the action tells the steps after it; without a verdict (a wrong flag) all but the code is empty.

    Raises ``ReportError``.
    """
    told = {"exit-code": str(code), "verdict": "", "score": "", "sarif": ""}
    if code not in (READY, NOT_READY, INCOMPLETE):
        return told
    try:
        answer = json.loads(report.read_text("utf-8"))
        told["verdict"] = str(answer["verdict"])
        told["score"] = "" if answer["score"] is None else str(answer["score"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"the check ended with {code} and its report cannot be used: {error!r}") from None
    if sarif:
        told["sarif"] = str(Path(sarif).resolve())
    return told


def tell(told: Mapping[str, str], file: str) -> None:
    lines = [f"{name}={value}" for name, value in told.items()]
    # A line break in a value would be read as another output.
    if any("\n" in line or "\r" in line for line in lines):
        raise InputError("an output holds a line break; wanted a path without one")
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")


def main(environment: Mapping[str, str]) -> int:
    forgiven = FORGIVEN.get(environment.get("GATE_FAIL_ON", "incomplete"))
    if forgiven is None:
        raise InputError(f"fail-on: wanted one of {', '.join(FORGIVEN)}, found {environment['GATE_FAIL_ON']!r}")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        code = subprocess.run(command(environment, report), stdin=subprocess.DEVNULL, check=False).returncode
        told = outputs(code, report, environment.get("GATE_SARIF", ""))
    if "GITHUB_OUTPUT" in environment:
        tell(told, environment["GITHUB_OUTPUT"])
    return 0 if code in forgiven else code


def shown(text: str) -> str:
    """The text as GitHub wants it in a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


if __name__ == "__main__":
    try:
        sys.exit(main(os.environ))
    except (InputError, ReportError) as error:
        print(f"::error title=readiness::{shown(str(error))}")
        sys.exit(USAGE if isinstance(error, InputError) else INTERNAL)
