"""A loopback relay before a hub that counts the requests going by.

So a test can end the hub with a request in its hands: the request has been passed on and no
answer has come.  It reads no more of what it carries than where a request begins.
"""

from __future__ import annotations

from typing import Final

import trio

from tests.e2e.load import Tally

_CHUNK_BYTES: Final = 64 << 10
_REQUEST: Final = b"POST "


class Tap:
    """Carries bytes between a port of its own and the hub's."""

    def __init__(self, port: int) -> None:
        self._target: Final = ("127.0.0.1", port)
        self.requests = Tally()
        self.url = ""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        task_status.started()
        await trio.serve_listeners(self._carry, listeners)

    async def _carry(self, device: trio.SocketStream) -> None:
        async with device:
            try:
                hub = await trio.open_tcp_stream(*self._target)
            except OSError:
                return  # the hub is down: so is this cable
            async with hub, trio.open_nursery() as nursery:
                nursery.start_soon(self._pass_on, hub, device, nursery.cancel_scope)
                await self._pass_on(device, hub, nursery.cancel_scope)

    async def _pass_on(
        self, source: trio.SocketStream, sink: trio.SocketStream, ends: trio.CancelScope
    ) -> None:
        """Carry one direction; when it ends, the connection does."""
        try:
            async for data in source:
                await sink.send_all(data)
                if data.startswith(_REQUEST):
                    self.requests.add()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # a killed end
        ends.cancel()
