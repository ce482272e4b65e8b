"""History is kept, read and verified; and whatever happens to it, nobody who writes it notices."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from readiness import history
from readiness.history import Journal, Run, journal, store


def run(name: str = "r1", **more: Any) -> Run:
    return Run(run=name, service="shop", environment="production", release=f"v1-{name}", version="v1", by="ann", **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


def keep(path: Path, name: str = "r1", notes: int = 3, **more: Any) -> list[str]:
    """A whole run, and what was warned of."""
    warned: list[str] = []
    writer = Journal(path, warn=warned.append, **more)
    writer.begin(run(name))
    for number in range(notes):
        writer.note("gate measured", gate="errors", n=number)
    writer.end("deployed", 0)
    writer.close(120)
    return warned


def told(path: Path, name: str = "r1") -> list[str]:
    return [e.what for e in history.events(path, name)]


def test_a_run_is_kept_and_read(path: Path) -> None:
    assert keep(path) == []
    (kept,) = history.runs(path)
    assert (kept.run, kept.outcome, kept.exit, kept.by) == ("r1", "deployed", 0, "ann")
    assert kept.started
    assert kept.ended
    assert kept.started <= kept.ended
    happened = history.events(path, "r1")
    assert [e.what for e in happened] == ["begun", *["gate measured"] * 3, "ended"]
    assert [e.details.get("n") for e in happened] == [None, 0, 1, 2, None]
    assert [e.seq for e in happened] == [1, 2, 3, 4, 5]
    assert history.verify(path) == ()


def test_runs_come_newest_first_and_can_be_chosen(path: Path) -> None:
    for name, at in (("a", "2026-01-01T00:00:00Z"), ("c", "2026-01-03T00:00:00Z"), ("b", "2026-01-02T00:00:00Z")):
        writer = Journal(path)
        writer.begin(run(name, started=at))
        writer.close(120)
    assert [r.run for r in history.runs(path)] == ["c", "b", "a"]
    assert [r.run for r in history.runs(path, 1)] == ["c"]
    empty = path.with_name("empty.db")
    empty.touch()
    assert (history.runs(empty), history.events(empty, "a"), history.verify(empty)) == ((), (), ())
    assert history.runs(path, service="other") == ()
    assert len(history.runs(path, service="shop", environment="production")) == 3
    assert history.runs(path.with_name("none.db")) == ()
    assert history.events(path.with_name("none.db"), "a") == ()


def test_another_process_goes_on_with_a_run(path: Path) -> None:
    first = Journal(path)
    first.begin(run())
    first.note("switched")
    first.end("detached", 8)
    first.close()
    guard = Journal(path, "r1")
    guard.note("committed")
    guard.end("deployed", 0)
    guard.close(120)
    assert told(path) == ["begun", "switched", "ended", "committed", "ended"]
    assert history.runs(path)[0].outcome == "deployed"
    assert history.verify(path) == ()


def test_two_writers_of_one_run_make_one_chain(path: Path) -> None:
    both = [Journal(path, busy=120), Journal(path, "r1", busy=120)]
    both[0].begin(run())
    both[0].note("first")
    threads = [threading.Thread(target=lambda w=w: [w.note("x", n=n) for n in range(200)]) for w in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in both:
        writer.close(120)
    assert told(path).count("x") == 400
    assert history.verify(path) == ()


def test_a_run_taken_up_again_is_one_run(path: Path) -> None:
    keep(path)
    keep(path)
    assert len(history.runs(path)) == 1
    assert told(path).count("begun") == 1
    assert history.verify(path) == ()


def test_files_and_folder_are_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        writer = Journal(path)
        writer.begin(run())
        while not path.with_name("history.db-wal").exists():
            time.sleep(0.01)
        files = [stat.S_IMODE(f.stat().st_mode) for f in path.parent.iterdir()]
        writer.close(120)
    finally:
        os.umask(before)
    assert len(files) >= 2
    assert set(files) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_redaction_takes_out_is_in_no_file(path: Path) -> None:
    secret = "hunter2-hunter2"
    writer = Journal(path, redact=lambda text: text.replace(secret, "<DB>"))
    writer.begin(run(reason=f"because {secret}"))
    writer.note(f"what {secret}", password=secret, deep=[{"a": f"x{secret}y"}])
    writer.close(120)
    assert told(path) == ["begun", "what <DB>"]
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_whatever_the_details_are_nothing_is_raised(path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    circle: list[Any] = []
    circle.append(circle)
    warned: list[str] = []
    writer = Journal(path, warn=warned.append)
    writer.begin(run())
    writer.note("path", at=Path("/x"), text="\ud800", big="x" * 200_000)
    writer.note("circle", x=circle)
    writer.note("odd", x=Odd())
    writer.note("after", ok=True)
    writer.close(120)
    # That some were lost is told after whatever is written next, and that may be any of the others.
    assert [what for what in told(path) if what != "history lost"] == ["begun", "path", "after"]
    assert sum(e.details["events"] for e in history.events(path, "r1") if e.what == "history lost") == 2
    assert len(warned) <= 2
    assert any("`circle`" in w for w in warned)
    assert history.verify(path) == ()


def test_what_is_lost_while_another_event_is_written_is_counted_too(path: Path) -> None:
    class Writing(Journal):
        def _write(self, write: Any) -> None:
            def late(connection: sqlite3.Connection) -> None:
                write(connection)
                connection.set_trace_callback(lambda said: losing(said))

            super()._write(late)

    def losing(said: str) -> None:
        if said == "COMMIT" and not writer._lost:
            writer._lost += 1

    writer = Writing(path)
    writer.begin(run())
    writer.close(120)
    assert writer._lost == 1


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def content(path: Path) -> Any:
    kept = history.runs(path)
    return kept, [history.events(path, r.run) for r in kept]


def test_a_flipped_byte_is_found_or_changes_nothing(path: Path) -> None:
    """At every offset of the file: what is read is what was written, or somebody says that it is not."""
    keep(path, notes=2)
    with sqlite3.connect(path) as closing:
        closing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        closing.execute("PRAGMA journal_mode = DELETE")
    closing.close()
    data, before = path.read_bytes(), content(path)
    copy = path.with_name("flipped.db")
    found = 0
    for at in range(0, len(data), 13):
        copy.write_bytes(flip(data, at))
        problems = history.verify(copy)
        found += bool(problems)
        if not problems:
            assert content(copy) == before, f"the flip at {at} changed what is read, and nobody said so"
    assert found > 30


def test_a_changed_detail_a_lost_event_and_a_better_outcome_are_found(path: Path) -> None:
    keep(path)
    for change, said in [
        ("UPDATE events SET details = replace(details, '1', '7') WHERE seq = 3", "event 3 (gate measured) is not what"),
        ("DELETE FROM events WHERE seq = 3", "event 3 is missing"),
        ("DELETE FROM events WHERE seq = 5", "its last events are missing"),
        ("UPDATE runs SET outcome = 'fine'", "its outcome is not what its events say"),
        ("UPDATE runs SET by = 'bob'", "its by is not what its events say"),
        ("DELETE FROM runs", "it is not in the list of runs"),
    ]:
        copy = path.with_name("copy.db")
        shutil.copy(path, copy)
        with sqlite3.connect(copy) as connection:
            connection.execute(change)
        connection.close()
        assert any(said in problem for problem in history.verify(copy)), change
        copy.unlink()


@pytest.mark.parametrize("damage", ["header", "garbage", "page", "empty"])
def test_a_damaged_file_is_put_aside_and_a_new_one_begins(path: Path, damage: str) -> None:
    keep(path, "old")
    data = path.read_bytes()
    broken = {
        "header": flip(data, 3),
        "garbage": b"\xff" * 4096,
        "page": data[:4096] + b"\xee" * (len(data) - 4096),
        "empty": b"",
    }[damage]
    path.write_bytes(broken)
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    warned = keep(path, "new")
    assert told(path, "new")[0] == "begun"
    assert told(path, "new")[-1] == "ended"
    assert history.verify(path) == ()
    aside = list(path.parent.glob("*.damaged-*Z"))
    if damage == "empty":
        assert (warned, aside) == ([], [])
    else:
        assert len(warned) == 1
        assert "damaged" in warned[0]
        assert [a.read_bytes() for a in aside] == [broken]


def test_a_file_that_is_damaged_or_taken_away_under_a_writer_begins_anew(path: Path) -> None:
    writer = Journal(path)
    writer.begin(run())
    writer.note("one")
    until(lambda: path.exists() and "one" in told(path))
    for file in path.parent.glob("history.db*"):
        file.unlink()
    writer.note("two")
    writer.close(120)
    assert told(path) == ["begun", "two"]
    assert history.verify(path) == ()


def until(met: Callable[[], bool], within: float = 120.0) -> None:
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """Another process that writes to this history, until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_of_another_process_drops_events_with_one_warning_and_counts_them(path: Path) -> None:
    keep(path)
    holder = holding(path)
    warned: list[str] = []
    writer = Journal(path, "r1", warn=warned.append, busy=3)
    before = time.monotonic()
    for number in range(20):
        writer.note("late", n=number)
    until(lambda: writer._lost == 20)
    assert time.monotonic() - before < 50, "the whole time is waited once"
    holder.communicate("")
    writer.note("again")
    writer.close(120)
    assert len(warned) == 1
    assert "another process" in warned[0]
    assert told(path)[-2:] == ["again", "history lost"]
    assert history.events(path, "r1")[-1].details == {"events": 20}
    assert history.verify(path) == ()


