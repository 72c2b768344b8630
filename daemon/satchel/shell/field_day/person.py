"""One person of the field day: a daemon, an app on its socket, and a cable to the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trio

from satchel.api.caller import Caller, Pending
from satchel.client.async_trio import AsyncClient
from satchel.config import Layout, locate
from satchel.model.errors import Unavailable
from satchel.shell.field_day.ledger import Wish, Written, seen_of
from satchel.shell.field_day.processes import Satcheld
from satchel.shell.field_day.relay import Relay

_POLL_S = 0.01
_PATIENCE_S = 20.0
_CHUNK_BYTES = 64 << 10


class Person:
    """Writes through an app, and keeps the receipts."""

    def __init__(self, name: str, home: Path, relay: Relay) -> None:
        self.name = name
        self.relay = relay
        self.daemon = Satcheld(name, home, "run")
        self.layout: Layout = locate({}, str(home), str(home))
        self.ledger: list[Written] = []
        self._client: AsyncClient | None = None

    @property
    def client(self) -> AsyncClient:
        """The app's connection."""
        assert self._client is not None, "use_app comes first"
        return self._client

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return Path(self.layout.socket)

    def use_app(self, client: AsyncClient) -> None:
        """From now on this person writes through ``client``."""
        self._client = client

    async def write(self, why: str, *ops: Wish) -> Written:
        """Make one change and enter its receipt in the ledger."""
        receipt = await self.client.change([dict(op) for op in ops])
        return self.enter(why, ops, receipt.replica, receipt.ctr, receipt.ids, receipt.version)

    def enter(
        self,
        why: str,
        ops: Sequence[Wish],
        replica: str,
        ctr: int,
        ids: Sequence[str | None],
        version: str,
    ) -> Written:
        """Enter an acknowledged change in the ledger."""
        written = Written(self.name, replica, ctr, ops, ids, seen_of(version), why)
        self.ledger.append(written)
        return written

    async def org(self) -> dict[str, Any]:
        """This device's line of ``status``."""
        status = await self.client.status()
        org: dict[str, Any] = status["orgs"][0]
        return org

    async def until(self, what: str, reached: Mapping[str, Any]) -> None:
        """Wait until the device's status shows these values.

        Raises Unavailable TIMEOUT, naming ``what`` did not come.
        """
        with trio.move_on_after(_PATIENCE_S):
            while True:
                org = await self.org()
                if all(org[name] == value for name, value in reached.items()):
                    return
                await trio.sleep(_POLL_S)
        raise Unavailable(
            "TIMEOUT", f"{self.name}: {what} did not come within {_PATIENCE_S:.0f} s."
        )


class UnreadLine:
    """An app that sends and does not read: what it asks is carried out and unanswered.

    After its daemon was killed it comes back with its session and repeats what is
    unanswered, as every client does.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._caller = Caller("field-day")
        self._stream: trio.SocketStream | None = None
        self.unanswered: list[Pending] = []

    async def open(self) -> None:
        """Connect, and repeat what is unanswered."""
        self._stream = await trio.open_unix_socket(str(self._socket))
        await self._stream.send_all(self._caller.begin())
        while not self._caller.is_open:
            await self._receive()

    async def send(self, ops: Sequence[Wish]) -> None:
        """Send one change and read nothing."""
        pending, data = self._caller.ask("change", {"ops": [dict(op) for op in ops]})
        self.unanswered.append(pending)
        assert self._stream is not None
        await self._stream.send_all(data)

    async def drop(self) -> None:
        """Lose the connection without having read it."""
        assert self._stream is not None
        await self._stream.aclose()
        self._caller.lost()

    async def read_all(self) -> list[dict[str, Any]]:
        """Read until everything is answered; the receipts in the order of asking."""
        while not all(pending.done for pending in self.unanswered):
            await self._receive()
        for pending in self.unanswered:
            if pending.error is not None:
                raise pending.error
        return [pending.result for pending in self.unanswered]

    async def _receive(self) -> None:
        assert self._stream is not None
        _, reply = self._caller.receive(await self._stream.receive_some(_CHUNK_BYTES))
        if reply:
            await self._stream.send_all(reply)
