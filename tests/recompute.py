"""A device's VIEW, REF and LNK computed anew from BASE and log, and compared with what lies there.

Everything is folded and marked from nothing, row by row until no mark changes any more, so it
shares no shortcut with the transactions it judges; the merge laws alone are the product's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from satchel.crdt.fold import Source, fold_link, fold_row
from satchel.crdt.liveness import RowKey, marks
from satchel.crdt.seen import Author
from satchel.engine import log
from satchel.engine.replica import Replica, read_state
from satchel.model.changeset import LINK_OPS, Op
from satchel.model.outcome import ACCEPTED
from satchel.model.row import (
    GONE,
    UNDER,
    VALUES,
    Row,
    Stamp,
    copy_row,
    is_stripped,
    make_stamp,
)
from satchel.schema.references import CASCADE, RESTRICT, References
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack

LinkKey = tuple[int, bytes, bytes]
Work = list[tuple[Source, list[Op]]]
T = TypeVar("T")


class Device(Protocol):
    """A device's store, as far as it is read here."""

    @property
    def replica(self) -> Replica: ...

    def read(self, work: Callable[[ReadTxn], T]) -> T: ...


def assert_derived(device: Device) -> None:
    """VIEW, REF and LNK hold exactly what follows from BASE and the log (sync.md I11)."""
    wanted, found = device.read(lambda txn: _compare(txn, device.replica))
    for name, keys in wanted.items():
        missing = {key.hex() for key, _ in keys.items() - found[name].items()}
        surplus = {key.hex() for key, _ in found[name].items() - keys.items()}
        assert not (missing | surplus), f"{name}: missing {missing}, too much {surplus}"


Store = dict[bytes, bytes]


def _compare(txn: ReadTxn, replica: Replica) -> tuple[dict[str, Any], dict[str, Any]]:
    state = read_state(txn)
    _, references = replica.schema(txn, state.schema)
    generation = layout.gen_prefix(state.generation)
    house = _House(txn, replica, references, state.generation)
    house.settle()
    links = {key: value for key, value in txn.prefix(layout.LNK, generation) if value}
    mirrors = {layout.lnk_mirror_key(*_parts(key)): b"" for key in links}
    wanted = {
        layout.VIEW: house.view(),
        layout.REF: dict.fromkeys(house.refs(), b""),
        layout.LNK: {**links, **mirrors},
    }
    found = {
        layout.VIEW: dict(txn.scan(layout.VIEW)),
        layout.REF: dict(txn.prefix(layout.REF, generation)),
        layout.LNK: dict(txn.prefix(layout.LNK, generation)),
    }
    return wanted, found


def _parts(key: bytes) -> tuple[int, int, bytes, bytes]:
    return layout.parse_lnk_key(key)


def _refused(txn: ReadTxn, own: bytes) -> set[int]:
    """The counters of own changesets that the hub refused, discarded ones too."""
    refused = {layout.parse_log_key(key)[1] for key, _ in txn.prefix(layout.QTN, own)}
    for key, raw in txn.prefix(layout.ARC, own):
        if unpack(raw)[2] not in ACCEPTED:
            refused.add(layout.parse_log_key(key)[1])
    return refused


