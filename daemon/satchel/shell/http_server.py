"""The hub's HTTP/1.1 port: listeners, the cap on connections, the drain on shutdown.

Owns who is let in and when the server ends; a connection once let in is
:mod:`satchel.shell.http_connection`'s, what requests mean is the handler's.  Each
connection has its own task and no fault in one reaches another.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from satchel.shell.http_connection import HttpConnection
from satchel.shell.http_values import (
    HttpBounds,
    HttpHandler,
    HttpRequest,
    HttpResponse,
    ServerState,
    plain_response,
)

__all__ = [
    "HttpBounds",
    "HttpHandler",
    "HttpRequest",
    "HttpResponse",
    "open_listeners",
    "plain_response",
    "serve_http",
    "tls_context",
]

log = logging.getLogger(__name__)

Listener = trio.SocketListener | trio.SSLListener[trio.SocketStream]

_BACKLOG: Final = 256
_DEFAULT_BOUNDS: Final = HttpBounds()
_TURNED_AWAY_MAX: Final = 64
"""Connections above the cap that are told so at once; beyond these they are just closed."""


def tls_context(certificate_file: str, key_file: str) -> ssl.SSLContext:
    """A server's TLS settings from PEM files.  Raises OSError (ssl.SSLError is one) if unreadable."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def open_listeners(host: str, port: int, tls: ssl.SSLContext | None = None) -> list[Listener]:
    """Listen on every address of ``host``; port 0 takes a free one.  Raises OSError."""
    plain = await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
    if tls is None:
        return list(plain)
    # As HTTP does: ends are marked by lengths, so neither side waits for the other's goodbye.
    return [trio.SSLListener(one, tls, https_compatible=True) for one in plain]


async def serve_http(
    listeners: Sequence[Listener],
    handler: HttpHandler,
    *,
    stop: trio.Event,
    bounds: HttpBounds = _DEFAULT_BOUNDS,
) -> None:
    """Serve until ``stop`` is set and what then runs has ended; closes the listeners.

    On ``stop`` nothing more is accepted, connections that wait for a request are closed,
    and running requests get ``bounds.drain_s`` to be answered.  A handler that waits long
    for something should watch ``stop`` too.
    """
    state = ServerState(bounds)
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            serve = partial(_serve_connection, handler, state)
            accepting.start_soon(
                partial(trio.serve_listeners, serve, list(listeners), handler_nursery=connections)
            )
            await stop.wait()
            accepting.cancel_scope.cancel()
        state.stop()
        connections.cancel_scope.deadline = trio.current_time() + bounds.drain_s


async def _serve_connection(
    handler: HttpHandler, state: ServerState, stream: trio.abc.Stream
) -> None:
    """One connection from accept to close (the caller closes it).  Never raises a fault."""
    excess = state.connections - state.bounds.connections_max
    if excess >= _TURNED_AWAY_MAX:
        return
    state.connections += 1
    try:
        await HttpConnection(stream, handler if excess < 0 else _turn_away, state).run()
    except Exception:
        log.exception("A connection failed")
    finally:
        state.connections -= 1


async def _turn_away(request: HttpRequest) -> HttpResponse:
    return plain_response(
        503,
        "The server has as many connections as it can serve.",
        ("retry-after", "5"),
        ("connection", "close"),
    )
