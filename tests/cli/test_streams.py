"""What a pipe that nobody reads, and a shell that completes, get from the program."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from readiness.cli import main; main()"]
ASK = """
source <(readiness completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _readiness_completion readiness; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("arguments", [["schema"], ["list"], ["explain", "availability/replicas"], ["--help"]])
def test_a_reader_that_has_gone_is_met_with_silence(arguments: list[str]):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([*PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=300)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["readiness", "expl"], ["explain"]),
        (["readiness", "check", "--write-b"], ["--write-baseline"]),
        (["readiness", "check", "--format", "sar"], ["sarif"]),
        (["readiness", "explain", "availability/readiness-p"], ["availability/readiness-probe"]),
        (["readiness", "completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes_commands_flags_values_and_ids(words: list[str], wanted: list[str], tmp_path: Path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == wanted, done.stderr


def test_zsh_finds_its_mark_on_the_first_line():
    done = subprocess.run([*PROGRAM, "completion", "zsh"], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.startswith("#compdef readiness\n")
