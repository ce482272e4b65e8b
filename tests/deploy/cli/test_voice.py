"""Standard output may end, break or be full: the program goes on, and its exit code is its own."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from readiness.cli.deploying.voice import Voice
voice = Voice()
for n in range(2000):
    voice.say(f"line {n} " + "x" * 100)
voice.data({"end": True})
print("still here", file=sys.stderr)
sys.exit(4)
"""


def run(redirect: str) -> subprocess.CompletedProcess[str]:
    command = f'"$0" -c "$1" {redirect}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, PROGRAM], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("redirect", ["> /dev/full", "| head -1; exit ${PIPESTATUS[0]}"])
def test_output_that_takes_no_more_changes_nothing_but_is_told(redirect: str):
    done = run(redirect)
    assert done.returncode == 4, done.stderr
    assert "still here" in done.stderr
    assert "takes no more" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_that_works_is_whole():
    done = run("")
    assert done.returncode == 4
    assert done.stdout.count("\n") == 2001
    assert "takes no more" not in done.stderr


def test_a_line_is_no_command_to_a_pipeline():
    done = subprocess.run(
        [sys.executable, "-c", "from readiness.cli.deploying.voice import Voice; Voice().say('a\\n::error::b')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a\n\\x3a:error::b\n"
