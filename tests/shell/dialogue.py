"""A client's dialogue with one HTTP connection, over a stream in memory.

Time is trio's mock clock, so the bounds are tested at their real length, to the second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import trio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair

from satchel.shell.http_connection import HttpConnection
from satchel.shell.http_values import (
    HttpBounds,
    HttpHandler,
    ServerState,
)
from tests.shell.loopback import echo, read_until_closed

BOUNDS = HttpBounds()
GET = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"


class Dialogue(NamedTuple):
    """The client's end of a connection, and what its server end shares with others."""

    client: trio.abc.HalfCloseableStream
    state: ServerState

    async def say(self, data: bytes) -> None:
        """Send bytes to the server."""
        await self.client.send_all(data)

    async def hear(self, until: bytes) -> bytes:
        """What the server says up to and including these bytes."""
        heard = bytearray()
        while until not in heard:
            data = await self.client.receive_some(1 << 20)
            assert data, f"closed after {bytes(heard)!r}"
            heard += data
        return bytes(heard)

    async def hear_all(self) -> bytes:
        """What the server says until it closes."""
        return await read_until_closed(self.client)


Play = Callable[[Dialogue], Awaitable[None]]


def converse(
    play: Play,
    handler: HttpHandler = echo,
    bounds: HttpBounds = BOUNDS,
    lockstep: bool = False,
) -> float:
    """Let a client play against a connection; the seconds until the server closed it."""

    async def main() -> float:
        client, server = (lockstep_stream_pair if lockstep else memory_stream_pair)()
        state = ServerState(bounds)
        began = trio.current_time()

        async def serve() -> float:
            await HttpConnection(server, handler, state).run()
            seconds = trio.current_time() - began
            await trio.aclose_forcefully(server)
            return seconds

        closed_after = 0.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, Dialogue(client, state))
            closed_after = await serve()
        assert state.bodies_bytes == 0
        return closed_after

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def exchange(request: bytes, handler: HttpHandler = echo, bounds: HttpBounds = BOUNDS) -> bytes:
    """Everything the server answers to these bytes, the client's side then being closed."""
    answers = []

    async def play(talk: Dialogue) -> None:
        await talk.say(request)
        await talk.client.send_eof()
        answers.append(await talk.hear_all())

    converse(play, handler, bounds)
    return answers[0]


def status_of(answer: bytes) -> int:
    """The status of the first answer."""
    assert answer.startswith(b"HTTP/1.1 ")
    return int(answer[9:12])
