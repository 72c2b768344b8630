"""All replicas equal what a naive model makes of the same outcomes (sync.md 7.4)."""

from __future__ import annotations

from typing import Any

from satchel.engine.replica import read_state
from satchel.model.conflict import KIND, LOSER, OPEN, ConflictKind
from satchel.model.ids import Dot
from satchel.model.row import CTR, ORIGIN, VALUES, is_dead, visible_values
from satchel.schema.catalog import Catalog
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from tests.sim.checkers.checker import Checker
from tests.sim.device import SimDevice
from tests.sim.reference import LinkName, Loss, Reference, RowName


class AsReference(Checker):
    """Runs the model once everything rests."""

    def rested(self) -> None:
        schema = self.scene.hub.disk.read(lambda txn: txn.last(layout.SCH))
        assert schema is not None
        model = Reference(Catalog(unpack(schema[1])))
        model.feed(self.scene.ledger.by_seq)
        living, links, losses = model.living(), model.live_links(), set(model.losses)
        for device in self.scene.devices:
            found = device.read(lambda txn, device=device: _Base(txn, device, model))  # type: ignore[misc]
            _compare(f"{device.name}: living rows", found.rows, living)
            assert found.links == links, f"{device.name}: links {found.links ^ links}"
            assert found.losses == losses, f"{device.name}: losses {found.losses ^ losses}"


def _compare(what: str, found: dict[RowName, Any], wanted: dict[RowName, Any]) -> None:
    for name in found.keys() | wanted.keys():
        one, other = found.get(name), wanted.get(name)
        assert one == other, f"{what}: {name[0]}:{name[1].hex()} is {one}, should be {other}"


class _Base:
    """BASE of a device in the model's words; of rows only those that devices made."""

    def __init__(self, txn: ReadTxn, device: SimDevice, model: Reference) -> None:
        generation = layout.gen_prefix(read_state(txn).generation)
        self.rows: dict[RowName, dict[int, Any]] = {}
        self.links: set[LinkName] = set()
        self.losses: set[Loss] = set()
        for key, raw in txn.prefix(layout.ROW, generation):
            _, table, rec = layout.parse_row_key(key)
            row = unpack(raw)
            assert bool(row[VALUES]) or is_dead(row), f"a living row without values: {rec.hex()}"
            if (table, rec) in model.rows and not is_dead(row):
                self.rows[table, rec] = visible_values(row)
        for key, raw in txn.prefix(layout.LNK, generation):
            if raw:
                _, number, left, right = layout.parse_lnk_key(key)
                self.links.add((number, left, right))
        for key, raw in txn.prefix(layout.CNF, generation):
            _, table, rec, register, seq, _ = layout.parse_cnf_key(key)
            record = unpack(raw)
            if record[OPEN] and record[KIND] == ConflictKind.LOST:
                loser = record[LOSER]
                replica = device.replica.replica_of(txn, loser[ORIGIN])
                self.losses.add(Loss((table, rec), register, Dot(replica, loser[CTR]), seq))
