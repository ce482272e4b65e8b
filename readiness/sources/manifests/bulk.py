"""Reading many files at once, in worker processes with bounds of their own.

Small inputs are read here: starting a process costs more than reading them, and the reader's own bounds hold.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from readiness.sources.manifests.reader import read_bytes
from readiness.sources.manifests.reading import Limits, Problem, Reading

WORTH_A_PROCESS = 400_000  # bytes
_BATCH = 200_000  # bytes for one task: enough that sending it costs little, small enough to share the work out
_MEMORY = 2 << 30

Progress = Callable[[int, int], None]


def read_files(files: Mapping[str, Path], limits: Limits, progress: Progress) -> Iterator[tuple[str, Reading]]:
    """Each file with what it says, in the order given."""
    sizes = {name: _size(path) for name, path in files.items()}
    if sum(sizes.values()) < WORTH_A_PROCESS or (os.cpu_count() or 1) < 2:
        for done, (name, path) in enumerate(files.items(), 1):
            yield name, read_file(name, str(path), limits)
            progress(done, len(files))
        return
    yield from _in_workers(_batches(files, sizes), limits, progress, len(files))


def read_file(name: str, path: str, limits: Limits) -> Reading:
    """One file; what cannot be opened becomes a problem."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 (a descriptor opened without waiting)
            data = stream.read(limits.file_bytes + 1)
    except OSError as fault:
        message = f"the file cannot be read: {fault.strerror}"
        return Reading(problems=(Problem(name, 1, 1, "unreadable", message, fatal=True),))
    if len(data) > limits.file_bytes:
        message = f"the file has more than {limits.file_bytes:,} bytes: split it"
        return Reading(problems=(Problem(name, 1, 1, "limit", message, fatal=True),))
    return read_bytes(data, name, limits)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _batches(files: Mapping[str, Path], sizes: Mapping[str, int]) -> list[list[tuple[str, str]]]:
    batches: list[list[tuple[str, str]]] = [[]]
    weight = 0
    for name, path in files.items():
        if weight > _BATCH:
            batches.append([])
            weight = 0
        batches[-1].append((name, str(path)))
        weight += sizes[name]
    return batches


def _in_workers(
    batches: list[list[tuple[str, str]]], limits: Limits, progress: Progress, total: int
) -> Iterator[tuple[str, Reading]]:
    done = 0
    with _pool() as pool:
        waiting = [pool.submit(_read_batch, batch, limits) for batch in batches]
        for batch, future in zip(batches, waiting, strict=True):
            try:
                readings = future.result()
            except BrokenProcessPool:
                readings = _one_by_one(batch, limits)
            done += len(batch)
            yield from zip((name for name, _ in batch), readings, strict=True)
            progress(done, total)


def _one_by_one(batch: list[tuple[str, str]], limits: Limits) -> list[Reading]:
    """A worker died: find out over which file, so that only that one is lost."""
    readings = []
    for name, path in batch:
        with _pool(1) as pool:
            try:
                readings.append(pool.submit(read_file, name, path, limits).result())
            except BrokenProcessPool:
                message = "reading this file ended the process that read it"
                readings.append(Reading(problems=(Problem(name, 1, 1, "limit", message, fatal=True),)))
    return readings


def _pool(workers: int | None = None) -> ProcessPoolExecutor:
    # A forked worker starts in milliseconds; where other threads may run, a fresh one is the safe way.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    return ProcessPoolExecutor(workers or min(os.cpu_count() or 1, 8), mp_context=context, initializer=_bound)


def _bound() -> None:
    """Bounds of a worker, so that they hold even where the reader has a bug."""
    import gc
    import resource

    gc.disable()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _read_batch(batch: list[tuple[str, str]], limits: Limits) -> list[Reading]:
    return [read_file(name, path, limits) for name, path in batch]
