"""The port between the API server and the daemon behind it: who asks what, and who answers.

The server (``server``) owns sockets, frames, sessions and order; whatever implements
:class:`Handlers` owns the deeds.  ``api.messages`` says for each command which of the four
methods gets it, what its arguments are (checked and complete when they arrive here) and
what it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from satchel.api.messages import Command
from satchel.model.errors import SatchelError


class Actor(NamedTuple):
    """Who is asking: settled once per connection, before anything is dispatched."""

    uid: int
    """The system's user: from the socket, or our own where a token proved it."""
    pid: int
    """0 where the socket does not tell."""
    session: bytes
    org: str | None
    """As ``Greeting.org``."""


class Presence:
    """Whether a connection is still the one its session speaks through."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False


class Request:
    """One command with its arguments, checked."""

    __slots__ = ("_presence", "arguments", "command", "confirmed", "n")

    def __init__(
        self,
        n: int,
        confirmed: int,
        command: Command,
        arguments: dict[str, Any],
        presence: Presence,
    ) -> None:
        self.n = n
        """Its number in the session: with ``Actor.session`` the name of the request."""
        self.confirmed = confirmed
        """No writing command of this number or a lower one will be repeated."""
        self.command = command
        self.arguments = arguments
        self._presence = presence

    @property
    def ended(self) -> bool:
        """The session has a newer connection: what has not begun must not run any more.

        The newer one repeats what is still wanted, under the same number.
        """
        return self._presence.ended


class Greeting(NamedTuple):
    """What a new connection is told, and the secret of the store its session belongs to."""

    secret: bytes
    """16 to 64 bytes, kept with the receipts: as long as they, gone with them."""
    version: str
    """The daemon's."""
    org: str | None
    """The organisation this connection is about; None where none is joined."""
    user: str | None
    schema: int
    """The version of the catalogue; 0 where none is joined."""


class WatchEnd(Exception):
    """A watch has come to its end by itself: ``answer`` is the answer to the command."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


class Watch(Protocol):
    """The source of one watch's events."""

    async def next(self) -> dict[str, Any]:
        """Wait for the next event.  The server asks again only when that one is sent,
        so one that follows the journal by position never holds events for a slow app.

        May be cancelled while it waits.  Raises :class:`WatchEnd` when there is nothing
        more to come, :class:`SatchelError` where it fails.
        """


class Handlers(Protocol):
    """What the daemon does.  Every method may raise :class:`SatchelError`: it is the answer."""

    def greet(self, org: str | None) -> Greeting:
        """Settle what a new connection is about.  Raises NO_SUCH_ORG, or asks to choose one."""

    def read(self, actor: Actor, request: Request) -> Any:
        """Answer a reading command: on the loop, from one short read transaction."""

    async def write(
        self, actor: Actor, requests: Sequence[Request]
    ) -> Sequence[Any | SatchelError]:
        """Carry out writing commands in their order; returns as many results or errors.

        What one connection has pipelined comes together, so that it can share a commit.
        Cancelled when the connection is superseded: that does not mean "not written".
        """

    async def wait(self, actor: Actor, request: Request) -> Any:
        """Answer a waiting command when there is something to say.  May be cancelled."""

    def watch(self, actor: Actor, request: Request) -> Watch:
        """Begin a watch.  Its first event comes at once: the position, and no rows."""
