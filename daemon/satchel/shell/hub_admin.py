"""The hub's own socket: an administrator's orders, carried out beside the devices' work.

Implements :class:`satchel.shell.handlers.Handlers` for the index in ``api.hub_messages``.
Owns what is not about one organisation: ping, stop, status, and an import that goes on
while devices are served.  Transactions are :mod:`satchel.hub.orders`'.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import trio

import satchel
from satchel.hub.desk import Desk
from satchel.hub.importing import Outside
from satchel.hub.links import LinkTable
from satchel.hub.orders import Moment, carry_out, choose, status
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.shell import clock
from satchel.shell.handlers import Actor, Greeting, Request, Watch
from satchel.shell.import_watch import ImportWatch, begin_import
from satchel.shell.store_thread import StoreThread

_SECRET_BYTES: Final = 32


def moment(links: LinkTable | None) -> Moment:
    """What an order takes from the world now; ``links``: of a hub that runs."""
    seen = links.last_seen() if links is not None else {}
    return Moment(clock.now_ms(), clock.fresh_bytes, clock.make_id, seen)


def hub_report(home: str, started_ms: int | None, listen: list[str]) -> dict[str, Any]:
    """What ``hub.status`` tells of the process; ``listen`` is empty where none runs."""
    return {
        "pid": os.getpid(),
        "version": satchel.__version__,
        "home": home,
        "started": started_ms,
        "listen": listen,
    }


def outside() -> Outside:
    """What an import takes from the world while it goes on."""
    return Outside(clock.now_ms, clock.fresh_bytes)


class HubAdmin:
    """The handlers of one running hub."""

    def __init__(
        self,
        desks: list[Desk],
        links: LinkTable,
        thread: StoreThread,
        look: Callable[[], None],
        report: dict[str, Any],
    ) -> None:
        """``look``: called when a head may have moved; ``report``: :func:`hub_report`."""
        self.stopping: Final = trio.Event()
        self._desks: Final = desks
        self._links: Final = links
        self._thread: Final = thread
        self._look: Final = look
        self._report: Final = report
        self._secret: Final = clock.fresh_bytes(_SECRET_BYTES)
        self._receipts: OrderedDict[tuple[bytes, int], Any] = OrderedDict()

    def greet(self, org: str | None) -> Greeting:
        """Sessions end with the process, and with them what they may repeat."""
        return Greeting(self._secret, satchel.__version__, None, None, 0)

    def read(self, actor: Actor, request: Request) -> Any:
        """Answer ping and stop."""
        if request.command.name == "stop":
            self.stopping.set()
        return {}

    async def write(
        self, actor: Actor, requests: Sequence[Request]
    ) -> Sequence[Any | SatchelError]:
        """Carry out what changes something, one after the other, each once."""
        results = []
        for request in requests:
            key = (actor.session, request.n)
            if key not in self._receipts:
                self._receipts[key] = await self._carry_out(request)
                if len(self._receipts) > limits.SESSION_RECEIPTS_MAX:
                    self._receipts.popitem(last=False)
            results.append(self._receipts[key])
        return results

    async def wait(self, actor: Actor, request: Request) -> Any:
        """Answer what only looks."""
        name = request.command.name
        if name == "hub.status":
            orgs = await self._thread.run(partial(status, self._desks, moment(self._links)))
            return {"hub": self._report, "orgs": orgs}
        return await self._thread.run(
            partial(carry_out, self._desks, name, request.arguments, moment(self._links))
        )

    def watch(self, actor: Actor, request: Request) -> Watch:
        """Begin an import."""
        desk = choose(self._desks, request.arguments["org"])
        reports = begin_import(desk, request.arguments, outside())
        return ImportWatch(self._thread, reports, self._look)

    async def _carry_out(self, request: Request) -> Any | SatchelError:
        name, arguments = request.command.name, request.arguments
        try:
            return await self._thread.run(
                partial(carry_out, self._desks, name, arguments, moment(self._links))
            )
        except SatchelError as refused:
            return refused
        finally:
            self._look()
