"""A request that is given up while it is sent leaves nothing to the garbage collector."""

from __future__ import annotations

import gc

import pytest
import trio

from satchel.shell.hub_link import HubLink
from satchel.wire.frame import Frame, FrameType, encode
from tests.shell.loopback import run


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_cancelled_while_it_is_sent(seconds: float) -> None:
    """Whoever cancels a large request to a hub that does not read gets no warning later."""
    frame = encode(Frame(FrameType.PUSH, 0, 1, bytes(1 << 20)))

    async def test() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        link = HubLink(f"http://127.0.0.1:{port}")
        await link.aclose()
        with trio.move_on_after(seconds) as given_up:
            for _ in range(20):
                await link.call(frame, auth="", read_timeout_s=10.0)
        assert given_up.cancelled_caught
        await link.aclose()
        for listener in listeners:
            await listener.aclose()
        gc.collect()

    run(test)
