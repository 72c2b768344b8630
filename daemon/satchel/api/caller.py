"""What a client remembers from one connection to the next.  Pure; both clients drive it.

Owns the session, the numbers and what is unanswered, and with them the rule of
reconnecting (sync.md 5.4, "Request ids"): a new connection carries the old session and
repeats every unanswered request under its old number, in order, so that a command whose
answer was lost is applied once.  A session the daemon does not know any more is told so:
its unanswered *writing* commands fail with SESSION_EXPIRED (the app reads and decides),
the others are asked again in a new session, which cannot hurt.

A watch goes on behind the last event it gave.

Must not know sockets, clocks, nor what a result means.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from satchel.api.connection import (
    OPEN,
    Answer,
    Connection,
    Ended,
    Event,
    Failure,
    Hello,
    Refused,
    Request,
    Welcome,
    frame,
)
from satchel.api.messages import COMMANDS, WAITING, WATCHING, WRITING
from satchel.model.errors import Garbled, Mistake, SatchelError


class Pending:
    """A request on its way.  The shell waits until ``done`` or until there are ``events``."""

    __slots__ = ("arguments", "command", "done", "error", "events", "lasting", "n",
                 "result", "writing")  # fmt: skip

    def __init__(self, n: int, command: str, arguments: dict[str, Any]) -> None:
        self.n = n
        self.command: Final = command
        self.arguments = arguments
        entry = COMMANDS.get(command)
        # A command of a newer daemon may write: to hold its number back costs a receipt.
        self.writing: Final = entry is None or entry.access == WRITING
        self.lasting: Final = entry is not None and entry.access in (WAITING, WATCHING)
        self.done = False
        self.result: Any = None
        self.error: SatchelError | None = None
        self.events: deque[dict[str, Any]] = deque()


class Caller:
    """The client's side of a session.

    ``begin`` opens a connection, ``receive`` takes in what came over it and returns what to
    send; ``ask`` and ``forget`` are the app's.  ``lost`` ends a connection.
    """

    __slots__ = ("_client", "_confirmed", "_connection", "_last", "_org", "_pending", "_session",
                 "expired", "welcome")  # fmt: skip

    def __init__(self, client: str, org: str | None = None) -> None:
        self._client = client
        self._org = org
        self._connection: Connection | None = None
        self._session: bytes | None = None
        self._pending: dict[int, Pending] = {}
        self._last = 0
        self.expired = False
        """The last connection was refused because the session is not known any more: the
        next one, at once, begins a new session."""
        self.welcome: Welcome | None = None
        """What the daemon last said of itself; None before the first connection."""

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent now; otherwise they wait for the next connection."""
        return self._connection is not None and self._connection.state == OPEN

    @property
    def is_lost(self) -> bool:
        """Whether there is no connection, not even one that is being opened."""
        return self._connection is None

    def begin(self, token: str | None = None) -> bytes:
        """The first bytes of a new connection; any old one is forgotten."""
        self._connection = Connection("client")
        self.expired = False
        return self._connection.send(Hello(self._client, self._session, self._org, token))

    def lost(self) -> None:
        """The connection is gone.  What is unanswered waits for the next ``begin``."""
        self._connection = None

    def ask(self, command: str, arguments: dict[str, Any]) -> tuple[Pending, bytes]:
        """A new request and its bytes: none while no connection is open.

        Raises :class:`Mistake` BAD_REQUEST for values that no message can carry and
        :class:`Invalid` TOO_BIG for too many of them; then there is no request.
        """
        pending = Pending(self._last + 1, command, arguments)
        self._pending[pending.n] = pending
        try:
            data = self._frame(pending)
        except (TypeError, ValueError, OverflowError) as broken:
            del self._pending[pending.n]
            raise Mistake(
                "BAD_REQUEST",
                f"{command}: an argument holds a value that cannot be sent ({broken}).",
                "Send text, numbers, true and false, bytes, lists and maps; dates as text.",
            ) from None
        except SatchelError:
            del self._pending[pending.n]
            raise
        self._last = pending.n
        return pending, data

    def forget(self, pending: Pending) -> bytes:
        """Nobody waits for this any more: it is not repeated, its answer goes nowhere.

        Returns the bytes of a cancel where the daemon would go on waiting, or watching.
        """
        if self._pending.pop(pending.n, None) is None or not pending.lasting or not self.is_open:
            return b""
        request, data = self.ask("cancel", {"request": pending.n})
        del self._pending[request.n]
        return data

    def fail(self, error: SatchelError) -> list[Pending]:
        """Answer everything unanswered with this error; returns what that was."""
        failed = list(self._pending.values())
        self._pending.clear()
        for pending in failed:
            pending.done, pending.error = True, error
        return failed

    def receive(self, data: bytes) -> tuple[list[Pending], bytes]:
        """Take in bytes (``b""``: their end).  Returns what changed, and bytes to send.

        Raises :class:`Garbled` for bytes that are no answer, and the daemon's own error
        where it refuses the connection; with either the connection is lost.
        """
        assert self._connection is not None, "received without a connection"
        self._connection.receive_data(data)
        changed: list[Pending] = []
        reply = b""
        while self._connection is not None:
            try:
                message = self._connection.next_event()
            except Garbled:
                self.lost()
                raise
            match message:
                case None:
                    break
                case Ended():
                    self.lost()
                case Welcome():
                    self.welcome, self._session = message, message.session
                    reply = b"".join(self._frame(each) for each in self._pending.values())
                case Refused(error):
                    self.lost()
                    if error.code != "SESSION_EXPIRED":
                        raise error
                    changed += self._start_anew(error)
                case Answer(n) | Failure(n) | Event(n):
                    pending = self._pending.get(n)
                    if pending is not None:
                        self._note(pending, message)
                        changed.append(pending)
        return changed, reply

    def _note(self, pending: Pending, message: Answer | Failure | Event) -> None:
        match message:
            case Event(_, event):
                pending.events.append(event)
                if "position" in event:
                    pending.arguments["since"] = event["position"]
                return
            case Answer(_, result):
                pending.result = result
            case Failure(_, error):
                pending.error = error
        pending.done = True
        del self._pending[pending.n]

    def _start_anew(self, expired: SatchelError) -> list[Pending]:
        self._session, self._last, self.expired = None, 0, True
        waiting, self._pending = self._pending, {}
        failed = []
        for pending in waiting.values():
            if pending.writing:
                pending.done, pending.error = True, expired
                failed.append(pending)
            else:
                self._last += 1
                pending.n = self._last
                self._pending[pending.n] = pending
        return failed

    def _frame(self, pending: Pending) -> bytes:
        # Requests are kept in the order of their numbers, so the first writing one is the lowest.
        unanswered = next((each.n for each in self._pending.values() if each.writing), pending.n)
        confirmed = min(unanswered, pending.n) - 1
        request = Request(pending.n, confirmed, pending.command, pending.arguments)
        if self._connection is not None and self.is_open:
            return self._connection.send(request)
        frame(list(request))  # judged now, while the app can be told; sent after the Welcome
        return b""
