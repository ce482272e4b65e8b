"""Releases: what they are made from, when they are the same, and what is left of one that was not finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy import releases
from readiness_deploy.releases import making
from readiness_deploy.releases.tree import remove

from readiness.config.deploy import DeploySettings

SURROUNDINGS = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "DB": "hunter2-hunter2"}


class Told:
    """What was noted."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, **details: Any) -> None:
        self.events.append((what, details))

    def names(self) -> list[str]:
        return [what for what, _ in self.events]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "v1" / "bin").mkdir(parents=True)
    (root / "v1" / "bin" / "serve").write_text("#!/bin/sh\nexec sleep 1\n")
    (root / "v1" / "bin" / "serve").chmod(0o755)
    (root / "v1" / "page.txt").write_text("one")
    return root


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    yield folder
    remove(folder)


def settings(**said: Any) -> DeploySettings:
    return DeploySettings.model_validate({"run": {"command": ["bin/serve"]}, **said})


def make(project: Path, state: Path, version: str = "v1", told: Told | None = None, **said: Any) -> Any:
    note = told or Told()
    return releases.make(settings(**said), project, version, state, note, surroundings=SURROUNDINGS)


def names(state: Path) -> set[str]:
    return {f.name for f in (state / "releases").iterdir()} - {".lock"}


def test_a_folder_becomes_a_sealed_release(project: Path, state: Path) -> None:
    environment = {"MODE": "fast", "DB_URL": {"from-env": "DB"}, "CERT": {"from-file": "keys/cert.pem"}}
    release = make(project, state, run={"command": ["bin/serve"], "environment": environment, "stop": {"drain": 3.0}})
    inside = Path(release.details["folder"])
    assert release.version == "v1"
    assert release.id.startswith("v1-")
    assert inside == state / "releases" / release.id / "tree"
    assert (inside / "page.txt").read_text() == "one"
    assert os.access(inside / "bin" / "serve", os.X_OK)
    assert release.details["command"] == ["bin/serve"]
    assert release.details["environment"] == {
        "MODE": "fast",
        "DB_URL": {"from-env": "DB"},
        "CERT": {"from-file": str(project / "keys" / "cert.pem")},
    }
    assert release.details["stop"] == {"drain": 3.0, "grace": 10.0}
    assert releases.open_release(state, release.id) == release
    assert (state / "releases" / release.id / "release.json").stat().st_mode & 0o777 == 0o600
    assert inside.stat().st_mode & 0o222 == 0
    assert (inside / "page.txt").stat().st_mode & 0o777 == 0o444


def test_the_same_input_is_the_same_release_and_no_work(project: Path, state: Path) -> None:
    told = Told()
    commands = [["sh", "-c", "echo x >> made"]]
    first = make(project, state, told=told, release={"prepare": commands})
    second = make(project, state, told=told, release={"prepare": commands})
    assert second == first
    assert told.names() == ["preparing", "release made", "release found"]
    assert (Path(first.details["folder"]) / "made").read_text() == "x\n"


@pytest.mark.parametrize(
    "other",
    [
        {"run": {"command": ["bin/serve", "-v"]}},
        {"run": {"command": ["bin/serve"], "environment": {"A": {"from-env": "B"}}}},
        {"run": {"command": ["bin/serve"], "ready": {"path": "/healthy"}}},
        {"release": {"prepare": [["true"]]}},
        {"data-unsafe": True},
        {"migrations": {"database": "sqlite:///x.db", "sql": "migrations"}},
    ],
)
def test_what_changes_how_it_runs_is_another_release(project: Path, state: Path, other: dict[str, Any]) -> None:
    assert make(project, state).id != make(project, state, **other).id


@pytest.mark.parametrize("other", [{"keep": 5.0}, {"bake": {"seconds": 1.0}}, {"approval": "required"}])
def test_what_does_not_is_the_same(project: Path, state: Path, other: dict[str, Any]) -> None:
    assert make(project, state).id == make(project, state, **other).id


def test_a_changed_file_right_or_name_is_another_release(project: Path, state: Path) -> None:
    seen = {make(project, state).id}
    page = project / "v1" / "page.txt"
    page.write_text("two")
    seen.add(make(project, state).id)
    page.chmod(0o755)
    seen.add(make(project, state).id)
    page.rename(project / "v1" / "pages.txt")
    seen.add(make(project, state).id)
    (project / "v1" / "link").symlink_to("pages.txt")
    seen.add(make(project, state).id)
    (project / "v1" / "empty").mkdir()
    seen.add(make(project, state).id)
    assert len(seen) == 6