def test_whoever_tells_does_not_wait(path: Path) -> None:
    keep(path)
    holder = holding(path)
    writer = Journal(path, "r1", busy=120)
    before = time.monotonic()
    for number in range(4):
        writer.note("late", n=number)
    assert time.monotonic() - before < 100
    holder.communicate("")
    writer.close(120)
    assert told(path).count("late") == 4


def test_closing_is_bounded(path: Path) -> None:
    keep(path)
    holder = holding(path)
    warned: list[str] = []
    writer = Journal(path, "r1", warn=warned.append, busy=30)
    writer.note("late")
    before = time.monotonic()
    writer.close(0.3)
    assert time.monotonic() - before < 25
    assert "0.3 s" in warned[0]
    holder.communicate("")


FULL = """
import resource, sys
from pathlib import Path
from readiness.history import Journal, Run
resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, resource.RLIM_INFINITY))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = Journal(Path(sys.argv[1]), warn=lambda text: print(text))
writer.begin(Run(run="full", service="s", environment="e", release="r", version="v"))
for n in range(300):
    writer.note("x", n=n, text="y" * 1000)
writer.end("deployed", 0)
writer.close(120)
"""


def test_a_full_disk_costs_history_and_nothing_else(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("incomplete") == 1
    assert done.stderr == ""
    assert history.verify(path) == ()
    assert 0 < told(path, "full").count("x") < 300


def test_a_small_file_system_that_is_full(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", mount], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here: needs the right to mount")
    try:
        warned = keep(mount / "history.db", notes=2000)
        (mount / "rest").write_bytes(b"")
        assert any("incomplete" in w for w in warned)
        assert history.verify(mount / "history.db") == ()
    finally:
        subprocess.run(["umount", mount], check=True)


AS_NOBODY = """
import os, sys
from pathlib import Path
from readiness.history import Journal, Run
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
writer = Journal(Path(sys.argv[1]), warn=lambda text: print(text))
writer.begin(Run(run="r", service="s", environment="e", release="r", version="v"))
writer.note("x"); writer.note("y")
writer.close(120)
"""


@pytest.mark.parametrize("case", ["folder", "file", "owner"])
def test_a_place_that_may_not_be_written_is_said_once(path: Path, case: str, tmp_path: Path) -> None:
    above = [p for p in tmp_path.parents if not p.stat().st_mode & 0o001]
    if above and os.geteuid() == 0:
        for folder in above:
            folder.chmod(folder.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    if case == "folder":
        path.parent.mkdir(mode=0o555)
    else:
        keep(path)
        path.parent.chmod(0o755 if case == "owner" else 0o555)
        path.chmod(0o444)
        if case == "file" and os.geteuid() == 0:
            os.chown(path, 65534, 65534)
    if case == "owner" and os.geteuid() != 0:
        pytest.skip("another user's file can be made by root alone")
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, path], capture_output=True, text=True, timeout=300, check=False
        )
    finally:
        path.parent.chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1, done.stdout
    assert "history" in done.stdout


