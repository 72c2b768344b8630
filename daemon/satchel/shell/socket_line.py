"""One app's socket: whole frames out, whatever came in, and an end that is always possible.

``trio.socket`` rather than a stream's methods: a sixth more requests a second (limits.md 3).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

import trio

CHUNK_BYTES: Final = 64 << 10
"""One read.  A pipelining app fills it with a few hundred requests."""

_LINGER_S: Final = 1.0
_LINGER_BYTES: Final = 4 << 20


class SocketLine:
    """A connected socket.  ``scope`` holds everything that is done for this app."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._socket: Final = stream.socket
        self._turn: Final = trio.Lock()
        self._reading: trio.CancelScope | None = None
        self._deaf = False
        self.scope: Final = trio.CancelScope()

    async def receive(self) -> bytes | None:
        """What came next; ``b""`` at the end, None once nothing is to be read any more."""
        if self._deaf:
            return None
        try:
            with trio.CancelScope() as self._reading:
                return await self._socket.recv(CHUNK_BYTES)
        except OSError:
            return b""
        finally:
            self._reading = None
        return None

    def stop_reading(self) -> None:
        """Read no more; what is being answered is answered."""
        self._deaf = True
        if self._reading is not None:
            self._reading.cancel()

    async def send(self, data: bytes | bytearray) -> None:
        """Send it all; other tasks of this app send before or after, never in between.

        Never cancel this alone: half a frame would be out.  Cancelling ``scope`` ends the app's
        connection with it.  Where the app has gone, that is what happens here.
        """
        try:
            self._turn.acquire_nowait()  # a plain acquire costs a turn of the scheduler
        except trio.WouldBlock:
            await self._turn.acquire()
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[await self._socket.send(rest) :]
        except OSError:
            self.scope.cancel()
            await trio.lowlevel.checkpoint()
        finally:
            self._turn.release()

    async def hang_up(self) -> None:
        """Close after a last message, so that it arrives.

        A socket closed with bytes unread makes the other side's system drop what it has not
        read yet, so they are read and dropped here, for a moment.
        """
        with trio.move_on_after(_LINGER_S), suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            dropped = 0
            while dropped < _LINGER_BYTES:
                data = await self._socket.recv(CHUNK_BYTES)
                if not data:
                    return
                dropped += len(data)
