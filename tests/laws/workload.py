"""A seeded workload over a few devices and their hub, with a ledger of what was acknowledged.

Owns what is done and what must hold afterwards; :mod:`tests.replicas` does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.engine import outbox, quarantine
from satchel.engine.flip import Installed
from satchel.model.errors import SatchelError
from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED
from satchel.store import layout
from satchel.wire.codec import unpack
from satchel.wire.entry import decode_entry
from tests.laws.reckoning import Decided, Reckoning
from tests.recompute import assert_derived
from tests.replicas import Device, World

TABLES = ("account", "contact", "opportunity", "task", "lead")
REQUIRED: dict[str, dict[str, Any]] = {
    "account": {"name": "A"},
    "contact": {"lastname": "C"},
    "opportunity": {"name": "O"},
    "task": {"subject": "T"},
    "lead": {"lastname": "L", "subject": "s"},
}
LOOKUPS = {
    "account": (("parentaccountid", "account"), ("primarycontactid", "contact")),
    "contact": (("parentcustomerid", "account"), ("parentcustomerid", "contact")),
    "opportunity": (("customerid", "account"), ("originatingleadid", "lead")),
    "task": (("regardingobjectid", "account"), ("regardingobjectid", "opportunity")),
    "lead": (("parentaccountid", "account"),),
}
EDITS: dict[str, tuple[str, ...]] = {
    "account": ("name", "telephone1", "address1_city", "address1_line1"),
    "contact": ("firstname", "jobtitle", "telephone1", "address1_city"),
    "opportunity": ("name", "description"),
    "task": ("subject", "description"),
    "lead": ("firstname", "subject", "telephone1"),
}
LINKS = (
    ("accountleads_association", "account", "lead"),
    ("contactleads_association", "contact", "lead"),
)


class Workload:
    """Random but repeatable life; ``ledger`` holds every receipt that was given."""

    def __init__(self, world: World, devices: int) -> None:
        self.world = world
        self.chance = world.chance
        self.devices = [world.join() for _ in range(devices)]
        for device in self.devices:
            device.clock_ms = self.chance.randint(-5000, 5000)
        self.ledger: dict[Dot, Device] = {}
        self.ever: dict[str, set[str]] = {table: set() for table in TABLES}
        self._late: list[tuple[Device, list[Any]]] = []

    # -- life ----------------------------------------------------------------------------------

    def live(self, steps: int) -> None:
        """So many steps, each by somebody."""
        for _ in range(steps):
            device = self.chance.choice(self.devices)
            step = self.chance.random()
            if step < 0.70:
                self._write(device)
            elif step < 0.75:
                self._mend(device)
            elif step < 0.85:
                self._push(device)
            elif step < 0.97:
                self._pull(device)
            else:
                device.reopen()
            if self.chance.random() < 0.05:
                assert_derived(device)

    def _write(self, device: Device) -> None:
        wishes = [
            wish for _ in range(self.chance.choice((1, 1, 1, 2, 4))) if (wish := self._wish(device))
        ]
        if not wishes:
            return
        before = device.dump()
        try:
            receipt = device.do(*wishes)
        except SatchelError:
            assert device.dump() == before
            return
        self.ledger[Dot(device.replica.identity.replica, receipt["ctr"])] = device

    def _mend(self, device: Device) -> None:
        """A person gives refused work up, or tries it again."""
        refused = device.read(lambda txn: [dot for dot, _ in quarantine.entries(txn)])
        if not refused:
            return
        dot = self.chance.choice(refused)
        if self.chance.random() < 0.3:
            device.store.write(lambda txn: quarantine.discard(txn, dot))
            del self.ledger[dot]
            return
        whole, restore = self.chance.random() < 0.5, self.chance.random() < 0.5
        before = device.dump()
        try:
            receipts = device.store.write(
                lambda txn: quarantine.retry(
                    txn,
                    device.replica,
                    dot,
                    device.randomness(),
                    with_dependants=whole,
                    restore=restore,
                )
            )
        except SatchelError:
            assert device.dump() == before
            return
        left = device.read(lambda txn: {at for at, _ in quarantine.entries(txn)})
        for gone in set(refused) - left:
            del self.ledger[gone]
        for receipt in receipts:
            self.ledger[Dot(dot.replica, receipt["ctr"])] = device

    def _wish(self, device: Device) -> dict[str, Any] | None:
        makers: tuple[Callable[[Device, str], dict[str, Any] | None], ...] = (
            self._create, self._create, self._update, self._update, self._update, self._lookup,
            self._upsert, self._delete, self._restore, self._link, self._unlink,
        )  # fmt: skip
        return self.chance.choice(makers)(device, self.chance.choice(TABLES))

    def _create(self, device: Device, table: str) -> dict[str, Any]:
        columns = dict(REQUIRED[table])
        for column, target in LOOKUPS[table]:
            if (rec := self._some(device, target)) and self.chance.random() < 0.5:
                columns[column] = f"{target}:{rec}"
        rec = self.world.new_id()
        if self.chance.random() < 0.1 and self.ever[table]:
            rec = self.chance.choice(sorted(self.ever[table]))
        self.ever[table].add(rec)
        return {"do": "create", "table": table, "id": rec, "columns": columns}

    def _update(self, device: Device, table: str) -> dict[str, Any] | None:
        rec = self._some(device, table)
        if rec is None:
            return None
        chosen = self.chance.sample(EDITS[table], self.chance.randint(1, 2))
        columns = {name: f"{self.chance.randint(0, 99)}" for name in chosen}
        wish = {"do": "update", "table": table, "id": rec, "columns": columns}
        if self.chance.random() < 0.3:
            wish["version"] = device.get(table, rec)["version"]
        return wish

    def _lookup(self, device: Device, table: str) -> dict[str, Any] | None:
        rec = self._some(device, table)
        column, target = self.chance.choice(LOOKUPS[table])
        to = self._some(device, target)
        if rec is None or to is None:
            return None
        value = f"{target}:{to}" if self.chance.random() < 0.8 else None
        return {"do": "update", "table": table, "id": rec, "columns": {column: value}}

    def _upsert(self, device: Device, table: str) -> dict[str, Any]:
        rec = self._some(device, table) or self.world.new_id()
        if self.chance.random() < 0.4 and self.ever[table]:
            rec = self.chance.choice(sorted(self.ever[table]))
        self.ever[table].add(rec)
        columns = dict(REQUIRED[table])
        columns[self.chance.choice(EDITS[table])] = f"{self.chance.randint(0, 99)}"
        return {"do": "upsert", "table": table, "id": rec, "columns": columns}

    def _delete(self, device: Device, table: str) -> dict[str, Any] | None:
        rec = self._some(device, table)
        if rec is None:
            return None
        wish = {"do": "delete", "table": table, "id": rec}
        if self.chance.random() < 0.3:
            wish["version"] = device.get(table, rec)["version"]
        return wish

    def _restore(self, device: Device, table: str) -> dict[str, Any] | None:
        dead = sorted(self.ever[table] - set(device.ids(table)))
        return {"do": "restore", "table": table, "id": self.chance.choice(dead)} if dead else None

    def _link(self, device: Device, _: str) -> dict[str, Any] | None:
        relationship, left, right = self.chance.choice(LINKS)
        one, two = self._some(device, left), self._some(device, right)
        if one is None or two is None:
            return None
        return {"do": "link", "relationship": relationship, "left": one, "right": two}

    def _unlink(self, device: Device, _: str) -> dict[str, Any] | None:
        relationship, left, _ = self.chance.choice(LINKS)
        one = self._some(device, left)
        there = device.links(relationship, one) if one is not None else []
        if one is None or not there:
            return None
        two = self.chance.choice(there)
        return {"do": "unlink", "relationship": relationship, "left": one, "right": two}

    def _some(self, device: Device, table: str) -> str | None:
        found = device.ids(table)
        self.ever.get(table, set()).update(found)
        return self.chance.choice(found) if found else None

    # -- the network ---------------------------------------------------------------------------

    def _push(self, device: Device) -> None:
        """A bundle of some length, perhaps twice, perhaps with its answer lost."""
        bundle = device.bundle(entries_max=self.chance.choice((1, 3, 1000)))
        if not bundle.entries:
            return
        for _ in range(self.chance.choice((1, 1, 2))):
            device.hub.push(device.replica.identity.replica, bundle)

    def _pull(self, device: Device) -> None:
        """A pass in responses of some size, perhaps cut short; its FLIP perhaps late and again."""
        bytes_max = self.chance.choice((200, 2000, 1 << 20))
        for _ in range(self.chance.choice((1, 3, 1000))):
            state = device.state
            answer = device.hub.pull(
                device.replica.identity.replica, state.pass_cursor or state.cursor, bytes_max
            )
            for _ in range(self.chance.choice((1, 1, 2))):
                device.stage(answer)
            if answer.flip is not None:
                self._flip(device, answer.flip)
                return

    def _flip(self, device: Device, wire: list[Any]) -> None:
        if self.chance.random() < 0.2:
            self._write(device)
        self._install(device, wire)
        assert_derived(device)
        self._late.append((device, wire))
        late, old = self.chance.choice(self._late)
        base, seq = old[1], old[3]
        if base != late.state.seq or (base == seq and late.dump(layout.STG)[layout.STG]):
            assert late.install_or_start(old) is Installed.IGNORED

    def _install(self, device: Device, wire: list[Any]) -> None:
        result = device.install_or_start(wire)
        while result is Installed.TOO_LARGE:
            if self.chance.random() < 0.2:
                self._write(device)
            if self.chance.random() < 0.1:
                device.reopen()
            result = device.build_step()
        assert result is Installed.DONE

    # -- what must hold --------------------------------------------------------------------------

    def settle(self) -> None:
        """Everything reaches everybody; then it is looked at."""
        for device in self.devices:
            device.push_all()
        for device in self.devices:
            # Something may be written while a FLIP is built aside.
            self._install(device, device.fetch(self.chance.choice((300, 5000, 1 << 20))))
        for device in self.devices:
            device.push_all()
        for device in self.devices:
            assert device.pull() is Installed.DONE
        self._check()

    def _check(self) -> None:
        wanted = self.world.hub.digest()
        for device in self.devices:
            summary = device.summary()
            assert summary["digest"] == wanted
            assert summary["cursor"] == self.world.hub.head
            assert (summary["overlay"], summary["outbox"]) == (0, 0)
            assert_derived(device)
        reckoning = Reckoning(self.devices[0])
        accepted: list[Decided] = []
        for dot, device in self.ledger.items():
            accepted += self._find(dot, device)
        for decided in accepted:
            reckoning.settle(decided, accepted)

    def _find(self, dot: Dot, device: Device) -> list[Decided]:
        """Where a person finds an acknowledged change: in the archive or in quarantine."""
        verdict = self.world.hub.outcome(*dot)
        assert verdict is not None
        known = device.read(lambda txn: outbox.state_of(txn, *dot))
        assert known is not None
        assert (known["state"], known["code"]) == ("visible", verdict.code.name)
        if verdict.code not in ACCEPTED:
            assert device.read(lambda txn: quarantine.read(txn, dot)).code == verdict.code
            return []
        raw = device.read(lambda txn: txn.get(layout.ARC, layout.log_key(*dot)))
        assert raw is not None
        body, seq, _, _ = unpack(raw)
        return [Decided(device.replica.identity, dot.ctr, seq, decode_entry(body))]