@pytest.mark.parametrize("case", ["below a file", "folder", "link"])
def test_a_place_that_is_none(tmp_path: Path, case: str) -> None:
    path = tmp_path / "history.db"
    if case == "below a file":
        (tmp_path / "f").write_text("x")
        path = tmp_path / "f" / "history.db"
    elif case == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    (warned,) = keep(path)
    assert "history is not kept" in warned
    assert not (tmp_path / "elsewhere").exists()


def test_a_newer_file_is_left_alone_with_advice(path: Path) -> None:
    keep(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    (warned,) = keep(path, "r2")
    assert "newer readiness (version 99" in warned
    assert list(path.parent.glob("*damaged*")) == []
    with pytest.raises(history.Unusable, match="newer readiness"):
        history.runs(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("who", ["reads", "verifies", "writes"])
def test_a_database_that_another_process_is_making_is_no_stranger(
    path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """It is made between two questions of whoever comes meanwhile."""
    path.parent.mkdir()
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    refuse = store._refuse_strangers
    maker = Journal(path)

    def meanwhile(connection: sqlite3.Connection, *given: Any) -> None:
        monkeypatch.setattr(store, "_refuse_strangers", refuse)
        connection.set_trace_callback(lambda said: made() if "sqlite_master" in said else None)
        refuse(connection, *given)

    def made() -> None:
        maker.begin(run("maker"))
        maker.close(120)

    monkeypatch.setattr(store, "_refuse_strangers", meanwhile)
    if who == "reads":
        assert history.events(path, "maker") == ()
    elif who == "verifies":
        assert history.verify(path) == ()
    else:
        assert keep(path) == []
    assert told(path, "maker") == ["begun"]


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    path.chmod(0o600)
    (warned,) = keep(path)
    assert "another program" in warned
    with pytest.raises(history.Unusable, match="another program"):
        history.events(path, "r1")


def test_the_oldest_runs_make_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "RUNS", 3)
    for number in range(5):
        writer = Journal(path)
        writer.begin(run(f"r{number}", started=f"2026-01-0{number + 1}T00:00:00Z"))
        writer.close(120)
    assert [r.run for r in history.runs(path)] == ["r4", "r3", "r2"]
    assert history.events(path, "r0") == ()
    assert history.verify(path) == ()


KILLED = """
import sys
from pathlib import Path
from readiness.history import Journal, Run
writer = Journal(Path(sys.argv[1]))
writer.begin(Run(run="k", service="s", environment="e", release="r", version="v"))
n = 0
while True:
    n += 1
    writer.note("x", n=n)
    if n == 20: print("on", flush=True)
    if n % 500 == 0:
        import time; time.sleep(0.01)
"""


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.11, 0.2])
def test_a_killed_writer_leaves_a_chain_that_fits(path: Path, delay: float) -> None:
    killed = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True)
    assert killed.stdout
    assert killed.stdout.readline() == "on\n"
    until(lambda: path.exists())
    time.sleep(delay)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert history.verify(path) == ()
    warned = keep(path, "after")
    assert warned == []
    numbers = [e.details["n"] for e in history.events(path, "k") if e.what == "x"]
    assert numbers == sorted(set(numbers))
    assert history.verify(path) == ()


def test_what_a_killed_writer_left_half_done_is_undone_before_it_is_read(path: Path, tmp_path: Path) -> None:
    """As where it was killed while it changed the kind of its journal: a reader alone may not put that right."""
    keep(path, notes=300)
    before, left = history.events(path, "r1"), tmp_path / "left" / "history.db"
    left.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE events SET details = details || 'x'")
        for name in ("history.db", "history.db-journal"):
            shutil.copy(path.with_name(name), left.with_name(name))
    assert history.events(left, "r1") == before
    assert history.verify(left) == ()


def test_reading_a_damaged_file_says_so(path: Path) -> None:
    keep(path)
    path.write_bytes(b"no database at all, and longer than a header of a hundred bytes" * 4)
    with pytest.raises(history.Unusable, match="cannot be read"):
        history.runs(path)
    assert history.verify(path)
