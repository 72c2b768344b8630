"""Where is what was written?  The account of one accepted change against the state it led to.

A value that was accepted is in its row, or somebody who knew of it wrote over it or deleted it,
or a conflict record tells its author that it lost (sync.md I1, I20).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from satchel.engine.replica import Identity, read_state
from satchel.model import changeset as cs
from satchel.model.changeset import Entry
from satchel.model.conflict import LOSER
from satchel.model.row import CTR, ORIGIN, VALUES, Row, Stamp, is_dead, stamp_of
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from tests.recompute import Device

Name = tuple[int, int]
"""(origin number, counter)"""

RowKey = tuple[int, bytes]
LinkKey = tuple[int, bytes, bytes]
Written = tuple[RowKey, int, dict[int, Any]]
"""(row, register, values)"""


class Decided(NamedTuple):
    """An accepted change: who wrote it, and where in the sequence it stands."""

    author: Identity
    ctr: int
    seq: int
    entry: Entry

    @property
    def name(self) -> Name:
        return self.author.number, self.ctr

    def knew(self, other: Decided) -> bool:
        """Whether its author knew of the other change; of an earlier op of the same, too."""
        if other.author.number == self.author.number:
            return other.ctr <= self.ctr
        return other.seq <= self.entry.ctx.base_seq

    def writes(self) -> Iterator[Written]:
        """Everything it sets; a create's columns one by one."""
        for op in self.entry.ops:
            if op[0] == cs.GROUP:
                yield (op[1], op[2]), op[3], op[4]
            elif op[0] in (cs.CREATE, cs.SET, cs.UPSERT):
                for column, value in op[3].items():
                    yield (op[1], op[2]), column, {column: value}
            if op[0] == cs.UPSERT:
                for group, values in op[4].items():
                    yield (op[1], op[2]), group, values

    def makes(self, key: RowKey) -> Iterator[dict[int, Any]]:
        """All values with which it makes the row."""
        for op in self.entry.ops:
            if op[0] == cs.CREATE and (op[1], op[2]) == key:
                yield op[3]

    def links(self) -> Iterator[LinkKey]:
        """The links it adds."""
        for op in self.entry.ops:
            if op[0] == cs.LINK:
                yield op[1], op[2], op[3]

    def unlinks(self) -> Iterator[LinkKey]:
        """The links it takes away."""
        for op in self.entry.ops:
            if op[0] == cs.UNLINK:
                yield op[1], op[2], op[3]

    @property
    def deletes(self) -> bool:
        """Whether it deletes anything: what, and what falls with it, is not asked."""
        return any(op[0] == cs.DELETE for op in self.entry.ops)


class Reckoning:
    """BASE of a device that has all there is, and who is told of a loss."""

    def __init__(self, device: Device) -> None:
        self._rows: dict[RowKey, Row] = {}
        self._links: dict[LinkKey, list[Stamp]] = {}
        self._losers: set[Name] = set()
        device.read(lambda txn: self._read(txn, read_state(txn).generation))

    def settle(self, decided: Decided, accepted: list[Decided]) -> None:
        """Fails where something of the change is nowhere to be found."""
        if decided.name in self._losers:
            return
        for written in decided.writes():
            assert self._shows(decided, written) or any(
                _replaces(other, decided, written) for other in accepted
            ), (decided, written)
        for link in decided.links():
            assert self._linked(decided, link) or any(
                _unlinks(other, decided, link) for other in accepted
            ), (decided, link)

    def _shows(self, decided: Decided, written: Written) -> bool:
        key, register, values = written
        row = self._rows[key]
        stamp = stamp_of(row, register)
        if is_dead(row) or (stamp[ORIGIN], stamp[CTR]) != decided.name:
            return False
        shown: dict[int, Any] = row[VALUES]
        return all(shown.get(column) == value for column, value in values.items())

    def _linked(self, decided: Decided, link: LinkKey) -> bool:
        stamps = self._links.get(link, [])
        return decided.name in {(stamp[ORIGIN], stamp[CTR]) for stamp in stamps}

    def _read(self, txn: ReadTxn, generation: int) -> None:
        prefix = layout.gen_prefix(generation)
        for key, raw in txn.prefix(layout.ROW, prefix):
            _, table, rec = layout.parse_row_key(key)
            self._rows[table, rec] = unpack(raw)
        for key, raw in txn.prefix(layout.LNK, prefix):
            if raw:
                _, number, left, right = layout.parse_lnk_key(key)
                self._links[number, left, right] = unpack(raw)
        for _, raw in txn.prefix(layout.CNF, prefix):
            loser = unpack(raw)[LOSER]
            self._losers.add((loser[ORIGIN], loser[CTR]))


def _replaces(other: Decided, decided: Decided, written: Written) -> bool:
    """Whether the other change wrote over it or deleted it knowingly, or to an equal value."""
    key, register, values = written
    same = [one for one in other.writes() if one[:2] == (key, register)]
    if other is decided:
        return other.deletes or len(same) > 1
    if other.knew(decided) and (other.deletes or same):
        return True
    return written in same or any(
        all(made.get(column) == value for column, value in values.items())
        for made in other.makes(key)
    )


def _unlinks(other: Decided, decided: Decided, link: LinkKey) -> bool:
    """Whether the other change knowingly took the link away, or added it anew."""
    again = link in other.links() and other is not decided
    return other.knew(decided) and (other.deletes or again or link in other.unlinks())
