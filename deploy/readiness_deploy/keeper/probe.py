"""The readiness probe: one GET to a colour, bounded in time and size."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import random
import socket

_LINE = 1024
# Below the ports that the kernel gives to outgoing connections, so that none of them takes a colour's port by chance.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_TRIES = 200


async def probe(port: int, path: str, timeout: float) -> str:
    """Why the colour on this port of the loopback is not ready; empty where it answered 2xx in time."""
    try:
        async with asyncio.timeout(timeout):
            return await _ask(port, path)
    except TimeoutError:
        return f"no answer to GET {path} within {timeout:g} s"
    except ConnectionRefusedError:
        return f"nothing listens on 127.0.0.1:{port} yet, the PORT that it was given"
    except (OSError, ValueError, asyncio.LimitOverrunError) as fault:
        return f"no answer to GET {path}: {getattr(fault, 'strerror', None) or type(fault).__name__}"


async def _ask(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LINE)
    try:
        head = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "User-Agent: readiness", "Connection: close", "", "")
        writer.write("\r\n".join(head).encode())
        line = (await reader.readline()).decode("latin-1")
        words = line.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].strip().isdecimal():
            return f"GET {path} is not answered in HTTP/1.1"
        status = int(words[1])
        if 200 <= status < 300:
            while await reader.read(_LINE):
                pass
            return ""
        return f"GET {path} is answered with {status}"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def free_port() -> int:
    """A port of the loopback on which nothing listens now. Raises OSError where there is none."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST_PORT, _LAST_PORT)  # noqa: S311 - no secret
        if not taken(port):
            return port
    raise OSError(errno.EADDRINUSE, f"no free port between {_FIRST_PORT} and {_LAST_PORT}")


def taken(port: int) -> bool:
    """Whether something has this port of the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
