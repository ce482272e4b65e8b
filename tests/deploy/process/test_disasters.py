"""A disk that is full, a folder that cannot be written, too little memory, a machine that is started again."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from process.proof import long
from process.rig import LASTING, SHIP, Rig, sane, until


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small file system can be mounted: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("bake", [LASTING, 5.0])
def test_a_machine_that_is_started_again_serves_what_it_served_and_finishes_what_was_under_way(
    rig: Rig, bake: float
) -> None:
    """A bake goes on, and ends when somebody says so, or by itself: also before the end of the machine, where that is
    late."""

    def over() -> bool:
        return (rig.record()["last"] or {}).get("version") == "v2"

    rig.shipped(rig.version("v1"))
    rig.settings(bake=bake)
    running = rig.begin("deploy", "--version", rig.version("v2"), *SHIP)
    until(lambda: rig.record()["phase"] == "baking" or over(), why=rig.tail)
    rig.kill_all()
    rig.end(running)
    done = rig.run("keeper", "start")
    assert done.code == 0, str(done)
    if bake == LASTING:
        rig.promote()
    until(over, why=rig.tail)
    sane(rig, "v2")


@long
@pytest.mark.parametrize("phase", ["preparing", "converging"])
def test_a_machine_that_is_started_again_in_another_phase(rig: Rig, phase: str) -> None:
    rig.shipped(rig.version("v1"))
    rig.settings(bake=3)
    words = ("--ready-after", "3") if phase == "preparing" else ()
    running = rig.begin("deploy", "--version", rig.version("v2", *words), *SHIP)
    rig.until_phase(phase, "baking")
    rig.kill_all()
    rig.end(running)
    assert rig.run("keeper", "start").code == 0
    if phase == "preparing":
        until(rig.answers)
        assert rig.record()["phase"] == "preparing"
        done = rig.run("resume", "--format", "json")
        assert done.code == 0, str(done)
    until(lambda: (rig.record()["last"] or {}).get("version") == "v2", why=rig.tail)
    sane(rig, "v2")


@long
def test_a_full_disk_stops_a_deploy_and_no_rollback(rig: Rig, small: Path) -> None:
    """Nothing new can be shipped; what serves goes on; the way back stays open; with room, the next deploy works."""
    rig.state = small / "state"
    rig.settings(bake=0.5)
    rig.shipped(rig.version("v1"))
    rig.shipped(rig.version("v2"))
    third = rig.version("v3")
    # Made beforehand, so that what is in the way is the disk under the record, and not under the release.
    fill(small)
    done = rig.deploy(third)
    assert "Traceback" not in done.err
    assert done.code in (4, 7), str(done)
    assert rig.answers().startswith("v2-")
    back = rig.run("rollback", "--format", "json")
    assert back.code == 0, back
    assert rig.answers().startswith("v1-")
    (small / "ballast").unlink()
    done = rig.deploy("v3")
    assert done.code == 0, str(done)
    sane(rig, "v3")


def fill(place: Path) -> None:
    """Leave no room."""
    with (place / "ballast").open("wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue


@long
def test_too_little_memory_is_a_clear_end_and_one_command_goes_on(rig: Rig) -> None:
    """A gate that could not be asked for want of memory cannot tell: then a person decides, and here withdraws it."""
    rig.shipped(rig.version("v1"))
    version = rig.version("v2")
    met = []
    for mebibytes in (60, 90, 120, 150, 180):
        limit = mebibytes << 20
        done = rig.deploy(version, preexec_fn=lambda most=limit: _limited(most))
        met.append(done.code)
        resumed = rig.run("resume", "--format", "json")
        assert resumed.code in (0, 3, 4), str(resumed)
        assert "Traceback" not in done.out + done.err, str(done)
        if resumed.code == 3:
            assert done.code == 3, str(done)
            assert "could not tell" in resumed.end["why"]
            assert rig.run("abort").code == 4
        if done.code == 0:
            break
    assert rig.deploy(version).code == 0
    assert 0 not in met[:1], "there was enough memory: nothing was tried"
    sane(rig, "v2")


def _limited(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


@long
def test_a_state_folder_that_cannot_be_written_is_told(rig: Rig, small: Path) -> None:
    """Nothing in it can be made, renamed or removed; a file system with open files cannot be made read-only."""
    rig.state = small / "state"
    rig.settings()
    rig.shipped(rig.version("v1"))
    with unchangeable(rig.state):
        done = rig.deploy(rig.version("v2"))
        assert "Traceback" not in done.err, str(done)
        assert done.code == 4, str(done)
        assert rig.answers().startswith("v1-")
    assert rig.deploy("v2").code == 0
    sane(rig, "v2")


@contextmanager
def unchangeable(place: Path) -> Iterator[None]:
    folders = [str(folder) for folder in (place, *place.rglob("*")) if folder.is_dir()]
    made = subprocess.run(["chattr", "+i", *folders], capture_output=True, text=True, check=False)
    try:
        if made.returncode:
            pytest.skip(f"no folder can be made unchangeable: {made.stderr.strip()}")
        yield
    finally:
        subprocess.run(["chattr", "-i", *folders], check=made.returncode == 0, capture_output=True)
