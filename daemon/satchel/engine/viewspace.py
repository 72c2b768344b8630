"""The VIEW as one transaction changes it: rows and links staged, then written once.

Owns the rule that VIEW holds an entry exactly where it differs from BASE, the REF entries
that follow from both, and the list of what an app can notice for the journal.  It is the
device's :class:`satchel.crdt.liveness.House`.  It must not know why anything changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from satchel.crdt.liveness import RowKey, settle
from satchel.model import limits
from satchel.model.errors import Invalid
from satchel.model.row import GONE, UNDER, VALUES, Row, Stamp, copy_row, is_dead
from satchel.schema.references import RESTRICT, Reference, References
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack

LinkKey = tuple[int, bytes, bytes]
"""(relationship number, left id, right id)"""


class Changes(NamedTuple):
    """What an app can notice of a transaction: rows, and links, that look different now."""

    rows: list[tuple[RowKey, bool]]
    links: list[tuple[LinkKey, bool]]


class ViewSpace:
    """Rows and links of one device in one transaction.  ``generation``: of BASE."""

    def __init__(self, txn: ReadTxn, references: References, generation: int) -> None:
        self.references = references
        self._txn = txn
        self._generation = generation
        self._bases: dict[RowKey, Row | None] = {}
        self._rows: dict[RowKey, Row | None] = {}
        self._folded: dict[RowKey, bool] = {}
        self._before: dict[RowKey, tuple[Row | None, Row | None]] = {}
        self._packed: dict[RowKey, bytes] = {}
        self._relooked: set[RowKey] = set()
        self._fresh: dict[bytes, dict[RowKey, None]] = {}
        self._fallen: list[RowKey] = []
        self._reached: dict[RowKey, None] | None = None
        self._links: dict[LinkKey, list[Stamp]] = {}
        self._links_before: dict[LinkKey, list[Stamp]] = {}

    # -- rows --------------------------------------------------------------------------------

    def base(self, key: RowKey) -> Row | None:
        """The hub's row as of S."""
        if key not in self._bases:
            raw = self._txn.get(layout.ROW, layout.row_key(self._generation, *key))
            self._bases[key] = unpack(raw) if raw is not None else None
        return self._bases[key]

    def row(self, key: RowKey) -> Row | None:
        """What apps see, as this transaction has left it so far."""
        if key not in self._rows:
            raw = self._txn.get(layout.VIEW, layout.view_row_key(*key))
            self._folded[key] = raw is not None
            self._rows[key] = unpack(raw) if raw is not None else self.base(key)
        return self._rows[key]

    def set_row(self, key: RowKey, row: Row | None) -> None:
        """Stage what apps are to see."""
        self._remember(key)
        self._relooked.add(key)
        self._rows[key] = row

    def edit(self, key: RowKey) -> Row | None:
        """The visible row, ready to be changed in place; where its lookups change, say so
        by :meth:`refers`."""
        row = self.row(key)
        first = key not in self._before
        if first:
            self._remember(key)
        if row is not None and (first or row is self._bases[key]):
            self._rows[key] = row = copy_row(row)
        return row

    def refers(self, key: RowKey) -> None:
        """Note that this transaction has set lookups of the row: REF does not know them yet."""
        self._relooked.add(key)
        for reference in self._references(key, self._rows[key]):
            self._fresh.setdefault(reference.target, {})[key] = None

    def set_base(self, key: RowKey, row: Row | None) -> None:
        """Stage a new BASE row; the caller writes ROW itself, and refolds."""
        self._remember(key)
        self._relooked.add(key)
        self._bases[key] = row

    def before(self, key: RowKey) -> Row | None:
        """The visible row as this transaction found it."""
        return self._before[key][0] if key in self._before else self.row(key)

    def _remember(self, key: RowKey) -> None:
        if key not in self._before:
            self._before[key] = (self.row(key), self.base(key))

    # -- the house of the liveness rule --------------------------------------------------------

    def cascade_parents(self, key: RowKey, row: Row) -> Iterable[RowKey]:
        return self.references.cascade_parents(key[0], row[VALUES])

    def remove_link_targets(self, key: RowKey, row: Row) -> Iterable[tuple[int, RowKey]]:
        return self.references.remove_link_targets(key[0], row[VALUES])

    def referrers(self, key: RowKey) -> Iterable[RowKey]:
        return [found for found, behaviour in self.references_to(key) if behaviour != RESTRICT]

    def references_to(self, key: RowKey) -> list[tuple[RowKey, str]]:
        """(row, delete behaviour) of each visible or BASE lookup that names ``key``."""
        found: dict[tuple[RowKey, str], None] = {}
        prefix = layout.ref_key(self._generation, key[1], 0, b"")[:-2]
        for raw, _ in self._txn.prefix(layout.REF, prefix):
            _, _, number, rec = layout.parse_ref_key(raw)
            relation = self.references.relation(number)
            if relation is not None and relation.target_number == key[0]:
                found[(relation.table_number, rec), relation.delete] = None
        for staged in self._fresh.get(key[1], ()):
            for relation, target in self._references(staged, self._rows[staged]):
                if target == key[1] and relation.target_number == key[0]:
                    found[staged, relation.delete] = None
        return [(at, behaviour) for at, behaviour in found if self._refers(at, key, behaviour)]

    def mark(self, key: RowKey, under: int | None, gone: list[int] | None) -> None:
        row = self.edit(key)
        assert row is not None
        was_dead = is_dead(row)
        row[UNDER], row[GONE] = under, gone
        if self._reached is not None:
            self._reached[key] = None
            if not was_dead and is_dead(row):
                self._fallen.append(key)
            if len(self._reached) >= limits.CASCADE_ROWS_MAX:  # with the row at the top, one more
                raise _reaches_too_far()

    def carry(self, key: RowKey) -> list[RowKey]:
        """Carry the life of a row that this command has just changed down to what depends on it.

        Returns the rows that died by it, ``key`` among them.  Raises Invalid TOO_BIG past the
        bounds of one change (sync.md 1.4).
        """
        if self._reached is None:
            self._reached = {}
        first = len(self._fallen)
        row = self._rows[key]
        if row is not None and is_dead(row):
            self._fallen.append(key)
        settle(self, (key,))
        return self._fallen[first:]

    def settle(self, also: Iterable[RowKey] = ()) -> None:
        """Carry every change of life staged so far, and of the rows ``also`` named, down.

        Without bounds: a FLIP that is refused for its size would be refused for ever.
        """
        flipped = {key: None for key in self._before if self._flipped(key)}
        flipped.update(dict.fromkeys(also))
        if flipped:
            settle(self, flipped)

    def _flipped(self, key: RowKey) -> bool:
        before, after = self._before[key][0], self._rows[key]
        return (before is not None and is_dead(before)) != (after is not None and is_dead(after))

    def _refers(self, at: RowKey, key: RowKey, behaviour: str) -> bool:
        return any(
            target == key[1] and relation.delete == behaviour
            for relation, target in self._references(at, self.row(at))
        )

    def _references(self, key: RowKey, row: Row | None) -> list[Reference]:
        return self.references.of(key[0], row[VALUES]) if row is not None else []

    # -- links -----------------------------------------------------------------------------------

    def base_link(self, key: LinkKey) -> list[Stamp]:
        """The live adds of a link in BASE."""
        raw = self._txn.get(layout.LNK, layout.lnk_key(self._generation, *key))
        return unpack(raw) if raw is not None else []

    def link(self, key: LinkKey) -> list[Stamp]:
        """The live adds of a link as apps see them, its ends aside."""
        if key not in self._links:
            raw = self._txn.get(layout.VIEW, layout.view_link_key(*key))
            self._links[key] = unpack(raw) if raw is not None else self.base_link(key)
        return self._links[key]

    def link_before(self, key: LinkKey) -> list[Stamp]:
        """The live adds as this transaction found them."""
        return self._links_before.get(key, self.link(key))

    def set_link(self, key: LinkKey, stamps: list[Stamp]) -> None:
        """Stage the live adds of a link."""
        self._links_before.setdefault(key, self.link(key))
        self._links[key] = stamps

    # -- writing -----------------------------------------------------------------------------------

    def size(self, key: RowKey) -> int:
        """The bytes of a row that an op has changed: it carries a stamp that BASE has not.
        It must not be changed any more before :meth:`flush`, which takes its word for both."""
        packed = self._packed[key] = pack(self._rows[key])
        return len(packed)

    def flush(self, txn: Txn) -> Changes:
        """Write VIEW and REF as staged; return what an app can notice."""
        rows = []
        for key, (before, base_before) in self._before.items():
            row, packed = self._rows[key], self._packed.get(key)
            if packed is not None:
                txn.put(layout.VIEW, layout.view_row_key(*key), packed)
            else:
                self._flush_row(txn, key, row)
            if key in self._relooked:
                self._flush_references(txn, key, before, base_before)
            if packed is not None or row != before:
                rows.append((key, row is not None and not is_dead(row)))
        links = []
        for link_key, stamps in self._links_before.items():
            after = self._links[link_key]
            self._flush_link(txn, link_key, after)
            if stamps != after:
                links.append((link_key, bool(after)))
        return Changes(rows, links)

    def _flush_row(self, txn: Txn, key: RowKey, row: Row | None) -> None:
        if row == self._bases[key]:
            if self._folded[key]:
                txn.delete(layout.VIEW, layout.view_row_key(*key))
        elif row is not None:
            txn.put(layout.VIEW, layout.view_row_key(*key), pack(row))

    def _flush_references(
        self, txn: Txn, key: RowKey, before: Row | None, base_before: Row | None
    ) -> None:
        old = {*self._references(key, before), *self._references(key, base_before)}
        new = {*self._references(key, self._rows[key]), *self._references(key, self._bases[key])}
        for relation, target in sorted(old - new, key=_by_target):
            gone = layout.ref_key(self._generation, target, relation.number, key[1])
            txn.delete(layout.REF, gone)
        for relation, target in sorted(new - old, key=_by_target):
            fresh = layout.ref_key(self._generation, target, relation.number, key[1])
            txn.put(layout.REF, fresh, b"")

    def index(self, txn: Txn, key: RowKey) -> None:
        """Put every REF entry of a row: for a generation that was built without its view."""
        row, base = self.row(key), self.base(key)
        for relation, target in {*self._references(key, row), *self._references(key, base)}:
            txn.put(
                layout.REF, layout.ref_key(self._generation, target, relation.number, key[1]), b""
            )

    def _flush_link(self, txn: Txn, key: LinkKey, stamps: list[Stamp]) -> None:
        view_key, mirror = layout.view_link_key(*key), layout.view_mirror_key(*key)
        if stamps == self.base_link(key):
            txn.delete(layout.VIEW, view_key)
            txn.delete(layout.VIEW, mirror)
        else:
            txn.put(layout.VIEW, view_key, pack(stamps))
            txn.put(layout.VIEW, mirror, b"")


def _reaches_too_far() -> Invalid:
    return Invalid(
        "TOO_BIG",
        f"This reaches more than {limits.CASCADE_ROWS_MAX} rows.",
        "Ask an administrator to do it at the hub.",
    )


def _by_target(reference: Reference) -> tuple[bytes, int]:
    return reference.target, reference.relation.number
