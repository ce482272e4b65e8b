"""What lies around a run changes nothing in it, gets nothing from it, and is told nothing that it does not know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from inputs.manifests import stream, workload, write_good_files
from inputs.running import AS_OF, PROGRAM, call, check

FORMATS = ("terminal", "json", "sarif", "junit", "markdown", "html", "github")
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYzEXAMPLE"


def shop(folder: Path, *, backwards: bool = False, many: int = 0) -> Path:
    """A repository with findings, a gap, waivers that fail and a workflow; its files may be made in another order."""
    folder.mkdir()
    write_good_files(folder / "good")
    texts = {f"web-{n}.yaml": workload(f"web-{n}", replicas="replicas: 1") for n in range(9)}
    texts |= {"broken.yaml": stream(workload("x"), "a: [\n", workload("y", image="nginx"))}
    for name in sorted(texts, reverse=backwards):
        (folder / name).write_text(texts[name], encoding="utf-8")
    (folder / "Dockerfile").write_text("FROM debian\nRUN curl https://example.com/x | sh\n", encoding="utf-8")
    (folder / "large.yaml").write_text(stream(*(workload(f"l-{n}") for n in range(many))), encoding="utf-8")
    return folder


def reports(folder: Path, environment: Mapping[str, str], *prefix: str) -> dict[str, bytes]:
    """Every format of one run in a process of its own, by name."""
    to = folder.parent / f"{folder.name}-reports"
    to.mkdir()
    outputs = [f"--output={name}={to / name}" for name in FORMATS]
    done = subprocess.run(
        [*prefix, PROGRAM, "check", "--as-of", AS_OF, "--verbose", *outputs],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    written = {name: (to / name).read_bytes() for name in FORMATS} | {"screen": done.stdout}
    # The one measurement that a format has to carry: how long each check took.
    return written | {"junit": re.sub(rb' time="[0-9.]+"', b"", written["junit"])}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Another hash seed, time zone, language, order of creation and number of processors."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    path = os.environ["PATH"]
    first = reports(
        shop(tmp_path / "a" / "shop", many=400),
        {"PATH": path, "HOME": str(tmp_path), "PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    )
    one_processor = [sys.executable, "-c", "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
                     "os.execv(sys.argv[1], sys.argv[1:])"]  # fmt: skip
    second = reports(
        shop(tmp_path / "b" / "shop", backwards=True, many=400),
        {"PATH": path, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LC_ALL": "POSIX", "LANG": "de_DE"},
        *one_processor,
    )
    assert len(first["screen"].splitlines()) > 100
    assert {name for name in first if first[name] != second[name]} == set()


def test_nothing_of_the_environment_stands_in_a_report(tmp_path: Path) -> None:
    names = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HELM_KUBETOKEN", "DATABASE_PASSWORD")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **dict.fromkeys(names, SECRET)}
    written = reports(shop(tmp_path / "shop"), environment)
    assert [name for name, text in written.items() if SECRET.encode() in text] == []


def test_a_secret_of_the_settings_stands_in_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_OWNER_TOKEN", SECRET)
    (tmp_path / "readiness.yaml").write_text(
        "service: shop\nenvironments:\n  staging:\n"
        "    sources: {manifests: ['${SHOP_OWNER_TOKEN}/x.yaml']}\n    bar: a\n",
        encoding="utf-8",
    )
    code, out, err = call(tmp_path, ["check"])
    assert code == 2
    assert "readiness.yaml:5" in err
    assert SECRET not in out + err


def test_no_home_and_nothing_to_write_to(tmp_path: Path) -> None:
    """Nothing is written beside what is checked, and no home is asked for."""
    folder = shop(tmp_path / "shop")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted((p.relative_to(folder), p.stat().st_mtime_ns) for p in folder.rglob("*"))
    done = subprocess.run(
        [PROGRAM, "check", "--as-of", AS_OF],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"NOT READY" in done.stdout
    assert sorted((p.relative_to(folder), p.stat().st_mtime_ns) for p in folder.rglob("*")) == before


@pytest.mark.parametrize("target", ["folder", "/dev/full"])
def test_a_report_that_cannot_be_written_is_an_error_and_never_half_a_report(target: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "m.yaml").write_text(workload(), encoding="utf-8")
    code, _, err = call(tmp_path, ["check", "m.yaml", "--output", f"json={target}"])
    assert code not in (0, 1, 3, 70)
    assert target in err
    assert "Traceback" not in err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "m.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "base.json"),
        ("[]", "base.json"),
        ('{"schema": "readiness/baseline/999", "runs": []}', "base.json"),
        ('{"version": "2.1.0", "runs": []}', "base.json"),
        (
            '{"schema": "readiness/baseline/1", "runs": [{"service": "a", "environment": "b", "fingerprints": []}]}',
            "damaged",
        ),
        ('{"schema": "readiness/baseline/1", "runs": {}}', "damaged"),
        ("", "base.json"),
        ('{"a": ' * 5_000, "base.json"),
    ],
    ids=["cut off", "a list", "another version", "another tool", "damaged", "no runs", "empty", "too deep"],
)
def test_a_baseline_that_is_none_is_no_baseline_without_findings(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(workload(), encoding="utf-8")
    (tmp_path / "base.json").write_text(text, encoding="utf-8")
    code, out, err = call(tmp_path, ["check", "m.yaml", "--baseline", "base.json", "--new-only"])
    assert code == 2
    assert words in err
    assert out == ""


@pytest.mark.needs("git")
def test_nothing_that_a_repository_brings_is_run(tmp_path: Path) -> None:
    """Commands in its settings, checks in its folder, hooks and monitors in its git configuration."""
    folder, canary = tmp_path / "shop", tmp_path / "canary"
    folder.mkdir()
    touch = f"touch {canary}"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    (folder / "m.yaml").write_text(workload(), encoding="utf-8")
    (folder / ".readiness" / "checks").mkdir(parents=True)
    (folder / ".readiness" / "checks" / "evil.py").write_text(f"import os\nos.system({touch!r})\n", encoding="utf-8")
    (folder / "conftest.py").write_text(f"import os\nos.system({touch!r})\n", encoding="utf-8")
    (folder / "readiness.yaml").write_text(
        "service: shop\nenvironments:\n  staging:\n    sources:\n      repository: .\n      manifests: m.yaml\n"
        f"      commands: {{test: {{run: [touch, '{canary}']}}}}\n",
        encoding="utf-8",
    )
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "core.sshCommand"):
        subprocess.run([*git, "config", key, touch], check=True)
    hook = folder / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\n{touch}\n", encoding="utf-8")
    hook.chmod(0o755)
    said = check(folder)
    assert said.code in (1, 3), said.err
    assert any(o["status"] == "skipped" or "--run-commands" in o["reason"] for o in said.entries("outcomes"))
    assert not canary.exists()


def test_two_hundred_names_that_look_alike_stay_apart(tmp_path: Path) -> None:
    """Names that differ by case or by the form of an accent alone, in one report, each with its own anchor."""
    names = [f"W{'e' if n % 2 else 'E'}b-{n // 2}" for n in range(100)]
    names += [f"{accent}-{n}" for n in range(50) for accent in ("caf\u00e9", "cafe\u0301")]
    texts = [workload(f'"{name}"', replicas="replicas: 1") for name in names]
    (tmp_path / "m.yaml").write_text(stream(*texts), encoding="utf-8")
    said = check(tmp_path, "m.yaml")
    replicas = next(o for o in said.entries("outcomes") if o["id"] == "availability/replicas")
    assert len({f["subject"] for f in replicas["findings"]}) == len(names)
    assert len({f["fingerprint"] for f in replicas["findings"]}) == len(names)
    assert len({f["line"] for f in replicas["findings"]}) == len(names)
