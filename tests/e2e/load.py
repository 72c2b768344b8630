"""Load on a device: apps that go on writing, and a ledger of what was acknowledged to them.

Every write carries a marker of its own.  Each writer changes only rows that it has made
itself, and waits for one answer before it asks for the next, so the ledger says exactly
what must be in each row afterwards.  Owns the apps and the ledger; must not know what is
killed, nor how the ledger is compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final, NamedTuple

import trio

from satchel.client import Receipt
from satchel.client.async_trio import AsyncClient
from satchel.client.blocking import Client

TABLE: Final = "account"
COLUMNS: Final = ("telephone1", "fax", "websiteurl", "telephone2")
_OWN_ROWS_MAX: Final = 5


class Acknowledged(NamedTuple):
    """One write whose receipt an app holds."""

    replica: str
    ctr: int
    row: str
    values: dict[str, str]
    creates: bool


class Tally:
    """Counts events, and does something in the very moment of one of them."""

    def __init__(self) -> None:
        self.count = 0
        self._deeds: dict[int, Callable[[], None]] = {}

    def after(self, more: int, deed: Callable[[], None]) -> None:
        """Do this when so many more have been counted."""
        assert more > 0
        self._deeds[self.count + more] = deed

    def add(self) -> None:
        """Count one."""
        self.count += 1
        deed = self._deeds.pop(self.count, None)
        if deed is not None:
            deed()


class Ledger:
    """What all apps have been answered, and how many requests are unanswered now."""

    def __init__(self) -> None:
        self.entries: list[Acknowledged] = []
        self.asked = 0
        self.tally = Tally()

    @property
    def unanswered(self) -> int:
        """Requests that an app has made and holds no receipt for."""
        return self.asked - len(self.entries)

    def enter(self, entry: Acknowledged) -> None:
        """An answer has arrived."""
        self.entries.append(entry)
        self.tally.add()


class Flow:
    """How much may be written: without it a fast machine would write without end."""

    def __init__(self) -> None:
        self._left: float = 0
        self._more = trio.Event()
        self._ended = False

    def allow(self, count: float = inf) -> None:
        """From now on so many writes may be begun; without a number, any."""
        self._left = count
        self._more.set()
        self._more = trio.Event()

    def end(self) -> None:
        """Nothing more will be written."""
        self._ended = True
        self.allow(0)

    async def enters(self) -> bool:
        """Wait until a write may be begun; False if none will be any more."""
        while self._left <= 0:
            if self._ended:
                return False
            await self._more.wait()
        self._left -= 1
        return True


class Writer:
    """One sequence of writes.  ``name`` is part of its markers."""

    def __init__(self, name: str, ledger: Ledger, flow: Flow) -> None:
        self._name: Final = name
        self._chance: Final = random.Random(name)
        self._ledger: Final = ledger
        self._flow: Final = flow
        self._rows: list[str] = []
        self._count = 0

    async def write_on(self, client: AsyncClient) -> None:
        """Write through a shared trio client until the flow ends."""
        while await self._flow.enters():
            wish = self._next()
            self._enter(wish, await client.change([wish]))

    def write_blocking(self, client: Client) -> None:
        """The same through a blocking client, on a thread that trio has started."""
        while trio.from_thread.run(self._flow.enters):
            wish = trio.from_thread.run_sync(self._next)
            trio.from_thread.run_sync(self._enter, wish, client.change([wish]))

    def _next(self) -> dict[str, Any]:
        """The next wish: a new row, or other values in a row of its own."""
        self._count += 1
        marker = f"{self._name} {self._count}"
        self._ledger.asked += 1
        if len(self._rows) < _OWN_ROWS_MAX or self._chance.random() < 0.4:
            return {"do": "create", "table": TABLE, "columns": {"name": marker}}
        columns = self._chance.sample(COLUMNS, self._chance.randint(1, 3))
        row = self._chance.choice(self._rows[-_OWN_ROWS_MAX:])
        values = dict.fromkeys(columns, marker)
        return {"do": "update", "table": TABLE, "id": row, "columns": values}

    def _enter(self, wish: dict[str, Any], receipt: Receipt) -> None:
        creates = wish["do"] == "create"
        if creates:
            self._rows.append(receipt.id)
        self._ledger.enter(
            Acknowledged(receipt.replica, receipt.ctr, receipt.id, wish["columns"], creates)
        )


def expected_rows(entries: Sequence[Acknowledged]) -> dict[str, dict[str, str]]:
    """What must be in each row after all these writes; each row has one writer."""
    rows: dict[str, dict[str, str]] = {}
    for entry in entries:
        if entry.creates:
            assert entry.row not in rows, "two creates were given one id"
            rows[entry.row] = {}
        rows[entry.row].update(entry.values)
    return rows
