"""A keeper whose worker is killed before or after its n-th effect, counted over all its lives.

    python crashing.py PLACE hold FOLDER …

PLACE/counter has one byte for each effect so far; PLACE/aim says which one is deadly, such as `7 before` or `7 after`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness_deploy.keeper import channel, running
from readiness_deploy.keeper.folder import Files
from readiness_deploy.keeper.processes import Processes

PLACE = Path(sys.argv[1])
PROGRAM = (sys.executable, __file__, sys.argv[1])
EFFECTS = {Files: ("write_temporary", "keep", "replace", "sync", "jot"), Processes: ("spawn", "signal")}


def deadly(act: Callable[..., Any], name: str) -> Callable[..., Any]:
    def effect(*given: Any, **more: Any) -> Any:
        with (PLACE / "counter").open("ab") as file:
            file.write(name[:1].encode())
            number = file.tell()
        at, when = (PLACE / "aim").read_text().split()
        if number == int(at) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return act(*given, **more)
        finally:
            if number == int(at) and when == "after":
                os.kill(os.getpid(), signal.SIGKILL)

    return effect


def work(root: Path, given: channel.Sockets, own: Any) -> int:
    from readiness_deploy.keeper.worker import work as really

    doors: list[Any] = [Files(), Processes()]
    for door in doors:
        for name in EFFECTS[type(door)]:
            setattr(door, name, deadly(getattr(door, name), name))
    return really(root, given, own, program=PROGRAM, files=doors[0], processes=doors[1])


if __name__ == "__main__":
    raise SystemExit(running.main(sys.argv[2:], os.environ, program=PROGRAM, worker=work))
