"""Ports of the loopback that a test has to itself."""

from __future__ import annotations

import socket


def reserved() -> socket.socket:
    """A socket that has a port and never listens. The kernel gives a port that is bound to nobody who asks for any, and
    lets it be bound again by whoever names it: so nobody else is given this one before it is closed."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept
