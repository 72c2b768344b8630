"""A real server on loopback inside the test's own event loop, and raw clients for it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import trio

from satchel.shell.http_server import (
    HttpBounds,
    HttpHandler,
    HttpRequest,
    HttpResponse,
    open_listeners,
    serve_http,
)

PATIENCE_S = 20.0
"""After this a test that hangs is a test that fails."""


class Running(NamedTuple):
    """A server under test."""

    port: int
    stop: trio.Event
    ended: trio.Event

    async def connect(self) -> trio.SocketStream:
        """A raw connection to it."""
        return await trio.open_tcp_stream("127.0.0.1", self.port)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test; it fails instead of hanging."""

    async def bounded() -> None:
        with trio.fail_after(PATIENCE_S):
            await test()

    trio.run(bounded)


@asynccontextmanager
async def http_server(
    handler: HttpHandler, bounds: HttpBounds | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Running]:
    """Serve on a free port for the length of the block, then drain."""
    listeners = await open_listeners("127.0.0.1", 0, tls)
    (one,) = listeners
    inner = one.transport_listener if isinstance(one, trio.SSLListener) else one
    assert isinstance(inner, trio.SocketListener)
    server = Running(inner.socket.getsockname()[1], trio.Event(), trio.Event())

    async def serve() -> None:
        await serve_http(listeners, handler, stop=server.stop, bounds=bounds or HttpBounds())
        server.ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        try:
            yield server
        finally:
            server.stop.set()


async def echo(request: HttpRequest) -> HttpResponse:
    """Answer with the request's body."""
    return HttpResponse(200, [("content-type", "text/plain")], request.body)


async def read_until_closed(stream: trio.abc.ReceiveStream) -> bytes:
    """Everything the server says until it closes; a reset counts as closing."""
    received = bytearray()
    try:
        async for data in stream:
            received += data
    except trio.BrokenResourceError:
        pass
    return bytes(received)


def post(body: bytes, *headers: str, path: str = "/") -> bytes:
    """The bytes of a request with a body."""
    lines = [f"POST {path} HTTP/1.1", "Host: hub", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
