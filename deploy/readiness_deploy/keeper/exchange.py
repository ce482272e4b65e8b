"""One request on its way: to the colour that is selected when its first byte goes there, and its answer back.

What the colour has certainly not seen is sent again: a request for which no connection came about waits for one, and
goes to whichever colour is selected by then. A request that met a connection which was just being closed is sent once
more, if doing it twice does no harm. Nothing else is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from readiness_deploy.keeper.board import Slot
from readiness_deploy.keeper.bodies import chunk, last_chunk
from readiness_deploy.keeper.forward import answer_head, identity_of, interim_head, request_head
from readiness_deploy.keeper.http1 import AnswerHead, Malformed, RequestHead
from readiness_deploy.keeper.search import Search
from readiness_deploy.keeper.tunnel import Tunnel
from readiness_deploy.keeper.upstream import LONGEST_IDLE, Upstream

if TYPE_CHECKING:
    from readiness_deploy.keeper.connection import Connection

_MOST_KEPT = 64 << 10
_FRESH_ENOUGH = 1.0
_STALLED = 10.0


class Exchange:
    """A request and its answer. The connection of the client is told `finished` once, or is closed by this."""

    __slots__ = (
        "_asked", "_chunks_out", "_client", "_door", "_head", "_kept", "_kept_size", "_latency", "_loop", "_request",
        "_search", "_upstream", "answer", "complete", "content_out", "identity", "keep", "method", "over",
        "progress", "shared", "slot", "started", "told", "tunnel",
    )  # fmt: skip

    def __init__(self, client: Connection, request: RequestHead) -> None:
        self._client, self._request, self._door = client, request, client.door
        self._loop = client.door.loop
        self.method = request.method
        self.identity = identity_of(request)
        self.complete = request.length == 0
        self.slot: Slot | None = None
        self.shared: Slot | None = None  # whose count in the mapped file this request is in
        self._upstream: Upstream | None = None
        self._kept: list[bytes] | None = []
        self._kept_size = 0
        self._search = Search(client.door, self, LONGEST_IDLE if request.repeatable else _FRESH_ENOUGH)
        self._chunks_out = False
        self._head = b""
        self.answer: AnswerHead | None = None
        self.told = self.over = False  # told: the client has the head of an answer
        self.tunnel: Tunnel | None = None
        self.keep = request.keep
        self.content_out = 0
        self.started = self.progress = self._asked = self._loop.time()
        self._latency: float | None = None

    # Finding a connection.

    def start(self) -> None:
        """Go to the selected colour."""
        self._search.seek()

    def moved(self, slot: Slot) -> None:
        """From now on this request counts for that colour."""
        self._leave()
        self.slot = self.shared = slot
        slot.enter(self)
        self._door.shared.enter(slot.colour)

    def unserved(self, why: str) -> None:
        self._leave()
        self._refuse(503, why, "unserved")

    def unreachable(self) -> None:
        self._fail("the release that serves here accepts no connection")

    def _leave(self) -> None:
        if self.slot is not None:
            self.slot.leave(self)
            self.slot = None
        self.delivered()

    def delivered(self) -> None:
        """The client has been given everything, or will get nothing any more."""
        if self.shared is not None:
            self._door.shared.leave(self.shared.colour)
            self.shared = None

    def found(self, upstream: Upstream) -> None:
        self._upstream = upstream
        upstream.take(self)
        head = request_head(self._request, self._client.origin, self.identity, upstream.address)
        kept = self._kept
        upstream.transport.write(head + b"".join(kept) if kept else head)
        self.progress = self._loop.time()
        if self._kept_size > _MOST_KEPT:
            self._kept = None
        self._client.release("connecting")

    # The request's body.

    def send(self, content: bytes, done: bool, trailers: list[bytes]) -> None:
        """More of the body came from the client."""
        self.progress = now = self._loop.time()
        if self._request.length is None:
            content = chunk(content) + (last_chunk(trailers) if done else b"")
        if done:
            self.complete = True
            self._asked = now
        if not content:
            return
        if self._kept is not None:
            self._kept.append(content)
            self._kept_size += len(content)
        if self._upstream is not None:
            self._upstream.transport.write(content)
            if self._kept_size > _MOST_KEPT:
                self._kept = None
        elif self._kept_size > _MOST_KEPT:
            self._client.hold("connecting")

    def hold(self, full: bool) -> None:
        """The colour reads more slowly than the client writes, or has caught up."""
        if full:
            self._client.hold("colour")
        else:
            self._client.release("colour")

    def hold_answer(self, full: bool) -> None:
        """The client reads more slowly than the colour writes, or has caught up."""
        if self._upstream is not None:
            if full:
                self._upstream.transport.pause_reading()
            else:
                self._upstream.transport.resume_reading()
        self.progress = self._loop.time()

    # The answer.

    def interim(self, answer: AnswerHead) -> None:
        self.progress = self._loop.time()
        if self._request.minor and (answer.status != 100 or self._request.expects):
            self._client.write(interim_head(answer))

    def begun(self, answer: AnswerHead) -> None:
        """The head of the answer came. It waits for the first piece of the body, to travel with it."""
        self._latency = self.waited()
        self.answer = answer
        endless = answer.length is None or answer.length == -1
        self._chunks_out = endless and self._request.minor == 1
        self.keep = self.keep and self.complete and not self._door.closing and (not endless or self._chunks_out)
        self._head = answer_head(answer, self._request, self.identity, keep=self.keep, chunked=self._chunks_out)

    def content(self, content: bytes) -> None:
        self.progress = self._loop.time()
        self.content_out += len(content)
        if self._chunks_out and content:
            content = chunk(content)
        self._out(content)

    def ended(self, trailers: list[bytes]) -> None:
        """The answer is complete."""
        self._upstream = None
        self._out(last_chunk(trailers if self._request.trailers else []) if self._chunks_out else b"")
        answer = self.answer
        assert answer is not None and self.slot is not None, "an answer ended that began"  # noqa: S101, PT018
        self.slot.traffic.answered(answer.status, self._latency)
        self._finish("answered")
        self._client.finished(self)

    def _out(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
            self.told = True
        if data:
            self._client.write(data)

    def switched(self, upstream: Upstream, answer: AnswerHead, rest: bytes) -> None:
        """The colour speaks another protocol from here on: bytes are carried, and nothing is read in them."""
        if not self._request.upgrade:
            upstream.close()
            self.malformed(Malformed("it changed the protocol, unasked", 502))
            return
        self._latency, self.answer, self._upstream = self.waited(), answer, None
        self._client.write(answer_head(answer, self._request, self.identity, keep=True, chunked=False))
        self.told = True
        patience = self._door.entry.timeout
        self.tunnel = Tunnel(self._client.transport, upstream, self._loop, patience, self.tunnel_over)
        upstream.tunnel = self.tunnel
        if rest:
            self.tunnel.tunnelled(rest)
        self._client.tunnelled(self.tunnel)

    def tunnel_over(self, *, cut: bool) -> None:
        """A tunnel ended: by one of its two ends, or before its time."""
        if self.over or self.answer is None or self.slot is None:
            return
        self.content_out = self.tunnel.carried if self.tunnel else 0
        if cut:
            self.slot.traffic.unanswered(begun=True)
        else:
            self.slot.traffic.answered(self.answer.status, self._latency)
        self._finish("cut" if cut else "answered")
        self.delivered()

    def waited(self) -> float | None:
        """Seconds for which the whole request has been waiting for the beginning of its answer, None where it is not.
        Who sends slowly, or not at all, waits for itself."""
        return self._loop.time() - self._asked if self.complete and self.answer is None else None

    # What goes wrong.

    def lost(self, heard: bool, fault: BaseException | None) -> None:
        """The colour's connection ended before its answer did."""
        upstream, self._upstream = self._upstream, None
        stale = upstream is not None and upstream.reused and not heard
        if stale and self._request.repeatable and self._kept is not None and not self._search.fresh and self.slot:
            self.slot.traffic.retried += 1
            self._search.again()
            return
        if fault is None and not self.told and self._owes_its_body(self._loop.time(), _STALLED):
            # The release gave up waiting for the body, as servers do: that is none of its faults.
            self.client_wrong(408, "the rest of the request did not come")
            return
        self._fail("the release that serves here gave no answer")

    def malformed(self, fault: Malformed) -> None:
        """What the colour said is no HTTP."""
        self._upstream = None
        self._fail(f"the release that serves here gave no good answer: {fault}")

    def cut(self) -> None:
        """End this before its time."""
        self._drop_upstream()
        if self.tunnel is not None:
            self.tunnel.cut()
        else:
            self._fail("the release that got this request was taken away")

    def client_gone(self) -> None:
        """The client went away, and with it the wish for an answer."""
        if self.over:
            return
        self._drop_upstream()
        if self.slot is not None:
            self.slot.traffic.abandoned(self.waited())
        self._finish("left")
        self.delivered()

    def client_wrong(self, status: int, text: str) -> None:
        """The body of the request is not what it may be."""
        self._drop_upstream()
        if self.slot is not None:
            self.slot.traffic.abandoned(None)
        self._refuse(status, text, "refused")

    def check(self, now: float) -> None:
        """See whether somebody was waited for in vain."""
        if self.tunnel is not None:
            self.tunnel.check(now, self._door.entry.tunnel)
            return
        if now - self.progress <= self._door.entry.timeout:
            return
        if self._client.clogged:
            self._client.transport.abort()  # it does not take its answer
        elif self._owes_its_body(now, self._door.entry.timeout):
            self.client_wrong(408, "the rest of the request did not come")
        else:
            self._drop_upstream()
            self._fail("the release that serves here gave no answer in time", 504)

    def _owes_its_body(self, now: float, silent: float) -> bool:
        """Whether the client is who is waited for: it has not sent its whole body, and has said nothing for so long.
        One that waits to be told to continue may not wait for ever: there are servers which never say so."""
        return not self.complete and not self._client.holding and now - self.progress > silent

    def _drop_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.close()

    def _fail(self, text: str, status: int = 502) -> None:
        """The colour owes the answer, or the rest of it."""
        if self.over:
            return
        if self.slot is not None:
            self.slot.traffic.unanswered(begun=self.told)
        if self.told:
            self._finish("cut")
            self.delivered()
            self._client.cut()
        else:
            self._refuse(status, text, "no-answer")

    def _refuse(self, status: int, text: str, outcome: str) -> None:
        if self.told:
            self._finish(outcome)
            self.delivered()
            self._client.cut()
            return
        self._finish(outcome, status)
        self.keep = self.keep and self.complete and not self._door.closing
        self._client.refuse(status, text, self)

    def _finish(self, outcome: str, status: int = 0) -> None:
        """Give up the colour and write the log. The count in the mapped file stays until the client has everything."""
        self.over = True
        self._search.stop()
        slot, self.slot = self.slot, None
        if slot is not None:
            traffic = slot.traffic
            traffic.bytes_out += self.content_out
            traffic.bytes_in += self._client.body_bytes
            slot.leave(self)
        self._kept = None
        if self._door.log is not None:
            self._door.log_request(self._client, self._request, self, slot, outcome, status)
