"""A slot by itself, where its steps are to be put in a certain order."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from readiness_deploy.keeper.around import Surrounding
from readiness_deploy.keeper.board import Board
from readiness_deploy.keeper.folder import Folder
from readiness_deploy.keeper.processes import Processes, marked
from readiness_deploy.keeper.slot import Slot
from readiness_deploy.ports import Standing

from keeper.rig import release


def around(root: Path) -> Surrounding:
    folder = Folder(root)
    folder.make()
    return Surrounding(
        folder=folder,
        processes=Processes(),
        board=Board(),
        own=os.environ,
        note=lambda *_, **__: None,
        changed=lambda: None,
        serving=lambda _: False,
        told=lambda _: None,
    )


@pytest.mark.parametrize("hops", range(16))
def test_a_probe_that_is_answered_while_the_colour_is_stopped_changes_nothing(tmp_path: Path, hops: int) -> None:
    """The answer arrives so many turns of the event loop before the stop: one of them is the turn in between."""

    async def play() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        endings: list[asyncio.Task[None] | None] = []
        slot = Slot("blue", around(tmp_path))
        slot.start(release("v1", command=["sleep", "60"]))
        while slot.running is None:
            await asyncio.sleep(0.001)

        def stop(left: int) -> None:
            if left:
                loop.call_soon(stop, left - 1)
            elif not over.is_set():
                endings.append(slot.stop())
                over.set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            stop(hops)

        async with await asyncio.start_server(answer, "127.0.0.1", slot.running.port):
            await over.wait()
            assert endings[0] is not None
            await endings[0]
        assert slot.standing is Standing.ABSENT
        assert list(marked(tmp_path)) == []

    asyncio.run(asyncio.wait_for(play(), 20))