def test_times_and_owners_do_not_count(project: Path, state: Path) -> None:
    first = make(project, state).id
    os.utime(project / "v1" / "page.txt", (1, 1))
    (project / "v1" / "page.txt").chmod(0o600)
    assert make(project, state).id == first


def test_a_failing_command_says_its_last_lines_and_no_secret(project: Path, state: Path) -> None:
    script = "seq 1 100; echo the password is hunter2-hunter2 >&2; exit 3"
    run = {"command": ["x"], "environment": {"DB_URL": {"from-env": "DB"}}}
    with pytest.raises(releases.Unmade) as refusal:
        make(project, state, run=run, release={"prepare": [["sh", "-c", script]]})
    said = str(refusal.value)
    assert "it ended with 3" in said
    assert "the password is <DB_URL>" in said
    assert "\n  100\n" in said
    assert "\n  50\n" not in said
    assert "hunter2" not in said
    assert names(state) == set()


def test_secrets_do_not_reach_the_commands_and_declared_text_does(project: Path, state: Path) -> None:
    run = {"command": ["x"], "environment": {"DB_URL": {"from-env": "DB"}, "MODE": "fast"}}
    release = make(project, state, run=run, release={"prepare": [["sh", "-c", "env > around"]]})
    around = (Path(release.details["folder"]) / "around").read_text()
    assert "MODE=fast\n" in around
    assert f"READINESS_RELEASE={release.id}\n" in around
    assert "hunter2" not in around


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["sh", "-c", "kill -9 $$"], "SIGKILL"),
        (["no-such-program"], "no program no-such-program on PATH"),
        (["./gone"], "No such file"),
        (["sh", "-c", "ln -s / out; mkfifo pipe"], "pipe is no regular file"),
    ],
)
def test_what_goes_wrong_in_preparation_leaves_nothing(
    project: Path, state: Path, command: list[str], said: str
) -> None:
    with pytest.raises(releases.Unmade, match=said):
        make(project, state, release={"prepare": [command]})
    assert names(state) == set()


def test_all_commands_share_one_time_limit(project: Path, state: Path) -> None:
    commands = {"prepare": [["sleep", "0.2"], ["sleep", "300"]], "prepare-timeout": 0.5}
    before = time.monotonic()
    with pytest.raises(releases.Unmade, match=r"longer than 0\.5 s"):
        make(project, state, release=commands)
    assert time.monotonic() - before < 60


def test_what_one_command_used_is_not_there_for_the_next(project: Path, state: Path) -> None:
    """The second would be done within the whole limit, and is long before its end when what is left of it is over."""
    late = f"sleep 3.5; touch {project}/late"
    commands = {"prepare": [["sleep", "3"], ["sh", "-c", late]], "prepare-timeout": 4.0}
    with pytest.raises(releases.Unmade, match="longer than 4 s"):
        make(project, state, release=commands)
    assert not (project / "late").exists()


def test_it_is_prepared_where_it_runs(project: Path, state: Path) -> None:
    release = make(project, state, release={"prepare": [["sh", "-c", "pwd > where"]]})
    assert (Path(release.details["folder"]) / "where").read_text().strip() == release.details["folder"]


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"DB_PASSWORD": "correct-horse"}, ["x"]),
        ({"API_TOKEN": "tok_1234567890"}, ["x"]),
        ({"FERNET_KEY": "c2VjcmV0LXNlY3JldA=="}, ["x"]),
        ({"DATABASE": "postgres://me:correct-horse@db/x"}, ["x"]),
        ({"SENTRY_DSN": "https://0123456789abcdef@o1.ingest.example/1"}, ["x"]),
        ({}, ["serve", "--db=postgres://me:correct-horse@db/x"]),
    ],
)
def test_a_secret_that_is_written_down_is_refused(
    project: Path, state: Path, environment: dict[str, str], command: list[str]
) -> None:
    with pytest.raises(releases.Unmade, match="from-env") as refusal:
        make(project, state, run={"command": command, "environment": environment})
    assert not any(value in str(refusal.value) for value in ("horse", "tok_", "c2Vj", "0123456789abcdef"))


def test_a_secret_in_a_command_that_prepares_is_refused(project: Path, state: Path) -> None:
    prepare = [["pip", "install", "--index-url=https://me:correct-horse@pypi.example/simple", "."]]
    with pytest.raises(releases.Unmade, match=r"deploy\.release\.prepare\.0\.2") as refusal:
        make(project, state, release={"prepare": prepare})
    assert "horse" not in str(refusal.value)


def test_a_written_database_password_is_refused(project: Path, state: Path) -> None:
    with pytest.raises(releases.Unmade, match=r"deploy\.migrations\.database"):
        make(project, state, migrations={"database": "postgresql://me:pw12345@h/d", "sql": "m"})


