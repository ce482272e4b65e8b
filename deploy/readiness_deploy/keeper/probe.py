"""The readiness probe: one GET to a colour, bounded in time and size."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import random
import socket

from readiness_deploy.keeper.bodies import body_of
from readiness_deploy.keeper.http1 import Malformed, read_answer
from readiness_deploy.keeper.upstream import LACKING

_LARGEST_HEAD = 64 << 10
_CHUNK = 16 << 10
_END = b"\r\n\r\n"
# Below the ports that the kernel gives to outgoing connections, so that none of them takes a colour's port by chance.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_TRIES = 200


async def probe(port: int, path: str, timeout: float) -> str | None:
    """Why the colour on this port of the loopback is not ready; empty where it answered 2xx in time. None where it
    could not be asked, for lack of descriptors, memory or ports here: that says nothing of the colour."""
    try:
        async with asyncio.timeout(timeout):
            return await _ask(port, path)
    except TimeoutError:
        return f"no answer to GET {path} within {timeout:g} s"
    except ConnectionRefusedError:
        return f"nothing listens on 127.0.0.1:{port} yet, the PORT that it was given"
    except Malformed as fault:
        return f"GET {path} is not answered in HTTP/1.1: {fault}"
    except asyncio.IncompleteReadError as fault:
        return f"the answer to GET {path} ends after {len(fault.partial)} bytes of its head"
    except asyncio.LimitOverrunError:
        return f"the head of the answer to GET {path} is longer than {_LARGEST_HEAD} bytes"
    except OSError as fault:
        if fault.errno in LACKING:
            return None
        return f"no answer to GET {path}: {fault.strerror or type(fault).__name__}"


async def _ask(port: int, path: str) -> str:
    """As the keeper itself reads answers: what it would refuse to carry is not ready."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LARGEST_HEAD)
    try:
        head = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "User-Agent: readiness", "Connection: close", "", "")
        writer.write("\r\n".join(head).encode())
        while (answer := read_answer((await reader.readuntil(_END))[: -len(_END)], b"GET")).status < 200:
            pass
        if not 200 <= answer.status < 300:
            return f"GET {path} is answered with {answer.status}"
        body = body_of(answer.length)
        while not body.done and (data := await reader.read(_CHUNK)):
            body.feed(data)
        return "" if body.done or answer.length == -1 else f"the answer to GET {path} ends before its length"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def free_port() -> tuple[int, socket.socket]:
    """A port of the loopback on which nothing listens now, and the claim to it. Raises OSError where there is none."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST_PORT, _LAST_PORT)  # noqa: S311 - no secret
        claim = claimed(port)
        if claim is None:
            continue
        if not taken(port):
            return port, claim
        claim.close()
    raise OSError(errno.EADDRINUSE, f"no free port between {_FIRST_PORT} and {_LAST_PORT}")


def claimed(port: int) -> socket.socket | None:
    """What keeps the other colours of this machine from a port until it is closed: before its colour listens there,
    nothing else shows that the port is given away. None where another one has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # In the abstract namespace, which is one for all who share the ports, and which the kernel cleans up.
        claim.bind(b"\0readiness-port-%d" % port)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            claim.close()
            return None
    return claim


def taken(port: int) -> bool:
    """Whether something has this port of the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