class _House:
    """All rows of one replica in memory, for the rule of liveness."""

    def __init__(
        self, txn: ReadTxn, replica: Replica, references: References, generation: int
    ) -> None:
        self._references = references
        self._generation = generation
        self._markers: Store = {}
        self._base: dict[RowKey, Row] = {}
        for key, raw in txn.prefix(layout.ROW, layout.gen_prefix(generation)):
            _, table, rec = layout.parse_row_key(key)
            self._base[table, rec] = unpack(raw)
        self._base_links: dict[LinkKey, list[Stamp]] = {}
        for key, raw in txn.prefix(layout.LNK, layout.gen_prefix(generation)):
            if raw:
                self._base_links[_parts(key)[1:]] = unpack(raw)
        rows, links = self._read_log(txn, replica)
        self._rows = dict(self._base)
        for row_key, work in rows.items():
            row = fold_row(self._base.get(row_key), work)
            if row is not None:
                self._rows[row_key] = row
        for row_key, row in self._rows.items():
            if not is_stripped(row) and row[UNDER] is not None:
                # Nothing is dead by its own doing: who was moved to be above itself is alive.
                self._rows[row_key] = copy_row(row)
                self._rows[row_key][UNDER] = None
        self._links = {
            key: fold_link(self._base_links.get(key, []), work) for key, work in links.items()
        }

    def _read_log(
        self, txn: ReadTxn, replica: Replica
    ) -> tuple[dict[RowKey, Work], dict[LinkKey, Work]]:
        own = replica.identity
        rows: dict[RowKey, Work] = {}
        links: dict[LinkKey, Work] = {}
        lost = _refused(txn, own.replica)
        for ctr, record in log.records(txn, own.replica):
            entry = record.entry()
            if any(dot.ctr in lost for dot in entry.hard):
                lost.add(ctr)  # in counter order, so whatever stands on it comes later
            stamp = make_stamp(entry.hlc, own.number, ctr, None)
            author = Author(own.number, ctr, entry.ctx.base_seq, {})
            source = Source(stamp, author, lambda number: replica.replica_of(txn, number))
            for op in entry.ops:
                if op[0] in LINK_OPS:
                    work = links.setdefault((op[1], op[2], op[3]), [])
                    key = layout.view_link_overlay_key(op[1], op[2], op[3], own.replica, ctr)
                else:
                    work = rows.setdefault((op[1], op[2]), [])
                    key = layout.view_overlay_key(op[1], op[2], own.replica, ctr)
                if ctr not in lost:
                    work.append((source, [op]))
                self._markers[key] = b""
        return rows, links

    def row(self, key: RowKey) -> Row | None:
        return self._rows.get(key)

    def cascade_parents(self, key: RowKey, row: Row) -> Iterable[RowKey]:
        return [
            (relation.target_number, target)
            for relation, target in self._references.of(key[0], row[VALUES])
            if relation.delete == CASCADE
        ]

    def remove_link_targets(self, key: RowKey, row: Row) -> Iterable[tuple[int, RowKey]]:
        return [
            (relation.column_number, (relation.target_number, target))
            for relation, target in self._references.of(key[0], row[VALUES])
            if relation.delete not in (CASCADE, RESTRICT)
        ]

    def referrers(self, key: RowKey) -> Iterable[RowKey]:
        raise AssertionError("marks are recomputed row by row; nobody is asked who refers")

    def mark(self, key: RowKey, under: int | None, gone: list[int] | None) -> None:
        row = copy_row(self._rows[key])
        row[UNDER], row[GONE] = under, gone
        self._rows[key] = row

    def settle(self) -> None:
        """Mark every row until nothing changes."""
        changed = True
        while changed:
            changed = False
            for key, row in list(self._rows.items()):
                under, gone = marks(self, key, row)
                if (under, gone) != (row[UNDER], row[GONE]):
                    self.mark(key, under, gone)
                    changed = True

    def view(self) -> Store:
        """What VIEW must hold."""
        found = dict(self._markers)
        for key, row in self._rows.items():
            if row != self._base.get(key):
                found[layout.view_row_key(*key)] = pack(row)
        for link, stamps in self._links.items():
            if stamps != self._base_links.get(link, []):
                found[layout.view_link_key(*link)] = pack(stamps)
                found[layout.view_mirror_key(*link)] = b""
        return found

    def refs(self) -> set[bytes]:
        """What REF must hold: the lookups of BASE and of VIEW."""
        return {
            layout.ref_key(self._generation, reference.target, reference.relation.number, key[1])
            for rows in (self._base, self._rows)
            for key, row in rows.items()
            for reference in self._references.of(key[0], row[VALUES])
        }
