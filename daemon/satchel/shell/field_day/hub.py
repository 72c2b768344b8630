"""The field day's hub: a real process, and its administrator's line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trio

from satchel.config import locate
from satchel.model.errors import Unavailable
from satchel.shell.field_day.hub_desk import order
from satchel.shell.field_day.processes import Satcheld, call_satcheld, free_port

_POLL_S = 0.01
_PATIENCE_S = 20.0


class Hub:
    """One hub with one organisation."""

    def __init__(self, home: Path, organisation: str) -> None:
        self.home = home
        self.organisation = organisation
        self.port = free_port()
        listen = f"127.0.0.1:{self.port}"
        self.process = Satcheld("hub", home, "hub", "run", "--listen", listen)
        self._socket = Path(locate({}, str(home), str(home)).hub_socket)

    async def found(self) -> None:
        """Make the organisation and start serving it."""
        await call_satcheld(self.home, "hub", "init", "--org", self.organisation)
        await self.start()

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        await self.process.start(self._socket)

    async def order(self, command: str, **arguments: Any) -> dict[str, Any]:
        """An order of the administrator."""
        return await order(self._socket, command, **arguments)

    async def invite(self, user: str) -> str:
        """A new user, and an invite for one device."""
        await self.order("hub.user.add", name=user)
        code: str = (await self.order("hub.invite", user=user))["invite"]
        return code

    async def status(self) -> dict[str, Any]:
        """The organisation's line of ``hub.status``."""
        org: dict[str, Any] = (await self.order("hub.status"))["orgs"][0]
        return org

    async def log(self) -> list[list[Any]]:
        """Every decision, in order: [seq, replica, ctr, code, detail]."""
        lines: list[list[Any]] = []
        while True:
            after = lines[-1][0] if lines else 0
            found = (await self.order("hub.log", after=after, limit=1000))["log"]
            if not found:
                return lines
            lines += found

    async def until_decided(self, replica: str, ctr: int) -> None:
        """Wait until the hub has decided a changeset.  Raises Unavailable TIMEOUT."""
        with trio.move_on_after(_PATIENCE_S):
            while True:
                for line in await self.log():
                    if _hex(line[1]) == replica and line[2] == ctr:
                        return
                await trio.sleep(_POLL_S)
        raise Unavailable("TIMEOUT", f"The hub did not decide change {ctr} in time.")


def _hex(replica: Any) -> str:
    return replica.hex() if isinstance(replica, bytes) else str(replica)