@pytest.mark.parametrize(
    "environment",
    [
        {"TOKEN_TTL": "3600", "TLS_KEY": "/run/keys/tls.pem", "CACHE_KEY": "12", "KEYCLOAK_URL": "https://sso.example"},
        {"DATABASE": "postgres://me@db/x", "PASSWORD_FILE": "/run/secrets/pw", "TOKEN": ""},
    ],
)
def test_what_only_speaks_of_secrets_is_not(project: Path, state: Path, environment: dict[str, str]) -> None:
    assert make(project, state, run={"command": ["x"], "environment": environment}).details["environment"]


def test_migrations_are_asked_of_the_finished_files(project: Path, state: Path) -> None:
    def ids(tree: Path) -> list[str]:
        return sorted(f.name for f in (tree / "migrations").iterdir())

    command = [["sh", "-c", "mkdir migrations; touch migrations/0001 migrations/0002"]]
    release = releases.make(
        settings(release={"prepare": command}), project, "v1", state, Told(),
        surroundings=SURROUNDINGS, migrations=ids,
    )  # fmt: skip
    assert release.migrations == ("0001", "0002")
    assert releases.open_release(state, release.id).migrations == ("0001", "0002")


def test_a_fault_of_the_migrations_leaves_no_release(project: Path, state: Path) -> None:
    def ids(_tree: Path) -> list[str]:
        raise LookupError("two heads")

    with pytest.raises(LookupError, match="two heads"):
        releases.make(settings(), project, "v1", state, Told(), surroundings=SURROUNDINGS, migrations=ids)
    assert names(state) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "tree/page.txt").write_text("changed"), "page.txt .* was changed"),
        (lambda f: (f / "tree/page.txt").chmod(0o755), "other rights"),
        (lambda f: (f / "tree/page.txt").unlink(), "it was there"),
        (lambda f: swap(f / "release.json", b"bin/serve", b"bin/other"), "not the one it was made with"),
        (lambda f: swap(f / "contents.jsonl", b'"program"', b'"file"'), "not the one it was made with"),
        (lambda f: (f / "release.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "contents.jsonl").unlink(), "cannot be read"),
        (lambda f: (f / "release.json").unlink(), "there is no release"),
    ],
)
def test_a_broken_seal_is_seen(project: Path, state: Path, change: Any, said: str) -> None:
    release = make(project, state)
    folder = state / "releases" / release.id
    for path in [folder / "tree", folder / "tree" / "page.txt"]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "tree" / "page.txt").chmod(0o644)
    change(folder)
    with pytest.raises(releases.Broken, match=said):
        releases.open_release(state, release.id)


def test_a_release_that_was_changed_is_not_found_again(project: Path, state: Path) -> None:
    page = Path(make(project, state).details["folder"], "page.txt")
    page.chmod(0o644)
    page.write_text("two")
    page.chmod(0o444)
    with pytest.raises(releases.Unmade, match=r"page.txt .* was changed since it was sealed"):
        make(project, state)


