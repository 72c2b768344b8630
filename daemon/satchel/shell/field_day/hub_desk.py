"""The administrator's line to the hub in the field day: its own socket, one order at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trio

from satchel.api.caller import Caller
from satchel.model.errors import Unavailable

_CHUNK_BYTES = 64 << 10


async def order(socket: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """Give the hub an order of ``api.hub_messages`` and return its answer."""
    caller = Caller("field-day")
    async with await trio.open_unix_socket(str(socket)) as stream:
        await stream.send_all(caller.begin())
        pending, _ = caller.ask(command, arguments)
        while not pending.done:
            data = await stream.receive_some(_CHUNK_BYTES)
            _, reply = caller.receive(data)
            if reply:
                await stream.send_all(reply)
            if not data and not pending.done:
                raise Unavailable("RETRY_LATER", "The hub hung up.")
    if pending.error is not None:
        raise pending.error
    answer: dict[str, Any] = pending.result
    return answer
