"""The end of a colour's process, and of all that it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from readiness_deploy.keeper.processes import Identity, Processes, alive, in_session, marked

_SWEEPS = 50
_PAUSE = 0.02


async def gone(known: Identity) -> None:
    """Until this process is gone. The kernel says so at once, to whoever has a descriptor left."""
    while True:
        try:
            handle = os.pidfd_open(known.pid)
            break
        except ProcessLookupError:
            return
        except OSError:
            if not alive(known):
                return
            await asyncio.sleep(_PAUSE)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    try:
        if not alive(known):
            return
        loop.add_reader(handle, over.set)
        await over.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def end(
    processes: Processes, root: Path, known: Identity, instance: str, grace: float, note: Callable[..., None]
) -> None:
    """SIGTERM, `grace` seconds, SIGKILL; then whatever else carries its marker."""
    if processes.signal(known, signal.SIGTERM):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await gone(known)
    await sweep(processes, root, known, instance, note)


async def sweep(processes: Processes, root: Path, known: Identity, instance: str, note: Callable[..., None]) -> None:
    """End what is left of a colour: a child that outlived its parent would keep the port. One in another session is
    known by its marker, one in the same session needs none: programs that write their title write over it.
    """
    for _ in range(_SWEEPS):
        processes.signal(known, signal.SIGKILL)
        with contextlib.suppress(OSError):  # nobody can look: that nothing was seen does not mean that nothing is there
            rest = {one.identity for one in marked(root) if one.instance == instance} | set(in_session(known))
            if not rest:
                return
            for one in rest:
                processes.signal(one, signal.SIGKILL, group=False)
        await asyncio.sleep(_PAUSE)
    note("processes left", pid=known.pid)
