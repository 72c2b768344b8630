"""A cable that can be pulled: a loopback relay between one device and the hub.

Offline in the field day means unreachable: the relay closes what is open, at once or in the
middle of a frame, and refuses what comes next.  It reads nothing of what it carries.
"""

from __future__ import annotations

from typing import Final

import trio

_CHUNK_BYTES: Final = 32 << 10


class Relay:
    """Carries bytes between a port of its own and the hub's, while it is up."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._up = True
        self._held = False
        self._answer_bytes_left: int | None = None
        self._cables: set[trio.CancelScope] = set()
        self.port = 0
        self.cut_inside_frames = 0
        """How often an answer was cut before its end."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._carry, listeners)

    @property
    def is_up(self) -> bool:
        """Whether the cable is whole."""
        return self._up

    @property
    def url(self) -> str:
        """What the device knows as the hub's address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Pull the cable."""
        self._up = False
        for cable in self._cables:
            cable.cancel()

    def cut_inside_next_answer(self, after_bytes: int) -> None:
        """Pull the cable once so many bytes of answers have passed."""
        self._answer_bytes_left = after_bytes

    def hold_answers(self) -> None:
        """Carry requests, but no answer, until the cable is pulled or mended."""
        self._held = True

    def mend(self) -> None:
        """Put the cable back."""
        self._up = True
        self._held = False
        self._answer_bytes_left = None

    async def _carry(self, device: trio.SocketStream) -> None:
        async with device:
            if not self._up:
                return
            with trio.CancelScope() as cable:
                self._cables.add(cable)
                try:
                    await self._connect(device, cable)
                except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                    return
                finally:
                    self._cables.discard(cable)

    async def _connect(self, device: trio.SocketStream, cable: trio.CancelScope) -> None:
        hub = await trio.open_tcp_stream(*self._target)
        async with hub, trio.open_nursery() as nursery:
            nursery.start_soon(self._requests, device, hub, cable)
            nursery.start_soon(self._answers, hub, device, cable)

    async def _requests(
        self, device: trio.SocketStream, hub: trio.SocketStream, cable: trio.CancelScope
    ) -> None:
        try:
            while data := await device.receive_some(_CHUNK_BYTES):
                await hub.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        cable.cancel()

    async def _answers(
        self, hub: trio.SocketStream, device: trio.SocketStream, cable: trio.CancelScope
    ) -> None:
        try:
            while data := await hub.receive_some(_CHUNK_BYTES):
                if self._held:
                    continue
                await device.send_all(self._allowed(data))
                if not self._up:
                    break
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        cable.cancel()

    def _allowed(self, data: bytes) -> bytes:
        """What still passes of an answer; the cable is pulled where the allowance ends."""
        left = self._answer_bytes_left
        if left is None:
            return data
        if len(data) <= left:
            self._answer_bytes_left = left - len(data)
            return data
        self._answer_bytes_left = None
        self._up = False
        self.cut_inside_frames += 1
        return data[:left]
