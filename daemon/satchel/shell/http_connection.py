"""One HTTP/1.1 connection: requests read within bounds, answered in order.

h11 holds the protocol, this module the socket: it owns what a connection may cost (bytes,
seconds) and how it ends.  It must not know what a request means; that is the handler's.

What a stranger can do is what is written here, so it is short:

- a request states its length (no chunked uploads: 411), and is refused before its body is
  read if that is too much;
- a request that has begun arrives within ``read_s``, an answer is taken piece by piece
  within ``write_s`` each, a connection without a request is closed after ``idle_s``;
- requests sent ahead wait in the socket, except for one receive's worth;
- a client that leaves takes its request with it after ``departed_s`` (not at once: one
  that only closed its sending side still wants the answer).
"""

from __future__ import annotations

import logging
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11
import trio

from satchel.shell.http_values import (
    HttpHandler,
    HttpRequest,
    HttpResponse,
    ServerState,
    plain_response,
)

log = logging.getLogger(__name__)

_RECEIVE_BYTES: Final = 16 << 10
"""One receive: small, so that parsing it never holds up the other connections."""

_SEND_BYTES: Final = 64 << 10
"""One send: ``write_s`` for this much still serves a very slow line."""

_VERSIONS: Final = (b"1.0", b"1.1")
_WITH_BODY: Final = ("POST", "PUT", "PATCH")


