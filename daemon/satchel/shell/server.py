"""Serves the local API: accepts apps, keeps their order, sends their answers.

One task per connection reads a chunk of requests, has them carried out in order, and sends
their answers in one go; only then does it read on.  So an app that sends faster than it is
served, or does not read its answers, waits in its own socket and in nobody else's way.
Waiting commands and watches run beside that task and send as they have something to say.

Rules kept here (sync.md 5.4): a new connection of a session ends the old one, of which what
has not begun is not run; a session that this store did not issue, or too long ago, is
refused before anything runs.

Owns no deed (``handlers``) and no framing (``api.connection``).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Final

import trio

from satchel.api import session
from satchel.api.connection import Connection, Hello, Refused, Welcome
from satchel.api.messages import COMMANDS, Command
from satchel.model.errors import Clash, Denied, SatchelError, Unavailable
from satchel.model.limits import CONNECTIONS_MAX, HANDSHAKE_MS
from satchel.shell.conversation import Conversation
from satchel.shell.handlers import Actor, Handlers
from satchel.shell.listeners import Peer, check_peer, peer_of
from satchel.shell.socket_line import SocketLine

log = logging.getLogger(__name__)


class Server:
    """The API server of one daemon, or of one hub for its administrator.

    ``commands``: the index of what it is asked, ``api.messages`` unless given.  ``now_ms``: the
    wall clock; ``chance``: n random bytes.  ``token``: where it is given, every Hello must
    carry it, and peer credentials are not asked for (loopback TCP).
    """

    def __init__(
        self,
        handlers: Handlers,
        *,
        now_ms: Callable[[], int],
        chance: Callable[[int], bytes],
        token: str | None = None,
        commands: Mapping[str, Command] = COMMANDS,
    ) -> None:
        self._handlers: Final = handlers
        self._commands: Final = commands
        self._now_ms: Final = now_ms
        self._chance: Final = chance
        self._token: Final = token
        self._uid: Final = os.geteuid()
        self._conversations: dict[bytes, Conversation] = {}
        self._connections = 0
        self._issued_ms = 0
        self._accepting = trio.CancelScope()
        self._lines: set[SocketLine] = set()

    @property
    def connections(self) -> int:
        """Apps connected now."""
        return self._connections

    async def serve(
        self,
        listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until :meth:`drain` (then every answer that was begun is sent) or cancelled."""
        task_status.started()  # they listen already: who connects now is served in a moment
        async with trio.open_nursery() as nursery:
            with self._accepting:
                await trio.serve_listeners(self._serve_app, [*listeners], handler_nursery=nursery)

    def drain(self) -> None:
        """Accept nobody more, read nothing more; :meth:`serve` returns when all is answered.

        An app that does not read its answers can hold that up: the caller sets a bound.
        What an app had sent and nobody has read, it repeats to the daemon that comes next.
        """
        self._accepting.cancel()
        for line in self._lines:
            line.stop_reading()

    async def _serve_app(self, stream: trio.SocketStream) -> None:
        line = SocketLine(stream)
        self._connections += 1
        self._lines.add(line)
        try:
            async with stream:
                with line.scope:
                    await self._talk(line, stream)
        finally:
            self._lines.discard(line)
            self._connections -= 1

    async def _talk(self, line: SocketLine, stream: trio.SocketStream) -> None:
        connection = Connection("server")
        try:
            if self._connections > CONNECTIONS_MAX:
                raise Unavailable(
                    "BUSY",
                    f"{CONNECTIONS_MAX} apps are connected already.",
                    "Close one of them and try again.",
                )
            peer = self._judge(stream)
            agreed = await self._shake(line, connection, peer)
            if agreed is None:
                return
            actor, welcome = agreed
            conversation = Conversation(line, connection, actor, self._handlers, self._commands)
            await self._converse(conversation, welcome)
        except SatchelError as refused:
            log.info("connection refused: %s %s", refused.code, refused.message)
            await line.send(connection.send(Refused(refused)))
            await line.hang_up()

    async def _converse(self, conversation: Conversation, welcome: Welcome) -> None:
        token = conversation.actor.session
        former = self._conversations.get(token)
        if former is not None:
            former.supersede()
        self._conversations[token] = conversation
        try:
            await conversation.run(welcome)
        finally:
            if self._conversations.get(token) is conversation:
                del self._conversations[token]

    def _judge(self, stream: trio.SocketStream) -> Peer:
        if self._token is not None:
            return Peer(self._uid, 0)
        peer = peer_of(stream)
        check_peer(peer, self._uid)
        return peer

    async def _shake(
        self, line: SocketLine, connection: Connection, peer: Peer
    ) -> tuple[Actor, Welcome] | None:
        """The handshake; None where the app went away instead."""
        hello = None
        with trio.move_on_after(HANDSHAKE_MS / 1000) as late:
            hello = await self._hear_hello(line, connection)
        if late.cancelled_caught:
            raise Unavailable(
                "TIMEOUT", f"No greeting came within {HANDSHAKE_MS // 1000} s.", "Connect again."
            )
        if hello is None:
            return None
        if self._token is not None and not compare_digest(
            self._token.encode(), (hello.token or "").encode()
        ):
            raise Denied(
                "NOT_ALLOWED",
                "The token of this greeting is not the daemon's.",
                "Read the token file again: a daemon writes a new one when it starts.",
            )
        greeting = self._handlers.greet(hello.org)
        if hello.session is None:
            token = self._issue(greeting.secret)
        elif session.known(greeting.secret, hello.session, self._now_ms()):
            token = hello.session
        else:
            raise Clash(
                "SESSION_EXPIRED",
                "This session is not known any more, so nothing of it was run.",
                "Read what is there, decide what is still to be done, and begin a new session.",
            )
        welcome = Welcome(greeting.version, token, greeting.org, greeting.user, greeting.schema)
        return Actor(peer.uid, peer.pid, token, greeting.org), welcome

    async def _hear_hello(self, line: SocketLine, connection: Connection) -> Hello | None:
        while True:
            data = await line.receive()
            if data is None:
                return None
            connection.receive_data(data)
            message = connection.next_event()
            if message is not None:
                return message if isinstance(message, Hello) else None

    def _issue(self, secret: bytes) -> bytes:
        # Never one millisecond twice: two apps would share a session and its receipts.
        self._issued_ms = max(self._now_ms(), self._issued_ms + 1)
        return session.issue(secret, self._issued_ms, self._chance(session.CHANCE_BYTES))
