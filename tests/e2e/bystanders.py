"""Well-behaved clients that work on while others misbehave, and how long they had to wait.

One app on a daemon's socket, one device at a hub's port, each on a thread of its own: what
holds up the test's own loop is not held against the process under test.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from time import monotonic
from typing import Final, Self

from satchel.client.blocking import Client, connect
from satchel.model import changeset as cs
from satchel.model.feed import Item
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from tests.devices import HandMadeDevice, answer_of, entries_of
from tests.e2e.processes import PATIENCE_S, HubProcess, receive, send

_PAUSE_S: Final = 0.005


class Bystander(ABC):
    """Takes turns until its ``with`` block ends; ``check`` raises what went wrong."""

    def __init__(self) -> None:
        self.turns = 0
        self.slowest_s = 0.0
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    @abstractmethod
    def turn(self) -> None:
        """Write something, read it back, and be sure that it is there."""

    def check(self) -> None:
        """Raise what a turn has raised."""
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def _work(self) -> None:
        try:
            while not self._stop.wait(_PAUSE_S):
                began = monotonic()
                self.turn()
                self.slowest_s = max(self.slowest_s, monotonic() - began)
                self.turns += 1
        except BaseException as failure:  # noqa: BLE001 - raised by `check`, on the test's thread
            self._failure = failure


class App(Bystander):
    """Writes and reads a row through the daemon's socket."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self._client: Client = connect(home, timeout=PATIENCE_S)
        self._row = self._client.create("account", {"name": "Bystander"}).id

    def turn(self) -> None:
        """Set a column, read it back."""
        self._client.update("account", self._row, {"fax": f"turn {self.turns}"})
        assert self._client.get("account", self._row)["fax"] == f"turn {self.turns}"

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._client.close()


class Device(Bystander):
    """Pushes a change to the hub and pulls it back, over a connection that it keeps."""

    def __init__(self, hub: HubProcess, seed: int) -> None:
        super().__init__()
        catalog = Catalog(standard_document())
        self._table = catalog.table("account")
        self._column = self._table.columns["fax"].number
        self._row = bytes([seed]) * 16
        self._cursor: bytes | None = None
        self._connection = hub.connect()
        self._device = HandMadeDevice(seed)
        self._device.join(hub.invite("Bystander"), hub.post)
        self._device.greet(hub.post)
        owner = (catalog.number_of("systemuser"), self._device.user)
        values = create_values(catalog, self._table, {"name": "Bystander"}, owner)
        self._push([cs.CREATE, self._table.number, self._row, values])

    def turn(self) -> None:
        """Set a column, pull what has changed, find it there."""
        wanted = f"turn {self.turns}"
        self._push([cs.SET, self._table.number, self._row, {self._column: wanted}])
        assert wanted.encode() in b"".join(self._pull())

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._connection.close()

    def _push(self, op: cs.Op) -> None:
        before = self._device.chain
        body = self._device.write(op)
        answer = answer_of(self._post(*self._device.push(self._device.ctr, [body], before)))
        assert answer["processed"] == self._device.ctr
        assert answer["outcomes"][0][1] == 0, answer

    def _pull(self) -> list[bytes]:
        """The rows that have changed since the pull before."""
        rows: list[bytes] = []
        while True:
            data = self._post(*self._device.pull(self._cursor))
            rows += [entry[4] for entry in entries_of(data) if entry[0] == Item.PUT]
            answer = answer_of(data)
            if "flip" in answer:
                self._cursor = answer["flip"][2]
                return rows
            self._cursor = answer["cursor"]

    def _post(self, auth: str, body: bytes) -> bytes:
        send(self._connection, auth, body)
        return receive(self._connection)
