"""What the HTTP port speaks of: requests, answers, bounds, and what its connections share.

Owns these values only; reading and sending is :mod:`satchel.shell.http_connection`'s,
letting in and draining :mod:`satchel.shell.http_server`'s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import trio

from satchel.model import limits


class HttpRequest(NamedTuple):
    """One request.  ``headers``: lower-case names, repeated ones joined; ``peer``: ``host:port``."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


class HttpResponse(NamedTuple):
    """One answer.  A body that is iterated is sent piece by piece and never held whole."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | AsyncIterator[bytes] = b""


HttpHandler = Callable[[HttpRequest], Awaitable[HttpResponse]]


class HttpBounds(NamedTuple):
    """What one server allows its clients, in bytes, connections and seconds."""

    header_bytes_max: int = limits.HTTP_HEADER_BYTES_MAX
    body_bytes_max: int = limits.HTTP_BODY_BYTES_MAX
    bodies_bytes_max: int = 32 * limits.HTTP_BODY_BYTES_MAX
    """Bodies held at once, of all connections: the memory that strangers can take."""
    connections_max: int = limits.HTTP_CONNECTIONS_MAX
    read_s: float = limits.HTTP_READ_MS / 1000
    write_s: float = limits.HTTP_READ_MS / 1000
    """For each 64 KiB of an answer: a slow client is served, a stopped one is not."""
    idle_s: float = limits.HTTP_IDLE_MS / 1000
    departed_s: float = 5.0
    """How long a request outlives its client's last word."""
    linger_s: float = 2.0
    """How long what a refused client still sends is thrown away, so that it can read why."""
    drain_s: float = 10.0
    """What running requests get on shutdown: more than any but a long poll needs."""


class ServerState:
    """What the connections of one server share: whether it stops, who idles, what bodies weigh."""

    def __init__(self, bounds: HttpBounds) -> None:
        self.bounds = bounds
        self.stopping = False
        self.connections = 0
        self.bodies_bytes = 0
        self.idle: set[trio.CancelScope] = set()

    def stop(self) -> None:
        """Close the connections that wait for a request; the others end after their answer."""
        self.stopping = True
        for scope in self.idle:
            scope.cancel()


def plain_response(status: int, sentence: str, *headers: tuple[str, str]) -> HttpResponse:
    """An answer that is one sentence for a person."""
    text = ("content-type", "text/plain; charset=utf-8")
    return HttpResponse(status, (text, *headers), f"{sentence}\n".encode())
