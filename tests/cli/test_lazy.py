"""What a command does not need is not imported: it would cost everybody who only asks for help."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("kubernetes", "docker", "pyhelm3", "httpx", "cryptography", "tenacity", "prometheus_api_client")
TELL = """
import sys
from readiness.cli import main
sys.argv = ["readiness", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert end.code in (None, 0, 1), end.code
print("\\n".join(name for name in sys.modules), file=sys.stderr)
"""
MANIFEST = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {}\n"


def modules(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", TELL, *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout
    return set(done.stderr.splitlines())


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("list",), ("explain", "availability/replicas"), ("check", "web.yaml")]
)
def test_a_command_imports_no_library_that_it_does_not_need(arguments: tuple[str, ...], tmp_path: Path):
    (tmp_path / "web.yaml").write_text(MANIFEST)
    assert not modules(tmp_path, *arguments) & set(HEAVY)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_no_check_no_command_and_no_reader(arguments: tuple[str, ...], tmp_path: Path):
    loaded = modules(tmp_path, *arguments)
    ours = {m for m in loaded if m.startswith("readiness")}
    assert ours <= {"readiness", "readiness.cli", "readiness.cli.program", "readiness.cli.exits"} | {
        m for m in ours if m.startswith("readiness.model")
    }
    assert not loaded & {"yaml", "rich", "pydantic", "jinja2", "msgspec"}