def test_the_seal_comes_after_all_that_it_vouches_for_is_on_the_disk(
    project: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    rename, whole, one = Path.replace, os.sync, os.fsync

    def renamed(self: Path, target: Path) -> Path:
        steps.append(target.name)
        return rename(self, target)

    def all_synced() -> None:
        steps.append("sync all")
        whole()

    def synced(handle: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        one(handle)

    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr(os, "sync", all_synced)
    monkeypatch.setattr(os, "fsync", synced)
    release = make(project, state)
    contents = ["sync contents.jsonl.new", "contents.jsonl", f"sync {release.id}"]
    assert steps == [*contents, "sync all", "sync release.json.new", "release.json", f"sync {release.id}"]


def swap(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


def test_what_appears_in_a_release_is_no_harm(project: Path, state: Path) -> None:
    release = make(project, state)
    inside = Path(release.details["folder"])
    inside.chmod(0o755)
    (inside / "__pycache__").mkdir()
    (inside / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert releases.open_release(state, release.id) == release


@pytest.mark.parametrize("name", ["../../etc", "v1", "", "v1-0123456789ab/..", "x-zzzzzzzzzzzz"])
def test_only_an_id_opens_a_release(state: Path, name: str) -> None:
    with pytest.raises(releases.Broken):
        releases.open_release(state, name)


def test_collection_keeps_what_is_needed_and_the_newest(project: Path, state: Path) -> None:
    made = []
    for number in range(5):
        (project / "v1" / "page.txt").write_text(str(number))
        made.append(make(project, state).id)
        os.utime(state / "releases" / made[-1] / "release.json", ns=(number, number))
    (state / "releases" / "mine.txt").write_text("a stranger")
    (state / "releases" / f"half-{'0' * 12}" / "tree").mkdir(parents=True)
    outside = state / "precious"
    outside.mkdir()
    (state / "releases" / f"half-{'0' * 12}" / "tree" / "link").symlink_to(outside)

    dry = releases.gc(state, {made[0]}, newest=2, dry=True)
    assert names(state) >= set(made)
    done = releases.gc(state, {made[0]}, newest=2)
    assert done == dry
    assert set(done.removed) == {made[1], made[2], f"half-{'0' * 12}"}
    assert set(done.kept) == {made[0], made[3], made[4]}
    assert done.strangers == ("mine.txt",)
    assert names(state) == {made[0], made[3], made[4], "mine.txt"}
    assert outside.is_dir()
    assert [r.id for r in releases.known_releases(state)] == [made[4], made[3], made[0]]


def test_a_removal_that_is_cut_short_leaves_no_release(
    project: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Path) -> None:
        raise OSError("cut short")

    make(project, state)
    monkeypatch.setattr(making, "remove", cut)
    with pytest.raises(OSError, match="cut short"):
        releases.gc(state, set(), 0)
    assert releases.ids(state) == ()


MAKER = """
import os, sys
from pathlib import Path
from readiness.config.deploy import DeploySettings
from readiness_deploy import releases
prepare = [["sh", "-c", sys.argv[3]]]
settings = DeploySettings.model_validate({"run": {"command": ["x"]}, "release": {"prepare": prepare}})
root, state = Path(sys.argv[1]), Path(sys.argv[2])
release = releases.make(settings, root, "v1", state, lambda *a, **k: None, surroundings=os.environ)
print(release.id)
"""


def maker(project: Path, state: Path, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKER, project, state, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_at_once_make_it_once(project: Path, state: Path) -> None:
    script = f"echo x >> {project}/count; sleep 0.3"
    both = [maker(project, state, script), maker(project, state, script)]
    said = [one.communicate(timeout=300) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert (project / "count").read_text() == "x\n"


def until(met: Any, within: float = 120.0) -> None:
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_what_a_killed_deployer_left_is_ended_and_taken_away(project: Path, state: Path) -> None:
    """Its command goes on in a session of its own, and would write into the release that comes next."""
    pid = project / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 300"
    killed = maker(project, state, script)
    until(pid.exists)
    orphan = int(pid.read_text())
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.communicate()
    os.kill(orphan, 0)
    (left,) = names(state)

    assert releases.gc(state, set(), dry=True).removed == (left,)
    told = Told()
    release = make(project, state, told=told)
    assert told.events[0] == ("leftover removed", {"name": left})
    assert names(state) == {release.id}

    def gone() -> bool:
        try:
            return b"sleep" not in Path(f"/proc/{orphan}/cmdline").read_bytes()
        except OSError:  # also where it goes while it is read
            return True

    until(gone)


def test_collection_lets_a_maker_work(project: Path, state: Path) -> None:
    working = maker(project, state, f"touch {project}/on; until test -e {project}/go; do sleep 0.01; done")
    until((project / "on").exists)
    assert releases.gc(state, set()).busy
    (project / "go").touch()
    assert working.communicate(timeout=300)[1] == ""
    assert working.returncode == 0


def test_what_commands_leave_running_ends_before_the_seal(project: Path, state: Path) -> None:
    script = "setsid sleep 300 >/dev/null 2>&1 & echo $! > daemon"
    release = make(project, state, release={"prepare": [["sh", "-c", script]]})
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            assert f"READINESS_PREPARING={release.details['folder']}".encode() not in (entry / "environ").read_bytes()
        except OSError:
            continue


def test_a_release_that_is_too_large_for_the_record_is_refused(project: Path, state: Path) -> None:
    environment = {f"NAME_{n}": "x" * 100 for n in range(200)}
    with pytest.raises(releases.Unmade, match="more than 16,384"):
        make(project, state, run={"command": ["x"], "environment": environment})
    assert names(state) == set()


def test_a_state_that_cannot_be_written_is_said(project: Path, state: Path) -> None:
    (state / "releases").write_text("a file")
    with pytest.raises(releases.Unmade, match="releases"):
        make(project, state)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_no_release_is_made_in_the_folder_of_somebody_else(project: Path, state: Path) -> None:
    os.chown(state, 65534, -1)
    with pytest.raises(releases.Unmade, match="belongs to"):
        make(project, state, release={"prepare": [["touch", str(project / "ran")]]})
    assert not (project / "ran").exists()
    assert list(state.iterdir()) == []
