"""What a person at a device may want next: creates, edits, deletes, links, and mischief.

Owns the wishes and their proportions, in the words of the local API.  It reads what the person
would see; how a wish is carried out is the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from satchel.engine import reading
from satchel.model.ids import id_text
from tests.sim.device import SimDevice
from tests.sim.process import DeviceProcess
from tests.sim.schema import EDITS, GROUPS, LINKS, LOOKUPS, REQUIRED, TABLES
from tests.sim.tally import Tally

Wish = dict[str, Any]


class Memory:
    """Ids that anybody ever used: what gets reused, restored and written too late."""

    def __init__(self) -> None:
        self.ever: dict[str, list[str]] = {table: [] for table in TABLES}

    def note(self, table: str, rec: str) -> None:
        """Remember an id."""
        if rec not in self.ever[table]:
            self.ever[table].append(rec)


class Wishes:
    """The wishes of one person.  ``memory`` is shared by all."""

    def __init__(self, device: SimDevice, chance: Random, tally: Tally, memory: Memory) -> None:
        self._device = device
        self._chance = chance
        self._tally = tally
        self._memory = memory

    def some(self, process: DeviceProcess) -> list[Wish]:
        """What one change is to do; empty where nothing fits what is there."""
        if self._chance.random() < 0.1:
            return [self._doomed(process)]
        count = self._chance.choice((1, 1, 1, 2, 4))
        wishes = [wish for _ in range(count) if (wish := self._wish(process)) is not None]
        if len(wishes) > 1:
            self._tally.op("several ops")
        return wishes

    def someone(self) -> str:
        """A user, as an owner is named."""
        return f"systemuser:{self._chance.choice(self._ids('systemuser'))}"

    def _wish(self, process: DeviceProcess) -> Wish | None:
        makers: tuple[tuple[str, Callable[[DeviceProcess, str], Wish | None]], ...] = (
            ("create", self._create), ("create", self._create), ("update", self._update),
            ("update", self._update), ("update", self._update), ("group", self._group),
            ("lookup", self._lookup), ("upsert", self._upsert), ("delete", self._delete),
            ("restore", self._restore), ("link", self._link), ("link", self._link),
            ("unlink", self._unlink),
        )  # fmt: skip
        name, make = self._chance.choice(makers)
        wish = make(process, self._chance.choice(TABLES))
        if wish is not None:
            self._tally.op(name)
            if wish["do"] in ("update", "delete") and self._chance.random() < 0.3:
                wish["version"] = self._get(wish["table"], wish["id"])["version"]
                self._tally.op("with version")
        return wish

    def _create(self, process: DeviceProcess, table: str) -> Wish:
        columns = dict(REQUIRED[table])
        for column, target in LOOKUPS[table]:
            if (rec := self._some(target)) is not None and self._chance.random() < 0.4:
                columns[column] = f"{target}:{rec}"
        return self._made(process, table, columns)

    def _made(self, process: DeviceProcess, table: str, columns: Mapping[str, Any]) -> Wish:
        rec = id_text(process.make_id())
        self._memory.note(table, rec)
        return {"do": "create", "table": table, "id": rec, "columns": dict(columns)}

    def _doomed(self, process: DeviceProcess) -> Wish:
        """A create that the hub refuses if an id is taken elsewhere, or work upon one."""
        own = [rec for table in TABLES for rec in self._ids(table)]
        table = self._chance.choice(("account", *TABLES))
        foreign = [rec for rec in self._memory.ever[table] if rec not in own]
        if foreign and self._chance.random() < 0.6:
            self._tally.op("doomed create")
            rec = self._chance.choice(foreign)
            return {"do": "create", "table": table, "id": rec, "columns": dict(REQUIRED[table])}
        self._tally.op("dependant")
        recent = self._chance.choice(self._ids("account")[-3:] or [id_text(process.make_id())])
        columns = {**REQUIRED["task"], "regardingobjectid": f"account:{recent}"}
        return self._made(process, "task", columns)

    def _update(self, _: DeviceProcess, table: str) -> Wish | None:
        rec = self._some(table)
        if rec is None:
            return None
        chosen = self._chance.sample(EDITS[table], self._chance.randint(1, 2))
        columns: dict[str, Any] = {name: f"{self._chance.randint(0, 99)}" for name in chosen}
        if self._chance.random() < 0.15:
            columns = {"ownerid": self.someone()}
        return {"do": "update", "table": table, "id": rec, "columns": columns}

    def _group(self, _: DeviceProcess, table: str) -> Wish | None:
        rec = self._some(table) if table in GROUPS else None
        if rec is None:
            return None
        columns = {name: f"{self._chance.randint(0, 99)}" for name in GROUPS[table]}
        return {"do": "update", "table": table, "id": rec, "columns": columns}

    def _lookup(self, _: DeviceProcess, table: str) -> Wish | None:
        column, target = self._chance.choice(LOOKUPS[table])
        rec, to = self._some(table), self._some(target)
        if rec is None or to is None:
            return None
        value = f"{target}:{to}" if self._chance.random() < 0.8 else None
        return {"do": "update", "table": table, "id": rec, "columns": {column: value}}

    def _upsert(self, process: DeviceProcess, table: str) -> Wish:
        rec = self._some(table) or id_text(process.make_id())
        if self._chance.random() < 0.5 and self._memory.ever[table]:
            rec = self._chance.choice(self._memory.ever[table])
        self._memory.note(table, rec)
        columns = dict(REQUIRED[table])
        columns[self._chance.choice(EDITS[table])] = f"{self._chance.randint(0, 99)}"
        return {"do": "upsert", "table": table, "id": rec, "columns": columns}

    def _delete(self, _: DeviceProcess, table: str) -> Wish | None:
        rec = self._some(table)
        return None if rec is None else {"do": "delete", "table": table, "id": rec}

    def _restore(self, _: DeviceProcess, table: str) -> Wish | None:
        alive = set(self._ids(table))
        dead = [rec for rec in self._memory.ever[table] if rec not in alive]
        return {"do": "restore", "table": table, "id": self._chance.choice(dead)} if dead else None

    def _link(self, _: DeviceProcess, __: str) -> Wish | None:
        relationship, left, right = self._chance.choice(LINKS)
        one, two = self._some(left), self._some(right)
        if one is None or two is None:
            return None
        return {"do": "link", "relationship": relationship, "left": one, "right": two}

    def _unlink(self, _: DeviceProcess, __: str) -> Wish | None:
        relationship, left = self._chance.choice(LINKS)[:2]
        for one in self._ids(left):
            there = self._links(relationship, one)
            if there:
                two = self._chance.choice(there)
                return {"do": "unlink", "relationship": relationship, "left": one, "right": two}
        return None

    # -- reading -----------------------------------------------------------------------------

    def _some(self, table: str) -> str | None:
        found = self._ids(table)
        if not found:
            return None
        # Half of the time among the few that everybody edits.
        return self._chance.choice(found[:3] if self._chance.random() < 0.5 else found)

    def _ids(self, table: str) -> list[str]:
        replica = self._device.replica
        page = self._device.read(lambda t: reading.list_rows(t, replica, table, None, 5000, []))
        return [row["id"] for row in page["rows"]]

    def _get(self, table: str, rec: str) -> dict[str, Any]:
        replica = self._device.replica
        return self._device.read(lambda txn: reading.get(txn, replica, table, rec, None))

    def _links(self, relationship: str, rec: str) -> list[str]:
        replica = self._device.replica
        page = self._device.read(
            lambda txn: reading.list_links(txn, replica, relationship, rec, "left", None, 5000)
        )
        ids: list[str] = page["ids"]
        return ids
