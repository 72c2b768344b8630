"""A hub's port in the test's own event loop: real HTTP, a real store on its thread."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio

from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import check_request
from satchel.hub.desk import Desk
from satchel.hub.found import FirstIds, found
from satchel.hub.office import Setup
from satchel.hub.orders import carry_out
from satchel.hub.reception import Reception
from satchel.model import changeset as cs
from satchel.model.changeset import Op
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.shell.http_server import HttpBounds
from satchel.shell.hub_admin import moment
from satchel.shell.hub_link import HubLink
from satchel.shell.hub_server import HubServer
from satchel.shell.store_thread import StoreThread
from satchel.store import layout
from satchel.store.env import Store
from satchel.wire.frame import Frame, encode
from tests.devices import HandMadeDevice, answer_of
from tests.shell.loopback import Running, http_server

SYSTEM_USER = (3).to_bytes(16, "big")


class Hub:
    """One organisation, "Contoso", served on a free port."""

    def __init__(
        self,
        http: Running,
        server: HubServer,
        desk: Desk,
        reception: Reception,
        thread: StoreThread,
    ) -> None:
        self.http = http
        self.server = server
        self.desk = desk
        self.reception = reception
        self.thread = thread
        self.link = HubLink(f"http://127.0.0.1:{http.port}")
        self.catalog = Catalog(standard_document())

    async def ask(self, request: tuple[str, bytes]) -> list[Frame]:
        """The frames of the answer.  Raises what an ERR frame says."""
        auth, body = request
        return await self.link.call(body, auth=auth, read_timeout_s=30.0)

    async def answer(self, request: tuple[str, bytes]) -> dict[str, Any]:
        """The payload of the answer's last frame."""
        return answer_of(b"".join(encode(frame) for frame in await self.ask(request)))

    async def order(self, name: str, /, **arguments: Any) -> Any:
        """Give an administrator's order."""
        complete = check_request(HUB_COMMANDS[name], arguments)
        links = self.reception.links
        result = await self.thread.run(
            partial(carry_out, [self.desk], name, complete, moment(links))
        )
        self.server.look()
        return result

    async def device(self, seed: int = 1, user: str = "Fay Field") -> HandMadeDevice:
        """A device of a new user that has joined and said hello."""
        await self.order("hub.user.add", name=user)
        device = HandMadeDevice(seed)
        invite = (await self.order("hub.invite", user=user))["invite"]
        device.keep(await self.answer(device.enrol(invite)))
        device.link = (await self.answer(device.hello()))["link"]
        return device

    def account(self, number: int, name: str, **columns: Any) -> Op:
        """The op that creates an account."""
        table = self.catalog.table("account")
        owner = (self.catalog.number_of("systemuser"), SYSTEM_USER)
        values = create_values(self.catalog, table, {"name": name, **columns}, owner)
        return [cs.CREATE, table.number, number.to_bytes(16, "big"), values]


@asynccontextmanager
async def running_hub(bounds: HttpBounds | None = None) -> AsyncIterator[Hub]:
    """Serve for the length of the block, then stop as a hub process does."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        async with StoreThread() as thread:
            desk = await thread.run(partial(_found, folder / "store"))
            try:
                reception = Reception([desk])
                server = HubServer(reception, thread)
                async with http_server(server.handle, bounds) as http:
                    hub = Hub(http, server, desk, reception, thread)
                    try:
                        yield hub
                    finally:
                        server.stop()
                        with trio.CancelScope(shield=True):
                            await hub.link.aclose()
            finally:
                await thread.run(desk.store.close)
    finally:
        shutil.rmtree(folder)


def _found(path: Path) -> Desk:
    store = Store.open(path, layout.HUB_DBS, sync=False)
    setup = Setup(b"o" * 16, "Contoso", b"hub-rep1", b"s" * 32, b"k" * 32)
    ids = FirstIds((1).to_bytes(16, "big"), (2).to_bytes(16, "big"), SYSTEM_USER)
    store.write(lambda txn: found(txn, setup, ids, moment(None).now_ms, bytes(16)))
    return Desk(store)
