"""The trio client's line to the daemon, shared by all tasks of an app.

The same duties as ``line``, awaited: one task keeps the connection (``run``), and within it
one sends while another receives, so two full buffers never wait for each other.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import trio

from satchel import __version__
from satchel.api.caller import Caller, Pending
from satchel.client.calls import is_waiting
from satchel.client.discover import (
    find_address,
    find_layout,
    no_answer,
    not_allowed,
    not_running,
)
from satchel.client.line import CHUNK_BYTES, PAUSE_S_MAX, PAUSE_S_MIN
from satchel.model.errors import SatchelError, Unavailable
from satchel.model.limits import REQUESTS_IN_FLIGHT_MAX


class AsyncLine:
    """Requests and answers over whatever connection there is."""

    def __init__(self, home: str | None, org: str | None, timeout_s: float) -> None:
        self._layout: Final = find_layout(home)
        self._timeout_s: Final = timeout_s
        self._caller: Final = Caller(f"python-trio/{__version__}", org)
        self._unsent = bytearray()
        self._to_send = trio.Event()
        self._wanted = trio.Event()
        self._changes: dict[Pending, trio.Event] = {}
        self._calls: Final = trio.Semaphore(REQUESTS_IN_FLIGHT_MAX)
        self._waits: Final = trio.Semaphore(REQUESTS_IN_FLIGHT_MAX // 2)  # watches need room too

    @property
    def caller(self) -> Caller:
        """The session."""
        return self._caller

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep a connection until cancelled.  Raises only if the first one fails."""
        stream = await self._connect()
        task_status.started()
        while True:
            await self._carry(stream)
            stream = await self._reconnect()

    def ask(self, command: str, arguments: dict[str, Any]) -> Pending:
        """Begin a request; where the line is down, it goes out with the next connection."""
        pending, data = self._caller.ask(command, arguments)
        self._wanted.set()
        self._queue(data)
        return pending

    async def result(self, command: str, arguments: dict[str, Any], wait_s: float | None) -> Any:
        """Ask and await the answer.  As ``line.Line.result``."""
        async with self._waits if is_waiting(command) else self._calls:
            pending = self.ask(command, arguments)
            try:
                with trio.move_on_after(float("inf") if wait_s is None else wait_s):
                    while not pending.done:
                        await self._change(pending)
            finally:
                self.forget(pending)
        if not pending.done:
            raise no_answer()
        if pending.error is not None:
            raise pending.error
        return pending.result

    async def event(self, pending: Pending) -> dict[str, Any] | None:
        """The next event of a watch, however long that takes; None at its end."""
        while not pending.events:
            if pending.error is not None:
                raise pending.error
            if pending.done:
                return None
            await self._change(pending)
        return pending.events.popleft()

    def forget(self, pending: Pending) -> None:
        """Wait for it no more: a watch ends, a wait is cancelled."""
        self._queue(self._caller.forget(pending))

    async def _change(self, pending: Pending) -> None:
        """Wait until something about this request has changed."""
        event = self._changes[pending] = trio.Event()
        try:
            await event.wait()
        finally:
            self._changes.pop(pending, None)

    def _tell(self, changed: list[Pending]) -> None:
        for pending in changed:
            event = self._changes.pop(pending, None)
            if event is not None:
                event.set()

    def _queue(self, data: bytes) -> None:
        if data:
            self._unsent += data
            self._to_send.set()

    async def _carry(self, stream: trio.SocketStream) -> None:
        """Send and receive until the connection is gone."""
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(self._send_all, stream)
            while not self._caller.is_lost:
                try:
                    data = await stream.receive_some(CHUNK_BYTES)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    data = b""
                try:
                    changed, reply = self._caller.receive(data)
                except SatchelError as refused:
                    changed, reply = self._caller.fail(refused), b""
                self._tell(changed)
                self._queue(reply)
            nursery.cancel_scope.cancel()
        self._unsent.clear()  # what is unanswered is asked again, in its order

    async def _send_all(self, stream: trio.SocketStream) -> None:
        """Send what is queued; where that fails, what had come before is still to be read."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while True:
                await self._to_send.wait()
                self._to_send = trio.Event()
                data = bytes(self._unsent)
                self._unsent.clear()
                await stream.send_all(data)

    async def _reconnect(self) -> trio.SocketStream:
        """A new connection; after the timeout what is unanswered fails, and a request tries anew."""
        pause_s = PAUSE_S_MIN
        give_up = trio.current_time() + self._timeout_s
        while True:
            try:
                return await self._connect()
            except SatchelError as error:
                if not isinstance(error, Unavailable) or trio.current_time() > give_up:
                    self._wanted = trio.Event()
                    self._tell(self._caller.fail(error))
                    await self._wanted.wait()
                    give_up = trio.current_time() + self._timeout_s
                    pause_s = PAUSE_S_MIN
                    continue
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def _connect(self) -> trio.SocketStream:
        """Connect and shake hands, once.  Raises what ``line.Line.connect`` raises."""
        with trio.move_on_after(self._timeout_s):
            while True:
                stream = await self._shake()
                if stream is not None:
                    return stream
        self._caller.lost()
        raise no_answer()

    async def _shake(self) -> trio.SocketStream | None:
        """One handshake; None where the session had expired and a new one is to be begun."""
        address = find_address(self._layout)
        try:
            if address.path is not None:
                stream = await trio.open_unix_socket(address.path)
            else:
                stream = await trio.open_tcp_stream(address.host, address.port)
        except PermissionError:
            raise not_allowed(address) from None
        except OSError:
            raise not_running(self._layout) from None
        shaken = False
        try:
            await stream.send_all(self._caller.begin(address.token))
            while not self._caller.is_open:
                changed, reply = self._caller.receive(await stream.receive_some(CHUNK_BYTES))
                self._tell(changed)
                self._queue(reply)
                if self._caller.expired:
                    return None
                if self._caller.is_lost:
                    raise not_running(self._layout)  # it hung up: it is going, or just coming
            shaken = True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise not_running(self._layout) from None
        finally:
            if not shaken:
                stream.socket.close()
        return stream
