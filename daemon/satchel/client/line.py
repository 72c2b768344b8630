"""The blocking client's line to the daemon: one socket, and a new one when it breaks.

Owns connecting, waiting and deadlines; what is said over the line and repeated on the
next one is ``api.caller``'s.  Standard library only.  For one thread at a time.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from threading import Event
from time import monotonic
from typing import Any, Final

from satchel import __version__
from satchel.api.caller import Caller, Pending
from satchel.client.discover import (
    Address,
    find_address,
    find_layout,
    no_answer,
    not_allowed,
    not_running,
)
from satchel.model.errors import SatchelError, Unavailable

CHUNK_BYTES: Final = 64 << 10
PAUSE_S_MIN: Final = 0.02
PAUSE_S_MAX: Final = 0.5
"""Between attempts to reconnect: a daemon that was restarted is back in a tenth of a second."""


class Line:
    """Requests and answers over whatever connection there is.

    ``timeout_s``: how long an answer, and a daemon that went away, is waited for.
    """

    def __init__(self, home: str | None, org: str | None, timeout_s: float) -> None:
        self._layout: Final = find_layout(home)
        self._timeout_s: Final = timeout_s
        self._caller: Final = Caller(f"python/{__version__}", org)
        self._socket: socket.socket | None = None
        self._selector: Final = DefaultSelector()
        self._pause: Final = Event()

    @property
    def caller(self) -> Caller:
        """The session."""
        return self._caller

    def connect(self) -> None:
        """Connect once.  Raises NOT_RUNNING, or what the daemon refuses the connection with."""
        deadline = monotonic() + self._timeout_s
        while not self._caller.is_open:
            if self._socket is None:
                address = find_address(self._layout)
                self._socket = self._dial(address)
                self._selector.register(self._socket, EVENT_READ)
                self._send(self._caller.begin(address.token), deadline)
            else:
                self._receive(deadline)
            if self._caller.is_lost and not self._caller.expired:
                raise not_running(self._layout)  # it hung up: it is going, or just coming

    def ask(self, command: str, arguments: dict[str, Any]) -> Pending:
        """Send a request; where the line is down, it goes out with the next connection."""
        pending, data = self._caller.ask(command, arguments)
        try:
            self._send(data, monotonic() + self._timeout_s)
        except BaseException:
            self._caller.forget(pending)
            raise
        return pending

    def result(self, pending: Pending, wait_s: float | None) -> Any:
        """The answer.  Raises its error; TIMEOUT after ``wait_s`` (None: never).

        After TIMEOUT or NOT_RUNNING a writing command may or may not have been carried
        out: it is not repeated, the app reads and decides.
        """
        deadline = None if wait_s is None else monotonic() + wait_s
        try:
            while not pending.done:
                self._step(deadline)
        finally:
            self.forget(pending)
        if pending.error is not None:
            raise pending.error
        return pending.result

    def event(self, pending: Pending) -> dict[str, Any] | None:
        """The next event of a watch, however long that takes; None at its end."""
        while not pending.events:
            if pending.error is not None:
                raise pending.error
            if pending.done:
                return None
            self._step(None)
        return pending.events.popleft()

    def forget(self, pending: Pending) -> None:
        """Wait for it no more: a watch ends, a wait is cancelled."""
        self._send(self._caller.forget(pending), monotonic() + self._timeout_s)

    def close(self) -> None:
        """Close the line for good; a reconnect that is waiting tries no more."""
        self._pause.set()
        self._drop()
        self._selector.close()

    def _step(self, deadline: float | None) -> None:
        if self._socket is None:
            self._reconnect()
        else:
            self._receive(deadline)

    def _reconnect(self) -> None:
        give_up = monotonic() + self._timeout_s
        pause_s = PAUSE_S_MIN
        while True:
            try:
                return self.connect()
            except Unavailable:
                if monotonic() + pause_s > give_up:
                    raise
            if self._pause.wait(pause_s):
                raise not_running(self._layout)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    def _dial(self, address: Address) -> socket.socket:
        family = socket.AF_INET if address.path is None else socket.AF_UNIX
        dialled = socket.socket(family, socket.SOCK_STREAM)
        try:
            dialled.settimeout(self._timeout_s)
            dialled.connect(address.path or (address.host, address.port))
            dialled.setblocking(False)
        except PermissionError:
            dialled.close()
            raise not_allowed(address) from None
        except OSError:
            dialled.close()
            raise not_running(self._layout) from None
        except BaseException:
            dialled.close()
            raise
        return dialled

    def _send(self, data: bytes, deadline: float) -> None:
        """Send it all, taking in what arrives meanwhile: else two full buffers wait for ever."""
        rest = memoryview(data)
        while rest and self._socket is not None:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._selector.modify(self._socket, EVENT_READ | EVENT_WRITE)
                try:
                    self._receive(deadline)
                finally:
                    if self._socket is not None:
                        self._selector.modify(self._socket, EVENT_READ)
            except OSError:
                return  # what had come before is still to be read, and then its end
            except BaseException:
                self._drop()  # half a frame may be out
                raise

    def _receive(self, deadline: float | None) -> None:
        """Wait for the socket and take in what it has.  Raises TIMEOUT."""
        assert self._socket is not None
        wait_s = None if deadline is None else max(0.0, deadline - monotonic())
        if not self._selector.select(wait_s):
            if deadline is not None and monotonic() >= deadline:
                raise no_answer()
            return
        try:
            data = self._socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            _, reply = self._caller.receive(data)
        except SatchelError:
            self._drop()
            raise
        if self._caller.is_lost:
            self._drop()
        self._send(reply, monotonic() + self._timeout_s)

    def _drop(self) -> None:
        self._caller.lost()
        if self._socket is not None:
            with suppress(KeyError):
                self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
