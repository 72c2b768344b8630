"""What follows the handshake on one connection: requests in, answers out, in order.

Consecutive writing commands of one chunk go to the handlers together, so that they share a
commit; a reading command waits for the writing ones before it, and so sees them.  Waiting
commands and watches each get a task of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import trio

from satchel.api.connection import (
    Answer,
    Connection,
    Ended,
    Event,
    Failure,
    Refused,
    Welcome,
)
from satchel.api.connection import Request as Asked
from satchel.api.messages import (
    READING,
    WATCHING,
    WRITING,
    Command,
    check_request,
    find_command,
)
from satchel.model.errors import Fault, Garbled, SatchelError, Unavailable
from satchel.model.limits import REPLY_BYTES_TARGET, REQUESTS_IN_FLIGHT_MAX
from satchel.shell.handlers import Actor, Handlers, Presence, Request, Watch, WatchEnd
from satchel.shell.socket_line import SocketLine

log = logging.getLogger(__name__)

_REFUSED: Final = "refused"


class _Waiting:
    """A waiting command or a watch under way."""

    __slots__ = ("cancelled", "scope")

    def __init__(self) -> None:
        self.cancelled = False
        self.scope: trio.CancelScope | None = None

    def cancel(self) -> None:
        self.cancelled = True
        if self.scope is not None:
            self.scope.cancel()


class Conversation:
    """One connection from its Welcome to its end."""

    def __init__(
        self,
        line: SocketLine,
        connection: Connection,
        actor: Actor,
        handlers: Handlers,
        commands: Mapping[str, Command],
    ) -> None:
        self.actor: Final = actor
        self._commands: Final = commands
        self._line: Final = line
        self._connection: Final = connection
        self._handlers: Final = handlers
        self._presence: Final = Presence()
        self._waiting: dict[int, _Waiting] = {}

    def supersede(self) -> None:
        """The session has a newer connection: run nothing more of this one, answer nothing."""
        self._presence.ended = True
        self._line.scope.cancel()

    async def run(self, welcome: Welcome) -> None:
        """Talk until the app goes away, breaks the protocol, or reading is stopped."""
        await self._line.send(self._connection.send(welcome))
        async with trio.open_nursery() as nursery:
            await self._read_all(nursery)
            nursery.cancel_scope.cancel()  # nobody reads what waiting commands would answer

    async def _read_all(self, nursery: trio.Nursery) -> None:
        while True:
            asked, last = self._take()
            if asked:
                await self._carry_out(asked, nursery)
            if isinstance(last, Garbled):
                log.info("connection ended: %s %s", last.code, last.message)
                await self._line.send(self._connection.send(Refused(last)))
                await self._line.hang_up()
            if last is not None:
                return
            if len(asked) < REQUESTS_IN_FLIGHT_MAX:
                data = await self._line.receive()
                if data is None:
                    return
                self._connection.receive_data(data)

    def _take(self) -> tuple[list[Asked], Ended | Garbled | None]:
        """The requests that are here, a bounded number, and why no more will come."""
        asked: list[Asked] = []
        while len(asked) < REQUESTS_IN_FLIGHT_MAX:
            try:
                message = self._connection.next_event()
            except Garbled as broken:
                return asked, broken
            if message is None or isinstance(message, Ended):
                return asked, message
            assert isinstance(message, Asked), "a client in OPEN says nothing but requests"
            asked.append(message)
        return asked, None

    async def _carry_out(self, asked: Sequence[Asked], nursery: trio.Nursery) -> None:
        out = bytearray()
        for access, run in groupby(map(self._judge, asked), key=_access_of):
            if access == WRITING:
                requests = [each for each in run if isinstance(each, Request)]
                for request, result in zip(requests, await self._write(requests), strict=True):
                    out += self._frame(request, result)
                continue
            for each in run:
                if isinstance(each, Failure):
                    out += self._connection.send(each)
                elif access == READING:
                    out += self._frame(each, self._read(each))
                else:
                    out += self._begin_waiting(each, nursery)
                if len(out) >= REPLY_BYTES_TARGET:
                    await self._line.send(out)
                    out = bytearray()
        if out:
            await self._line.send(out)

    def _judge(self, asked: Asked) -> Request | Failure:
        try:
            command = find_command(asked.command, self._commands)
            arguments = check_request(command, asked.arguments)
        except SatchelError as refused:
            return Failure(asked.n, refused)
        return Request(asked.n, asked.confirmed, command, arguments, self._presence)

    async def _write(self, requests: Sequence[Request]) -> Sequence[Any | SatchelError]:
        try:
            return await self._handlers.write(self.actor, requests)
        except Exception as error:  # noqa: BLE001 - judged by _told
            return [_told(error, requests[0])] * len(requests)

    def _read(self, request: Request) -> Any | SatchelError:
        try:
            if request.command.name == "cancel":
                return self._cancel(request.arguments["request"])
            return self._handlers.read(self.actor, request)
        except Exception as error:  # noqa: BLE001 - judged by _told
            return _told(error, request)

    def _cancel(self, n: int) -> dict[str, bool]:
        waiting = self._waiting.get(n)
        if waiting is not None:
            waiting.cancel()
        return {"cancelled": waiting is not None}

    def _begin_waiting(self, request: Request, nursery: trio.Nursery) -> bytes:
        if len(self._waiting) >= REQUESTS_IN_FLIGHT_MAX:
            busy = Unavailable(
                "BUSY",
                f"{REQUESTS_IN_FLIGHT_MAX} requests of this app are waiting already.",
                "Cancel one of them first.",
            )
            return self._frame(request, busy)
        watch = None
        if request.command.access == WATCHING:
            try:  # here and not in its task: what follows in this chunk is news to the watch
                watch = self._handlers.watch(self.actor, request)
            except Exception as error:  # noqa: BLE001 - judged by _told
                return self._frame(request, _told(error, request))
        self._waiting[request.n] = _Waiting()
        nursery.start_soon(self._wait, request, watch, self._waiting[request.n])
        return b""

    async def _wait(self, request: Request, watch: Watch | None, waiting: _Waiting) -> None:
        result: Any | SatchelError = None
        try:
            if watch is not None:
                result = await self._follow(request, watch, waiting)
            else:
                with trio.CancelScope() as waiting.scope:
                    if not waiting.cancelled:
                        result = await self._handlers.wait(self.actor, request)
        except Exception as error:  # noqa: BLE001 - judged by _told
            result = _told(error, request)
        finally:
            del self._waiting[request.n]
        await self._line.send(self._frame(request, result))

    async def _follow(self, request: Request, watch: Watch, waiting: _Waiting) -> Any:
        """Send events until it ends or is cancelled, and return its answer: nil if cancelled.

        Waiting may be cut short, sending may not.
        """
        while not waiting.cancelled:
            event = None
            with trio.CancelScope() as waiting.scope:
                try:
                    event = await watch.next()
                except WatchEnd as end:
                    return end.answer
            if event is not None:
                await self._line.send(self._connection.send(Event(request.n, event)))
        return None

    def _frame(self, request: Request, result: Any | SatchelError) -> bytes:
        """The answer; where it does not fit a frame or is no plain value, a refusal."""
        if not isinstance(result, SatchelError):
            try:
                return self._connection.send(Answer(request.n, result))
            except Exception as error:  # noqa: BLE001 - judged by _told
                result = _told(error, request)
        return self._connection.send(Failure(request.n, result))


def _access_of(each: Request | Failure) -> str:
    return _REFUSED if isinstance(each, Failure) else each.command.access


def _told(error: Exception, request: Request) -> SatchelError:
    """What the app is told of an exception: the error itself, or that there is a bug.

    A failed assertion is raised again: what the daemon believes is not so, and to go on
    could harm what is stored.
    """
    if isinstance(error, SatchelError):
        return error
    if isinstance(error, AssertionError):
        raise error
    log.error("%s failed", request.command.name, exc_info=error)
    return Fault(
        "INTERNAL",
        f"{request.command.name} failed because of a bug in Satchel.",
        "The daemon's log (`satchel logs`) says more; please report it.",
    )
