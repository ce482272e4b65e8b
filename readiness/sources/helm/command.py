"""Helm through pyhelm3, with the way its commands are run replaced.

pyhelm3 hands commands to a shell, lets them inherit the whole environment, and parses what `template` prints, which
loses the `# Source:` lines and every position. Here the commands are run by `programs` (no shell, clean environment,
bounds), and the text is kept as it is.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyhelm3.command import Command  # type: ignore[import-untyped]
from pyhelm3.errors import Error  # type: ignore[import-untyped]

from readiness.sources.programs import DEFAULT_BOUNDS, Bounds, Ran, run


class Bounded(Command):  # type: ignore[misc]  # pyhelm3 has no types
    """The Helm command at `executable`, run in `cwd` with `environment` and nothing else of ours."""

    def __init__(
        self, executable: str, *, cwd: Path, environment: Mapping[str, str], bounds: Bounds = DEFAULT_BOUNDS
    ) -> None:
        super().__init__(executable=executable)
        self.cwd, self.environment, self.bounds = cwd, environment, bounds

    async def run(self, command: Sequence[str], input: bytes | None = None) -> bytes:
        """What the command prints. Raises pyhelm3's Error where it fails."""
        ran = await self.ask(command, input)
        if not ran.ok:
            raise Error(ran.exit_code, ran.out, ran.said.encode())
        return ran.out

    async def ask(self, command: Sequence[str], given: bytes | None = None) -> Ran:
        """The whole answer to a command, whether it succeeds or fails."""
        return await asyncio.to_thread(
            run,
            self._executable,
            [str(part) for part in command],
            cwd=self.cwd,
            environment=self.environment,
            stdin=given or b"",
            bounds=self.bounds,
        )

    async def wrong_version(self, oldest: tuple[int, int]) -> str:
        """Why this Helm cannot be used, or an empty text."""
        wanted = ".".join(map(str, oldest))
        try:
            version = str(await self.version()).strip()
        except Error as fault:
            return f"{self._executable} does not say its version: {fault.stderr.decode(errors='replace')}"
        numbers = version.removeprefix("v").split(".")
        if len(numbers) < 2 or not all(n.isdigit() for n in numbers[:2]):
            return (
                f"{self._executable} is wanted to be Helm {wanted} or newer, and says {version[:60]!r} of its version"
            )
        if (int(numbers[0]), int(numbers[1])) < oldest:
            return f"{self._executable} is Helm {version}, wanted {wanted} or newer"
        return ""


def environment(folder: Path) -> dict[str, str]:
    """What Helm gets of an environment: homes in an empty `folder`, without plugins, repositories and credentials."""
    homes = {f"HELM_{n}": str(folder / n.lower()) for n in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "PLUGINS")}
    return {**homes, "HOME": str(folder), "TMPDIR": str(folder), "KUBECONFIG": str(folder / "kubeconfig")}


def together(work: Any) -> Any:
    """Run a coroutine to its end, also where the caller's thread has a loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[Any] = []

    def complete() -> None:
        try:
            outcome.append((asyncio.run(work), None))
        except BaseException as fault:  # noqa: BLE001 (it is raised again where it was asked for)
            outcome.append((None, fault))

    thread = threading.Thread(target=complete)
    thread.start()
    thread.join()
    value, fault = outcome[0]
    if fault is not None:
        raise fault
    return value
