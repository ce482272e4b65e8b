"""A release from a version: the same input gives the same release, and nothing is done twice.

Its folder is `releases/<id>`: the files in `tree`, and beside them the seal, without which it does not count. It is
prepared where it will run, since what a build writes often holds the path it was built at. One lock lets one process
work at a time; whatever is unsealed while the lock is free was left by one that was killed.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from readiness.config.deploy import DeploySettings
from readiness.sources.redaction import Redactor
from readiness_deploy.ownership import refuse_strangers
from readiness_deploy.record import Release
from readiness_deploy.references import known
from readiness_deploy.releases import frozen, preparing, seal, source
from readiness_deploy.releases.tree import DEFAULT_CAPS, Caps, Unfit, digest, listing, make_read_only, remove

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}-[0-9a-f]{12}")
_WILD = re.compile(r"[^A-Za-z0-9._-]+")
_LABEL = 40
_PATIENCE = 60.0
_STAGING = ".staging-"
_LOCK = ".lock"


class Unmade(Exception):
    """A release could not be made. The text says why and what to do, and holds no secret. Nothing of it remains."""


def releases(state: Path) -> Path:
    """The folder of all releases of a state folder."""
    return state.absolute() / "releases"


def make(
    settings: DeploySettings,
    root: Path,
    version: str,
    state: Path,
    note: Callable[..., None],
    *,
    surroundings: Mapping[str, str],
    migrations: Callable[[Path], Sequence[str]] = lambda _tree: (),
    caps: Caps = DEFAULT_CAPS,
) -> Release:
    """The release of `version`, sealed and fit to run. Where it is there already, nothing is done.

    `root` is the folder of the settings; `version` falls back to what they say. `migrations` is asked which migrations
    the files hold, oldest first. `note` is told what happens: `preparing`, `release made`, `release found`. Raises
    Unmade, and whatever `migrations` raises.
    """
    folder = releases(state)
    try:
        frozen.refuse_literal_secrets(settings)
        found = source.find(root / settings.release.source, version or settings.release.version)
        refuse_strangers(state)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder, settings.release.prepare_timeout + _PATIENCE, note):
            return _Making(settings, root, state, note, surroundings, migrations, caps).made(found)
    except (Unfit, preparing.Unprepared, seal.Broken, ValueError) as fault:
        raise Unmade(str(fault)) from None
    except OSError as fault:
        raise Unmade(f"a release cannot be made in {folder}: {fault.strerror or fault}") from None


def open_release(state: Path, release: str) -> Release:
    """A release by its id, after all of its files were compared with its seal. Raises Broken."""
    return seal.check(_folder(state, release))


def known_releases(state: Path) -> tuple[Release, ...]:
    """All sealed releases whose seal can be read, the newest first. Their files are not looked at."""
    found = []
    for folder in _sealed(releases(state)):
        try:
            found.append(seal.read(folder))
        except seal.Broken:
            continue
    return tuple(found)


def ids(state: Path) -> tuple[str, ...]:
    """The ids of all sealed releases, the newest first, whole or not."""
    return tuple(folder.name for folder in _sealed(releases(state)))


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did. `strangers` are names in the folder that are nobody's release; they were left alone."""

    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    busy: bool = False


def gc(state: Path, keep: set[str], newest: int = 5, *, dry: bool = False) -> Collected:
    """Take away all releases but those of `keep` and the `newest` ones, and what was left half-made.

    `keep` has to hold every release that serves, served before, or is in flight. Where another process makes a release,
    nothing is done and `busy` says so. With `dry`, what would be removed is only named. Raises OSError.
    """
    folder = releases(state)
    if not folder.is_dir():
        return Collected()
    with _try_alone(folder) as alone:
        if not alone:
            return Collected(busy=True)
        sealed = _sealed(folder)
        kept = {f.name for f in sealed[:newest]} | keep
        removed = [f for f in sealed if f.name not in kept] + _left_over(folder)
        strangers = [f.name for f in sorted(folder.iterdir()) if not _is_ours(f.name)]
        for one in () if dry else removed:
            _take_away(one)
        still = tuple(f.name for f in sealed if f.name in kept)
        return Collected(tuple(f.name for f in removed), still, tuple(strangers))


