"""The round trip on real input: files to hub, to two devices, edited offline, and back."""

from __future__ import annotations

import json
import random
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

import satchel
from satchel.client.blocking import Client
from satchel.model.ids import parse_id
from tests.e2e.northwind import MAP, Columns, Key, Northwind, differences
from tests.e2e.processes import (
    PATIENCE_S,
    HubProcess,
    Process,
    init_hub,
    temporary_home,
)

SATCHEL = Path(sys.executable).parent / "satchel"
EDITS = 100
"""Ordinary edits on each device, besides those that meet."""

EDITED = frozenset(("description", "address1_city", "jobtitle", "name", "opportunityproductname"))
"""Columns of text, of which every imported row has one."""

SELLERS = {"Nancy Davolio": "1", "Michael Suyama": "6"}
"""Employees of the files, who take the office's records along."""


class Office:
    """The hub after the import, and the employees' devices."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        self._data = data
        self._stack = stack
        self._home = stack.enter_context(temporary_home())
        init_hub(self._home, "Northwind")
        self.hub = stack.enter_context(HubProcess(self._home))
        self.report = self.load()
        status = self.hub.order("hub.status")["orgs"][0]
        ((unit, _),) = self._living("businessunit")
        self.northwind = Northwind(data, parse_id(status["org_id"]) or b"", unit)
        self.expected = self.northwind.expected()
        self.edited: set[Key] = set()
        self.devices = [self._join(*seller) for seller in SELLERS.items()]

    def load(self) -> dict[str, Any]:
        """Import the folder, as an administrator does; what the command reports."""
        words = ("hub", "import", "--map", str(MAP), str(self._data), "--json")
        done = subprocess.run(
            [SATCHEL, *words, "--home", str(self._home)],
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def unreachable(self) -> None:
        """Pull the plug."""
        self.hub.kill()

    def reachable(self) -> None:
        """Start the hub again where the devices look for it."""
        listen = self.hub.url.removeprefix("http://")
        self.hub = self._stack.enter_context(HubProcess(self._home, listen=listen))

    def _join(self, name: str, number: str) -> Client:
        """A device of an employee, whose systemuser row the import has made."""
        row = self.northwind.key("systemuser", "employees", number)[1]
        self.hub.order("hub.user.add", name=name, id=row)
        home = self._stack.enter_context(temporary_home())
        daemon = self._stack.enter_context(Process(home, "run"))
        daemon.wait_for_socket(daemon.layout.socket)
        client = self._stack.enter_context(satchel.connect(str(home)))
        client.join(self.hub.url, self.hub.invite(name))
        return client

    def settle(self) -> None:
        """Wait until all replicas are equal."""
        for device in self.devices:
            device.sync("now")
            device.sync("wait", timeout=PATIENCE_S)
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            told = self.hub.order("hub.digest")
            here = [device.digest() for device in self.devices]
            if all((one["cursor"], one["digest"]) == (told["seq"], told["digest"]) for one in here):
                assert all(one["overlay"] == one["outbox"] == 0 for one in here)
                return
            select.select([], [], [], 0.02)
        raise AssertionError(f"the hub is at {told}, the devices are at {here}")

    def check(self) -> None:
        """Every mapped value on hub and devices is the file's, or that of an edit."""
        for read in (self.at_hub(), *(self.at(device) for device in self.devices)):
            assert differences(self.expected, read) == []
            imported = {table for table, _ in self.expected}
            strangers = [key for key in read.keys() - self.expected.keys() if key[0] in imported]
            assert all(table == "systemuser" for table, _ in strangers), strangers

    def at_hub(self) -> dict[Key, Columns]:
        """The living rows at the hub."""
        tables = {table for table, _ in self.expected}
        return {(table, row): columns for table in tables for row, columns in self._living(table)}

    def at(self, device: Client) -> dict[Key, Columns]:
        """The rows that an app of a device reads."""
        tables = {table for table, _ in self.expected}
        return {
            (table, row.id): dict(row.columns) for table in tables for row in device.list(table)
        }

    def _living(self, table: str) -> Iterator[tuple[str, Columns]]:
        after: str | None = None
        while True:
            place = {"after": after} if after is not None else {}
            page = self.hub.order("hub.rows", table=table, limit=5_000, **place)
            for row in page["rows"]:
                if row["alive"]:
                    yield row["id"], row["columns"]
            after = page["next"]
            if after is None:
                return


@pytest.fixture
def office(shared: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(shared / "data" / "northwind", stack)


def test_round_trip(office: Office) -> None:
    """Files, edits of two devices made offline, and nothing else, are what all have in the end."""
    count = len(office.expected)
    assert (office.report["written"], office.report["bad_total"]) == (count, 0)
    office.settle()
    office.check()

    office.unreachable()
    edited = edit_offline(office)
    office.reachable()
    office.settle()
    office.check()
    (conflict,) = office.devices[0].conflicts()
    assert (conflict["column"], conflict["lost"]["value"]) == ("price", {"price": "18.5"})
    assert not list(office.devices[1].conflicts())

    before = office.hub.order("hub.digest")
    again = office.load()
    assert (again["written"], again["bad_total"], again["kept"]) == (0, 0, edited)
    assert office.hub.order("hub.digest") == before, "importing again changes nothing"


def edit_offline(office: Office) -> int:
    """Both work without the hub, and the expectation follows.

    Returns how many differences from the files that makes: values and deleted rows.
    """
    key, rows = office.northwind.key, office.expected
    nancy, michael = office.devices
    firm, tea = key("account", "customers", "ALFKI"), key("product", "products", "1")
    line = key("opportunityproduct", "order_lines", "10250", "41")

    def edit(device: Client, row: Key, **columns: Any) -> None:
        device.update(*row, columns)
        rows[row].update(columns)
        office.edited.add(row)

    edit(nancy, firm, telephone1="+49 30 1")
    edit(michael, firm, fax="+49 30 2")  # another column of the same row: both stay
    edit(nancy, tea, price="18.5")
    edit(nancy, key("contact", "customer_contacts", "BERGS"), lastname="Berglund-Åkesson")
    edit(michael, line, quantity="12.5", priceperunit="7.95")
    edit(michael, key("systemuser", "employees", "6"), address1_city="Leeds")
    new = {"lastname": "New", "parentcustomerid": {"table": "account", "id": firm[1]}}
    made = ("contact", nancy.create("contact", new).id)
    rows[made] = new
    office.edited.add(made)
    gone = key("opportunity", "orders", "10248")
    nancy.delete(*gone)  # and its three lines with it
    lines = [one for one, row in rows.items() if _belongs(row, gone)]
    for row in (gone, *lines):
        del rows[row]
    busy = edit_many(office, edit)
    edit(michael, tea, price="19.25")  # the same column, a day later: this one stays
    values = 7  # one of the two prices lost
    return busy + values + 1 + len(lines)


def edit_many(office: Office, edit: Callable[..., None]) -> int:
    """A long day's work on rows that nobody has edited yet; how many values that changes."""
    chance = random.Random(4)
    untouched = sorted(row for row in office.expected if row not in office.edited)
    rows = chance.sample(untouched, 2 * EDITS)
    for number, row in enumerate(rows):
        names = [name for name, value in office.expected[row].items() if name in EDITED and value]
        edit(office.devices[number % 2], row, **{chance.choice(names): f"edit {number}"})
    return len(rows)


def _belongs(columns: Columns, order: Key) -> bool:
    return bool(columns.get("opportunityid") == {"table": order[0], "id": order[1]})
