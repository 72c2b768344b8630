"""The hub's memory while it serves a first download does not follow the size of its store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import satchel
from satchel.hub.author import write_changes
from satchel.hub.desk import Desk
from satchel.hub.office import State, read_origin
from satchel.model import changeset as cs
from satchel.model.limits import CHANGESET_OPS_MAX
from satchel.model.outcome import ACCEPTED
from satchel.schema.catalog import Catalog
from satchel.schema.validate import create_values
from satchel.shell.hub_home import close_desks, open_desks
from satchel.wire.entry import SALT_BYTES
from tests.e2e.processes import HubProcess, Process, init_hub, layout_of, temporary_home

FEW, MANY = 2_000, 200_000
ROWS_IN_A_CHANGESET: Final = CHANGESET_OPS_MAX // 2
CHANGESETS_IN_A_TRANSACTION: Final = 8
NOW_MS: Final = 1_700_000_000_000
DOWNLOAD_S: Final = 240.0
LOOK_S: Final = 0.004


def fill(home: Path, count: int) -> None:
    """Have the hub itself write so many accounts, each judged like anybody's work."""
    (desk,) = open_desks(layout_of(home))
    try:
        changes = list(_creates(desk, count))
        for first in range(0, len(changes), CHANGESETS_IN_A_TRANSACTION):
            some = changes[first : first + CHANGESETS_IN_A_TRANSACTION]
            _write(desk, some)
    finally:
        close_desks([desk])


def _write(desk: Desk, changes: list[list[cs.Op]]) -> None:
    salts = bytes(SALT_BYTES * len(changes))
    outcomes = desk.write(lambda txn: write_changes(txn, desk.office, changes, NOW_MS, salts))
    assert all(outcome.code in ACCEPTED for outcome in outcomes)


def _creates(desk: Desk, count: int) -> Iterator[list[cs.Op]]:
    catalog = desk.store.read(lambda txn: desk.office.schema(txn, State.read(txn).schema)[0])
    origin = desk.store.read(lambda txn: read_origin(txn, desk.office.setup.replica))
    assert origin is not None
    owner = (catalog.number_of("systemuser"), origin.user)
    for first in range(0, count, ROWS_IN_A_CHANGESET):
        numbers = range(first, min(first + ROWS_IN_A_CHANGESET, count))
        yield [_create(catalog, owner, number) for number in numbers]


def _create(catalog: Catalog, owner: tuple[int, bytes], number: int) -> cs.Op:
    table = catalog.table("account")
    given = {
        "name": f"Customer {number}",
        "accountnumber": f"C-{number:06}",
        "telephone1": f"+49 30 {number:07}",
        "address1_line1": f"Unter den Linden {number % 90}",
        "address1_city": "Berlin",
        "description": "A customer of long standing who orders what the season asks for.",
    }
    values = create_values(catalog, table, given, owner)
    return [cs.CREATE, table.number, (1 + number).to_bytes(16, "big"), values]


class Gauge:
    """The most private memory that a process had since it was last asked."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._most = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._most = max(self._most, self._process.private_bytes())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look on while the block runs."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    @property
    def most_bytes(self) -> int:
        """What was seen."""
        assert self._most > 0
        return self._most


def most_while_serving(count: int) -> int:
    """The hub's private memory at its highest while a real device downloads so many rows."""
    with ExitStack() as stack:
        office, laptop = (stack.enter_context(temporary_home()) for _ in range(2))
        init_hub(office, "Contoso")
        fill(office, count)
        hub = stack.enter_context(HubProcess(office))
        daemon = stack.enter_context(Process(laptop, "run"))
        daemon.wait_for_socket(daemon.layout.socket)
        client = stack.enter_context(satchel.connect(str(laptop)))
        invite = hub.invite()
        gauge = Gauge(hub)
        with gauge.watching():
            client.join(hub.url, invite)
            client.sync("wait", timeout=DOWNLOAD_S)
        told, here = hub.order("hub.digest"), client.digest()
        assert (here["cursor"], here["digest"]) == (told["seq"], told["digest"])
        assert client.status()["orgs"][0]["rows"] >= count
        return gauge.most_bytes


def test_serving_two_hundred_thousand_rows_takes_hardly_more_memory_than_two_thousand() -> None:
    """At its highest, at most one and a half times as much private memory."""
    few, many = most_while_serving(FEW), most_while_serving(MANY)
    assert many <= 1.5 * few, f"{few >> 10} KiB with {FEW} rows, {many >> 10} KiB with {MANY}"
