"""What can become of a request, and of what a run says."""

from __future__ import annotations

from enum import StrEnum


class BadPlan(Exception):
    """The load cannot be made as it was asked for. The text says what was wanted, what was found and what to do."""


class Lost(StrEnum):
    """How a request that was sent, or that nobody would take, ended without a usable answer."""

    REFUSED = "refused"  # nobody took the connection
    CONNECT_TIMEOUT = "connect-timeout"  # nobody took it, or refused it, in time
    RESET = "reset"  # the connection ended before any byte of an answer
    CUT = "cut"  # the answer had begun and did not end
    MALFORMED = "malformed"  # what came is no HTTP/1.1 answer
    TIMEOUT = "timeout"  # the answer had not ended when the time of this request was over
    WRONG = "wrong"  # the answer does not carry the id of this request
    GATEWAY = "gateway"  # a 5xx that no release signed: what stands before the releases had no one to ask
    ABANDONED = "abandoned"  # the generator was stopped at once and did not wait; says nothing of the server


class NotSent(StrEnum):
    """Why a planned request never left the generator."""

    STOPPED = "stopped"  # the run was ended before it was due
    IN_FLIGHT = "in-flight-limit"  # as many as may be were without an answer
    DESCRIPTORS = "no-descriptor"  # this process may open no further socket
    PORTS = "no-port"  # the machine has no free local port


class Witnessed(StrEnum):
    """What a run can say about "no request was lost"."""

    NONE_LOST = "none lost"
    LOST = "lost"
    UNKNOWN = "unknown"
