"""The record on the disk is the old one or the new one, whatever fails; what cannot be read is never guessed at."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy.keeper.aside import Aside, Running
from readiness_deploy.keeper.authority import Authority, Refused
from readiness_deploy.keeper.folder import Files, Folder
from readiness_deploy.keeper.processes import Identity, identity
from readiness_deploy.keeper.recovery import recover
from readiness_deploy.keeper.routefile import Unusable, load, make_reserve, store
from readiness_deploy.keeper.start import Failure
from readiness_deploy.ports import Holder, Standing
from readiness_deploy.record import FORMAT, Record, encode
from readiness_deploy.states import Colour, Phase

from keeper.rig import release, until

STEPS = ("write_temporary", "keep", "replace", "sync")
ME = Holder(by="me", host="here", pid=1, run="r", since="now")


def record(generation: int, **more: Any) -> Record:
    return Record(generation=generation, epoch=3, slots={"blue": release("v1")}, **{"selected": "blue", **more})


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "state")
    folder.make()
    return folder


class Failing(Files):
    """Files of which one step fails, as a disk may."""

    def __init__(self, step: str, number: int, times: int = 1 << 30) -> None:
        self._step, self._fault, self._times = step, OSError(number, os.strerror(number)), times

    def _maybe(self, step: str) -> None:
        if step == self._step and self._times:
            self._times -= 1
            raise self._fault

    def write_temporary(self, path: Path, text: bytes) -> Path:
        self._maybe("write_temporary")
        return super().write_temporary(path, text)

    def keep(self, path: Path, before: Path) -> None:
        self._maybe("keep")
        super().keep(path, before)

    def replace(self, temporary: Path, path: Path) -> None:
        self._maybe("replace")
        super().replace(temporary, path)

    def sync(self, folder: Path) -> None:
        self._maybe("sync")
        super().sync(folder)


class Ready:
    def standing(self, colour: Colour) -> Standing:
        return Standing.READY

    def release(self, colour: Colour) -> str:
        return "v2"


def test_a_record_comes_back_as_it_was(folder: Folder) -> None:
    assert load(folder).record == Record()
    assert load(folder).fresh
    store(folder, record(1), Files())
    store(folder, record(2), Files())
    assert load(folder).record == record(2)
    folder.route.unlink()
    assert load(folder).record == record(1)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_what_is_not_on_the_disk_is_not_in_force(folder: Folder, step: str, number: int) -> None:
    store(folder, record(1), Files())
    flips: list[Record] = []
    authority = Authority(
        folder, record(1), Failing(step, number), Ready(), lambda _, new: flips.append(new), lambda *_, **__: None
    )
    wanted = authority.record.but(selected="green", slots={"blue": release("v1"), "green": release("v2")},
                                  phase=Phase.CONVERGING)  # fmt: skip
    if step == "sync":
        assert authority.write(3, wanted).selected == "green"
    else:
        with pytest.raises(Refused, match="cannot be written") as refused:
            authority.write(3, wanted)
        assert refused.value.kind == "failed"
    assert load(folder).record == authority.record
    assert flips == ([] if step != "sync" else [authority.record])
    assert authority.record.generation == (2 if step == "sync" else 1)


def test_a_record_is_on_the_disk_before_it_counts_and_its_name_before_anybody_is_answered(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        sync(handle)

    def renamed(self: Path, target: Path) -> Path:
        steps.append(target.name)
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    assert store(folder, record(1), Files()) == ""
    wanted = [f"sync .route.json.{threading.get_native_id()}.new", "route.json", f"sync {folder.root.name}"]
    assert [step for step in steps if step in wanted] == wanted


def test_what_one_that_lives_is_writing_stays_when_another_clears_up(folder: Folder) -> None:
    """Two may start a keeper at the same moment: one writes its settings while the worker of the other clears up."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = [folder.root / f".keeper.json.{pid}.new" for pid in (os.getppid(), dead.pid)]
    for one in left:
        one.touch()
    folder.clear()
    assert [one.exists() for one in left] == [True, False]


@pytest.mark.parametrize("phase", [Phase.RETURNING, Phase.HELD, Phase.ABORTING, Phase.STABLE])
def test_the_way_back_has_room_on_a_full_disk(folder: Folder, phase: Phase) -> None:
    store(folder, record(1), Files())
    assert make_reserve(folder)
    files = Failing("write_temporary", errno.ENOSPC, times=1)
    authority = Authority(folder, record(1), files, Ready(), lambda *_: None, lambda *_, **__: None)
    authority.write(3, authority.record.but(phase=phase))
    assert load(folder).record == authority.record
    assert authority.record.phase is phase
    assert not (folder.root / ".reserve").exists()


def test_a_run_that_goes_forward_does_not_take_that_room(folder: Folder) -> None:
    assert make_reserve(folder)
    files = Failing("write_temporary", errno.ENOSPC, times=1)
    authority = Authority(folder, record(1), files, Ready(), lambda *_: None, lambda *_, **__: None)
    with pytest.raises(Refused):
        authority.write(3, authority.record.but(phase=Phase.PREPARING))
    assert (folder.root / ".reserve").exists()


def test_that_room_is_laid_aside_again(rig: Any) -> None:
    (rig.state / ".reserve").unlink()
    until((rig.state / ".reserve").exists)


def test_a_lock_whose_epoch_is_not_on_the_disk_is_not_given(folder: Folder) -> None:
    authority = Authority(
        folder, record(1), Failing("replace", errno.EIO), Ready(), lambda *_: None, lambda *_, **__: None
    )
    with pytest.raises(Refused, match="cannot be written"):
        authority.take(object(), ME)
    assert authority.lock is None
    assert authority.record.epoch == 3


TORN = encode(record(2))[:-7]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0" * 300,
        b"garbage",
        TORN,
        b"{}",
        b"[]",
        b"null",
        b'{"format": 1, "selected": "red"}',
        b"\xff\xfe",
        b"x" * (1 << 20),
    ],
    ids=["empty", "zeros", "garbage", "torn", "no-format", "list", "null", "unknown-colour", "no-text", "too-long"],
)
def test_what_cannot_be_read_is_not_believed(folder: Folder, text: bytes) -> None:
    folder.route.write_bytes(text)
    found = load(folder)
    assert found.record is None
    assert str(folder.route) in found.doubt
    folder.route_before.write_bytes(encode(record(1)))
    found = load(folder)
    assert found.record == record(1)
    assert "may be one write too old" in found.doubt


def test_a_later_format_is_left_alone(folder: Folder) -> None:
    text = encode(record(1)).replace(f'"format":{FORMAT}'.encode(), b'"format":99')
    folder.route.write_bytes(text)
    folder.route_before.write_bytes(encode(record(1)))
    with pytest.raises(Unusable, match="format 99: a newer readiness wrote it"):
        load(folder)
    assert folder.route.read_bytes() == text


def known(selected: Colour | None, *running: tuple[Colour, str, Identity], generation: int = 2) -> Aside:
    return Aside(
        selected=selected,
        generation=generation,
        epoch=5,
        running={
            colour: Running(release=release(name), identity=who, port=1, instance=name, served=True)
            for colour, name, who in running
        },
    )


def me() -> Identity:
    found = identity(os.getpid())
    assert found is not None
    return found


GONE = Identity(2**22 + 1, 1)


def doubted(folder: Folder, aside: Aside) -> Record:
    return recover(folder, aside, Files(), lambda *_, **__: None)


def test_the_older_record_and_the_processes_agree(folder: Folder) -> None:
    folder.route.write_bytes(b"torn")
    folder.route_before.write_bytes(encode(record(1)))
    made = doubted(folder, known("blue", ("blue", "v1", me())))
    assert (made.phase, made.selected, made.generation, made.epoch) == (Phase.HELD, "blue", 3, 6)
    assert made.intent is not None
    assert "may be one write too old" in made.held
    assert load(folder).record == made
    assert (folder.root / "route.json.unreadable").read_bytes() == b"torn"


def test_the_write_that_was_lost_was_the_switch(folder: Folder) -> None:
    folder.route.write_bytes(b"torn")
    folder.route_before.write_bytes(encode(record(1)))
    made = doubted(folder, known("green", ("blue", "v1", me()), ("green", "v2", me())))
    assert (made.phase, made.selected, made.previous) == (Phase.HELD, "green", "blue")
    assert made.slots["green"].id == "v2"


def test_nothing_readable_and_one_served(folder: Folder) -> None:
    folder.route.write_bytes(b"torn")
    made = doubted(folder, known(None, ("green", "v2", me())))
    assert (made.phase, made.selected) == (Phase.HELD, "green")


def test_a_record_that_was_taken_away_while_colours_run(folder: Folder) -> None:
    made = doubted(folder, known("blue", ("blue", "v1", me())))
    assert (made.phase, made.selected) == (Phase.HELD, "blue")
    assert "is missing, and colours run" in made.held


@pytest.mark.parametrize(
    "aside",
    [known(None), known("green", ("green", "v2", GONE)), known(None, ("blue", "v1", me()), ("green", "v2", me()))],
    ids=["nothing-runs", "it-is-dead", "both-run"],
)
def test_where_it_cannot_be_told_nothing_begins(folder: Folder, aside: Aside) -> None:
    folder.route.write_bytes(b"torn")
    with pytest.raises(Unusable, match="cannot be told"):
        doubted(folder, aside)
    assert folder.route.read_bytes() == b"torn"


def test_after_a_reboot_the_older_record_serves_and_is_held(folder: Folder) -> None:
    folder.route.write_bytes(b"torn")
    folder.route_before.write_bytes(encode(record(1)))
    made = doubted(folder, replace(known("blue"), running={}))
    assert (made.phase, made.selected) == (Phase.HELD, "blue")


def test_a_torn_route_file_under_a_keeper_that_serves(serving: Any) -> None:
    pid = serving.get("/pid")[1]
    (serving.state / "route.json").write_bytes(b'{"format":1,"genera')
    serving.kill("worker")
    assert serving.get("/pid")[1] == pid
    assert serving.record().phase is Phase.HELD


def test_a_keeper_that_would_have_to_guess_says_so_and_does_not_begin(serving: Any) -> None:
    serving.stop()
    (serving.state / "route.json").write_bytes(b"torn")
    (serving.state / "route.json.1").unlink()
    (serving.state / "keeper.own.json").unlink()
    with pytest.raises(Failure, match="What serves cannot be told: restore the file"):
        serving.start()


def test_a_newer_record_is_not_touched(serving: Any) -> None:
    serving.stop()
    path = serving.state / "route.json"
    text = path.read_bytes().replace(b'"format":1', b'"format":2')
    path.write_bytes(text)
    with pytest.raises(Failure, match="a newer readiness wrote it"):
        serving.start()
    assert path.read_bytes() == text
