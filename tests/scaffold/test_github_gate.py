"""The action: what reaches the program, what comes out, and that no input can become a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# A stand-in for the program: it writes down its arguments, and a report when the test gives one.
PROGRAM = """#!{python}
import json, os, pathlib, sys
pathlib.Path("arguments.json").write_text(json.dumps(sys.argv[1:]))
for argument in sys.argv:
    if argument.startswith("--output=json=") and "REPORT" in os.environ:
        pathlib.Path(argument.removeprefix("--output=json=")).write_text(os.environ["REPORT"])
sys.exit(int(os.environ["CODE"]))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    (folder / "readiness").write_text(PROGRAM.format(python=sys.executable))
    (folder / "readiness").chmod(0o755)
    return tmp_path


def gate(workspace: Path, *, code: int = 0, report: object = None, **inputs: str) -> subprocess.CompletedProcess[str]:
    environment = {f"GATE_{name.upper()}": value for name, value in {"env": "staging", **inputs}.items()}
    environment |= {"GITHUB_OUTPUT": str(workspace / "outputs"), "CODE": str(code)}
    if report is not None:
        environment["REPORT"] = json.dumps(report)
    return subprocess.run(
        [workspace / "bin" / "python", "-P", ROOT / "tools" / "github_gate.py"],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def arguments(workspace: Path) -> list[str]:
    given: list[str] = json.loads((workspace / "arguments.json").read_text())
    return [argument for argument in given if not argument.startswith("--output=json=")]


def outputs(workspace: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (workspace / "outputs").read_text().splitlines())


def test_verdict_score_and_sarif_come_out(workspace: Path) -> None:
    done = gate(workspace, code=1, report={"verdict": "NOT READY", "score": 49.0}, sarif="out.sarif", config="my.yaml")
    assert done.returncode == 1, done.stderr
    assert outputs(workspace) == {
        "verdict": "NOT READY",
        "score": "49.0",
        "exit-code": "1",
        "sarif": str(workspace / "out.sarif"),
    }
    assert arguments(workspace) == [
        "check",
        "--env=staging",
        "--settings=my.yaml",
        "--format=github",
        "--output=sarif=out.sarif",
    ]


def test_inputs_are_words_and_never_commands(workspace: Path) -> None:
    gate(
        workspace, report={"verdict": "READY", "score": 100}, env="$(touch owned)", args="--tier '1; touch owned' `id`"
    )
    assert arguments(workspace)[1:5] == ["--env=$(touch owned)", "--tier", "1; touch owned", "`id`"]
    assert not (workspace / "owned").exists()


@pytest.mark.parametrize(
    ("fail_on", "code", "ends"),
    [
        ("incomplete", 0, 0),
        ("incomplete", 1, 1),
        ("incomplete", 3, 3),
        ("not-ready", 1, 1),
        ("not-ready", 3, 0),
        ("never", 1, 0),
        ("never", 3, 0),
        ("never", 2, 2),
        ("never", 70, 70),
    ],
)
def test_what_fails_the_step(workspace: Path, fail_on: str, code: int, ends: int) -> None:
    done = gate(workspace, code=code, report={"verdict": "INCOMPLETE", "score": None}, fail_on=fail_on)
    assert done.returncode == ends
    assert outputs(workspace)["exit-code"] == str(code)


def test_a_run_without_a_verdict_says_none(workspace: Path) -> None:
    assert gate(workspace, code=2, sarif="out.sarif").returncode == 2
    assert outputs(workspace) == {"verdict": "", "score": "", "exit-code": "2", "sarif": ""}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"env": ""}, "env: wanted the name of an environment"),
        ({"fail_on": "sometimes"}, "fail-on: wanted one of incomplete, not-ready, never, found 'sometimes'"),
        ({"args": "--x 'open"}, "args: wanted words as on a command line"),
    ],
)
def test_a_wrong_input_stops_before_the_check(workspace: Path, inputs: dict[str, str], words: str) -> None:
    done = gate(workspace, code=0, report=None, **inputs)
    assert done.returncode == 2
    assert done.stdout.startswith("::error title=readiness::")
    assert words in done.stdout
    assert not (workspace / "arguments.json").exists()


def test_a_verdict_without_a_report_is_our_fault(workspace: Path) -> None:
    assert gate(workspace, code=0).returncode == 70
    assert gate(workspace, code=0, report={"verdict": "READY\nverdict=X", "score": 1}).returncode != 0
    assert not (workspace / "outputs").exists()


def steps() -> list[tuple[str, dict[str, Any]]]:
    """Each step of the action and the workflows, with a name for messages."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]:
        document = yaml.safe_load(path.read_text())
        for job in document.get("jobs", {"runs": document.get("runs")}).values():
            found += [(f"{path.name}: {step.get('name', step.get('uses'))}", step) for step in job["steps"]]
    return found


@pytest.mark.parametrize("step", [pytest.param(step, id=name) for name, step in steps()])
def test_no_step_writes_an_expression_into_a_script_or_trusts_a_moving_tag(step: dict[str, Any]) -> None:
    assert "${{" not in step.get("run", "")
    action = step.get("uses", "./")
    commit = action.partition("@")[2]
    assert action == "./" or (len(commit) == 40 and set(commit) <= set("0123456789abcdef"))
    if action.startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False


def test_each_input_of_the_action_reaches_the_gate() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    check = action["runs"]["steps"][-1]
    handed = {
        value for step in action["runs"]["steps"] for value in [*step["env"].values(), step.get("working-directory")]
    }
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= handed
    assert {f"${{{{ steps.{check['id']}.outputs.{name} }}}}" for name in action["outputs"]} == {
        output["value"] for output in action["outputs"].values()
    }