class _Refusal(Exception):
    """A request that is answered here, without the handler, and ends its connection."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class _PeerLost(Exception):
    """The client does not take its answer."""


class HttpConnection:
    """Serves one stream until either side is done with it.  Closing it is the caller's."""

    def __init__(self, stream: trio.abc.Stream, handler: HttpHandler, state: ServerState) -> None:
        self._stream = stream
        self._handler = handler
        self._state = state
        self._bounds = state.bounds
        self._peer = _peer_of(stream)
        self._first = True
        self._body_bytes = 0
        self._h11 = h11.Connection(
            h11.SERVER, max_incomplete_event_size=state.bounds.header_bytes_max
        )

    async def run(self) -> None:
        """Answer request after request.  Returns when the connection is to be closed."""
        try:
            while await self._serve_one():
                self._h11.start_next_cycle()
        except (trio.BrokenResourceError, _PeerLost) as lost:
            log.debug("%s: connection lost (%s)", self._peer, lost)
        finally:
            self._release_body()

    async def _serve_one(self) -> bool:
        """One request and its answer; whether another may follow."""
        try:
            request = await self._read_request()
        except _Refusal as refusal:
            return await self._refuse(refusal.status, refusal.sentence)
        except h11.RemoteProtocolError as garbage:
            log.debug("%s: no HTTP (%.200s)", self._peer, garbage)
            if garbage.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                return await self._refuse(431, self._header_too_long())
            return await self._refuse(400, "What was sent is no HTTP/1.1 request.")
        if request is None:
            return False
        answered = await self._answer_while_present(request)
        self._release_body()
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            return answered
        if answered and self._state.stopping:
            await self._linger()
        return False

    # -- reading -------------------------------------------------------------------------

    async def _read_request(self) -> HttpRequest | None:
        """The next request, None if the client has none any more."""
        if not await self._begun():
            return None
        with trio.move_on_after(self._bounds.read_s):
            head = await self._next_event()
            if not isinstance(head, h11.Request):
                return None
            method, path = head.method.decode("ascii"), head.target.decode("ascii")
            headers = self._checked_headers(head, method)
            if self._h11.they_are_waiting_for_100_continue:
                await self._transmit(
                    self._h11.send(h11.InformationalResponse(status_code=100, headers=[]))
                )
            return HttpRequest(method, path, headers, await self._read_body(), self._peer)
        raise _Refusal(408, f"The request did not arrive within {self._bounds.read_s:g} seconds.")

    async def _begun(self) -> bool:
        """Wait for the first byte of a request.  False: closed, too late or stopping."""
        ahead, closed = self._h11.trailing_data
        if ahead or closed:
            return True
        wait_s = self._bounds.read_s if self._first else self._bounds.idle_s
        self._first = False
        if self._state.stopping:
            return False
        with trio.move_on_after(wait_s) as scope:
            self._state.idle.add(scope)
            try:
                self._h11.receive_data(await self._receive())
            finally:
                self._state.idle.discard(scope)
            return True
        return False

    async def _receive(self) -> bytes:
        return bytes(await self._stream.receive_some(_RECEIVE_BYTES))

    async def _next_event(self) -> object:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._h11.receive_data(await self._receive())
        return event

    def _checked_headers(self, head: h11.Request, method: str) -> dict[str, str]:
        """The headers as text.  Raises :class:`_Refusal` for what is not read any further."""
        if head.http_version not in _VERSIONS:
            raise _Refusal(400, "This server speaks HTTP/1.1.")
        if method == "CONNECT":
            raise _Refusal(405, "This server is no proxy.")
        headers: dict[str, str] = {}
        size = len(head.target)
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
            size += len(name) + len(value)
        if size > self._bounds.header_bytes_max:
            raise _Refusal(431, self._header_too_long())
        stated = headers.get("content-length")
        if "transfer-encoding" in headers or (stated is None and method in _WITH_BODY):
            raise _Refusal(411, "A request with a body must state its length.")
        if stated is not None and int(stated) > self._bounds.body_bytes_max:
            raise _Refusal(413, f"A body may have {self._bounds.body_bytes_max} bytes at most.")
        return headers

    def _header_too_long(self) -> str:
        return f"A request's header may have {self._bounds.header_bytes_max} bytes at most."

    async def _read_body(self) -> bytes:
        """The body, counted against what all connections together may hold."""
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            if self._state.bodies_bytes + len(event.data) > self._bounds.bodies_bytes_max:
                raise _Refusal(503, "The server is busy: too many requests at once.")
            self._state.bodies_bytes += len(event.data)
            self._body_bytes += len(event.data)
            body += event.data
        return bytes(body)

    def _release_body(self) -> None:
        self._state.bodies_bytes -= self._body_bytes
        self._body_bytes = 0

    # -- answering -------------------------------------------------------------------------

    async def _answer_while_present(self, request: HttpRequest) -> bool:
        """Answer, unless the client leaves meanwhile; whether the answer is out whole."""
        answered = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._notice_departure, nursery.cancel_scope)
            answered = await self._answer(request)
            nursery.cancel_scope.cancel()
        return answered

    async def _notice_departure(self, answering: trio.CancelScope) -> None:
        """Cancel the answer when nobody is there to take it.

        What arrives instead is a request sent ahead: one receive of it is kept, which also
        ends the watch, so a client cannot fill the memory with requests.
        """
        ahead, closed = self._h11.trailing_data
        if len(ahead) < _RECEIVE_BYTES and not closed:
            try:
                data = await self._receive()
            except trio.BrokenResourceError:
                answering.cancel()
                return
            self._h11.receive_data(data)
            closed = not data
        if closed:
            await trio.sleep(self._bounds.departed_s)
            answering.cancel()

    async def _answer(self, request: HttpRequest) -> bool:
        """Run the handler and send what it gives.  No fault of theirs reaches the server."""
        try:
            response = await self._handler(request)
        except Exception:
            log.exception("%s: the handler failed on %s", self._peer, request.path)
            response = plain_response(500, "The server failed on this request; its log says why.")
        try:
            await self._send(request.method, response)
        except _PeerLost as lost:
            log.debug("%s: answer not taken (%s)", self._peer, lost)
            return False
        except Exception:
            log.exception("%s: the answer to %s broke off", self._peer, request.path)
            return False
        return True

    async def _send(self, method: str, response: HttpResponse) -> None:
        headers = [*response.headers, ("date", formatdate(usegmt=True))]
        if isinstance(response.body, bytes):
            headers.append(("content-length", str(len(response.body))))
        if self._state.stopping:
            headers.append(("connection", "close"))
        reason = HTTPStatus(response.status).phrase.encode()
        head = h11.Response(status_code=response.status, headers=headers, reason=reason)
        pending = self._h11.send(head) or b""
        if isinstance(response.body, bytes):
            if method != "HEAD":
                pending += self._h11.send(h11.Data(data=response.body)) or b""
            await self._transmit(pending + (self._h11.send(h11.EndOfMessage()) or b""))
            return
        try:
            if method != "HEAD":
                async for piece in response.body:
                    data = self._h11.send(h11.Data(data=piece)) or b""
                    await self._transmit(pending + data)
                    pending = b""
            await self._transmit(pending + (self._h11.send(h11.EndOfMessage()) or b""))
        finally:
            if (close := getattr(response.body, "aclose", None)) is not None:
                await close()

    async def _transmit(self, data: bytes | None) -> None:
        """Send in pieces, each in its time.  Raises :class:`_PeerLost`."""
        view = memoryview(data or b"")
        try:
            for start in range(0, len(view), _SEND_BYTES):
                with trio.fail_after(self._bounds.write_s):
                    await self._stream.send_all(view[start : start + _SEND_BYTES])
        except (trio.BrokenResourceError, trio.TooSlowError) as lost:
            raise _PeerLost(type(lost).__name__) from lost

    async def _refuse(self, status: int, sentence: str) -> bool:
        """Say why and end: whatever else the client sends is not looked at."""
        log.debug("%s: refused with %d (%s)", self._peer, status, sentence)
        if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._send("GET", plain_response(status, sentence, ("connection", "close")))
        await self._linger()
        return False

    async def _linger(self) -> None:
        """Read and forget for a while: closing at once would reset the line, and with it
        the answer that the client has not read yet (RFC 9112, section 9.6)."""
        left = self._bounds.body_bytes_max
        with trio.move_on_after(self._bounds.linger_s):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            while left > 0 and (data := await self._receive()):
                left -= len(data)


def _peer_of(stream: trio.abc.Stream) -> str:
    inner = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if not isinstance(inner, trio.SocketStream):
        return "unknown"
    try:
        host, port = inner.socket.getpeername()[:2]
    except OSError:  # it left before it was looked at
        return "gone"
    return f"{host}:{port}"