@dataclass(frozen=True, slots=True)
class _Making:
    settings: DeploySettings
    root: Path
    state: Path
    note: Callable[..., None]
    surroundings: Mapping[str, str]
    migrations: Callable[[Path], Sequence[str]]
    caps: Caps

    def made(self, found: source.Source) -> Release:
        folder = releases(self.state)
        for left in _left_over(folder):
            self.note("leftover removed", name=left.name)
            _take_away(left)
        staging = folder / f"{_STAGING}{uuid4().hex[:12]}"
        staging.mkdir(mode=0o700)
        target = staging
        try:
            source.stage(found, staging / seal.TREE, self.state, self.caps, self.note)
            tree = digest(listing(staging / seal.TREE))
            whole = frozen.identity(self.settings, tree)
            target = folder / f"{_label(found.label)}-{whole[:12]}"
            if seal.is_sealed(target):
                remove(staging)
                return self._again(target)
            staging.rename(target)
            return self._prepared(target, found, tree)
        except BaseException:
            for one in {staging, target}:
                if not seal.is_sealed(one):
                    _take_away(one)
            raise

    def _again(self, target: Path) -> Release:
        release = seal.check(target)
        os.utime(target / seal.SEAL)  # the newest ones are those that were wanted last
        self.note("release found", release=release.id, version=release.version)
        return release

    def _prepared(self, target: Path, found: source.Source, tree: str) -> Release:
        inside = target / seal.TREE
        preparing.prepare(
            self.settings.release.prepare,
            inside,
            seconds=self.settings.release.prepare_timeout,
            declared=self._declared(target.name),
            surroundings=self.surroundings,
            redact=Redactor(known(self.settings, self.surroundings, self.root)),
            note=self.note,
        )
        # What a command left running must not write into what is sealed.
        preparing.end_left_behind(inside)
        ids = tuple(self.migrations(inside))
        make_read_only(inside)
        release = Release(
            id=target.name,
            version=found.label,
            migrations=ids,
            data_unsafe=self.settings.data_unsafe,
            details=frozen.details(self.settings, self.root) | self._origin(inside, found, tree),
        )
        sealed = seal.put(target, release, listing(inside))
        self.note("release made", release=sealed.id, version=sealed.version, source=found.words)
        return sealed

    def _declared(self, release: str) -> dict[str, str]:
        texts = {n: v for n, v in self.settings.run.environment.items() if isinstance(v, str)}
        return texts | {"READINESS_RELEASE": release}

    @staticmethod
    def _origin(inside: Path, found: source.Source, tree: str) -> dict[str, Any]:
        origin = {"folder": str(inside), "source": found.words, "digest": tree}
        return origin | ({"commit": found.commit.id, "committed": found.commit.time} if found.commit else {})


def _label(version: str) -> str:
    return _WILD.sub("-", version)[:_LABEL].strip("-._") or "version"


def _folder(state: Path, release: str) -> Path:
    if not _NAME.fullmatch(release):
        raise seal.Broken(f"wanted the id of a release, such as v1-0123456789ab, found {release!r}")
    return releases(state) / release


def _is_ours(name: str) -> bool:
    return name == _LOCK or name.startswith(_STAGING) or bool(_NAME.fullmatch(name))


def _sealed(folder: Path) -> list[Path]:
    """The folders of sealed releases, the newest first."""
    if not folder.is_dir():
        return []
    found = [f for f in folder.iterdir() if _NAME.fullmatch(f.name) and seal.is_sealed(f)]
    return sorted(found, key=lambda f: ((f / seal.SEAL).stat().st_mtime_ns, f.name), reverse=True)


def _left_over(folder: Path) -> list[Path]:
    """What somebody began and did not seal. Only with the lock held is this nobody's work."""
    ours = (f for f in folder.iterdir() if _NAME.fullmatch(f.name) or f.name.startswith(_STAGING))
    return sorted(f for f in ours if not seal.is_sealed(f))


def _take_away(folder: Path) -> None:
    # Unsealed first: a removal that is cut short leaves a leftover, never a release that lacks files.
    (folder / seal.SEAL).unlink(missing_ok=True)
    preparing.end_left_behind(folder / seal.TREE)
    remove(folder)


@contextmanager
def _alone(folder: Path, patience: float, note: Callable[..., None]) -> Iterator[None]:
    deadline, told = time.monotonic() + patience, False
    while True:
        with _try_alone(folder) as alone:
            if alone:
                yield
                return
        if time.monotonic() > deadline:
            raise Unfit(f"another process makes a release in {folder} since more than {patience:.0f} s")
        if not told:
            note("waiting", text=f"another process makes a release in {folder}")
            told = True
        time.sleep(0.1)


@contextmanager
def _try_alone(folder: Path) -> Iterator[bool]:
    """Whether this process alone works in the folder. The kernel frees the lock of one that was killed."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
