"""What judging one changeset reads and would write, held back until the verdict stands.

Owns the staged rows, links and conflict records of one changeset.  Nothing reaches the
store before :meth:`Workspace.flush`, so a refusal leaves nothing behind; the same object
is the :class:`satchel.crdt.liveness.House` of the hub.  It knows no rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from satchel.crdt.liveness import RowKey
from satchel.hub.office import move_line
from satchel.model import limits
from satchel.model.conflict import AS_OF, OPEN, ConflictKey, Record
from satchel.model.errors import Invalid
from satchel.model.feed import Line
from satchel.model.row import (
    GONE,
    LIFE,
    RESTORED,
    SEQ,
    UNDER,
    VALUES,
    Row,
    Stamp,
    copy_row,
    is_dead,
)
from satchel.schema.catalog import Catalog
from satchel.schema.references import CASCADE, REMOVE_LINK, RESTRICT, Reference, References
from satchel.store import layout
from satchel.store.txn import Txn, prefix_end
from satchel.wire.codec import pack, unpack

LinkKey = tuple[int, bytes, bytes]
"""(relationship number, left id, right id)"""

_FALLING = frozenset((CASCADE,))
_MARKING = frozenset((CASCADE, REMOVE_LINK))
_HOLDING = frozenset((RESTRICT,))


class LinkState:
    """One link at the hub: its live adds, whether a dead end hides it, its place in the feed."""

    __slots__ = ("hidden", "line", "stamps")

    def __init__(self, line: int, stamps: list[Stamp], hidden: bool) -> None:
        self.line = line
        self.stamps = stamps
        self.hidden = hidden

    @property
    def live(self) -> bool:
        """Whether devices see it."""
        return bool(self.stamps) and not self.hidden


class Workspace:
    """The rows, links and records that one changeset at ``seq`` touches."""

    def __init__(self, txn: Txn, catalog: Catalog, references: References, seq: int) -> None:
        self.catalog = catalog
        self.references = references
        self.seq = seq
        self._txn = txn
        self._rows: dict[RowKey, Row | None] = {}
        self._dirty: dict[RowKey, Row | None] = {}
        self._links: dict[LinkKey, LinkState] = {}
        self._dirty_links: dict[LinkKey, None] = {}
        self._fresh_links: dict[RowKey, list[LinkKey]] = {}
        self._records: dict[ConflictKey, tuple[Record, int]] = {}
        self._counts: dict[tuple[RowKey, int], int] = {}
        self._fresh: dict[bytes, dict[RowKey, None]] = {}
        self._marked: dict[RowKey, None] = {}
        self._work = 0

    # -- rows ------------------------------------------------------------------------------

    def row(self, key: RowKey) -> Row | None:
        """The row as this changeset has left it so far."""
        if key not in self._rows:
            self._count()
            raw = self._txn.get(layout.ROW, layout.hub_row_key(*key))
            self._rows[key] = unpack(raw) if raw is not None else None
        return self._rows[key]

    def edit(self, key: RowKey) -> Row | None:
        """The row, ready to be changed in place; it will be filed at this seq."""
        row = self.row(key)
        if key not in self._dirty:
            self._dirty[key] = row
            if row is not None:
                self._rows[key] = row = copy_row(row)
        return row

    def add(self, key: RowKey, row: Row) -> None:
        """Stage a new row."""
        self._dirty.setdefault(key, self.row(key))
        self._rows[key] = row

    def refers(self, key: RowKey) -> None:
        """Note that this changeset has set a lookup of the row: REF does not know it yet."""
        row = self.row(key)
        for reference in self._references(key, row) if row is not None else ():
            self._fresh.setdefault(reference.target, {})[key] = None

    def before(self, key: RowKey) -> Row | None:
        """The row as it was before this changeset."""
        return self._dirty[key] if key in self._dirty else self.row(key)

    def died(self) -> list[RowKey]:
        """The rows that were alive before this changeset and are dead now."""
        return [key for key in self.flipped() if self.before(key) is not None and self.dead(key)]

    def flipped(self) -> list[RowKey]:
        """The rows that have died, come back or come into being, in the order they were met."""
        return [
            key
            for key, before in self._dirty.items()
            if (before is None or is_dead(before)) != self.dead(key)
        ]

    def dead(self, key: RowKey) -> bool:
        """Whether a row is dead now, or was never here."""
        row = self.row(key)
        return row is None or is_dead(row)

    # -- the house of the liveness rule ------------------------------------------------------

    def cascade_parents(self, key: RowKey, row: Row) -> Iterable[RowKey]:
        return self.references.cascade_parents(key[0], row[VALUES])

    def remove_link_targets(self, key: RowKey, row: Row) -> Iterable[tuple[int, RowKey]]:
        return self.references.remove_link_targets(key[0], row[VALUES])

    def referrers(self, key: RowKey) -> list[RowKey]:
        """The rows whose marks may follow from ``key``.

        Raises Invalid TOO_BIG where there are more than one change may reach.
        """
        return self._listed(key, _MARKING)

    def falling(self, key: RowKey) -> list[RowKey]:
        """The rows that are dead while ``key`` is, for whatever other reason they may be."""
        return self._listed(key, _FALLING)

    def is_above(self, key: RowKey) -> bool:
        """Whether any row falls with ``key``."""
        return any(True for _ in self._naming(key, _FALLING))

    def holders(self, key: RowKey) -> Iterator[RowKey]:
        """The living rows that forbid a delete of ``key``, looked for one by one."""
        for found in self._naming(key, _HOLDING):
            if not self.dead(found):
                yield found

    def mark(self, key: RowKey, under: int | None, gone: list[int] | None) -> None:
        row = self.edit(key)
        assert row is not None
        self._marked[key] = None
        if len(self._marked) >= limits.CASCADE_ROWS_MAX:  # with the row at the top, one more
            raise _reaches_too_far()
        was_dead = is_dead(row)
        row[UNDER], row[GONE] = under, gone
        if was_dead and not is_dead(row):
            row[LIFE][RESTORED] = self.seq

    def _listed(self, key: RowKey, behaviours: frozenset[str]) -> list[RowKey]:
        found = list(islice(self._naming(key, behaviours), limits.CASCADE_ROWS_MAX + 1))
        if len(found) > limits.CASCADE_ROWS_MAX:
            raise _reaches_too_far()
        return found

    def _naming(self, key: RowKey, behaviours: frozenset[str]) -> Iterator[RowKey]:
        """The rows with a lookup to ``key`` of such a behaviour, each once, as staged so far."""
        met: set[RowKey] = set()
        for at in chain(self._stored(key, behaviours), list(self._fresh.get(key[1], ()))):
            if at in met:
                continue
            met.add(at)
            if at not in self._dirty or self._names(at, key, behaviours):
                yield at

    def _stored(self, key: RowKey, behaviours: frozenset[str]) -> Iterator[RowKey]:
        """What REF knows, passing over the relationships of other behaviours: a currency is
        named by every row there is."""
        rec = key[1]
        start, stop = rec, prefix_end(rec)
        while (pair := next(self._txn.scan(layout.REF, start, stop), None)) is not None:
            number = layout.parse_hub_ref_key(pair[0])[1]
            relation = self.catalog.relation_number(number)
            if (
                relation is not None
                and relation.target_number == key[0]
                and relation.delete in behaviours
            ):
                for raw, _ in self._txn.prefix(layout.REF, layout.hub_ref_key(rec, number, b"")):
                    yield relation.table_number, layout.parse_hub_ref_key(raw)[2]
            start = layout.hub_ref_key(rec, number + 1, b"")

    def _names(self, at: RowKey, key: RowKey, behaviours: frozenset[str]) -> bool:
        row = self.row(at)
        return row is not None and any(
            target == key[1] and relation.target_number == key[0] and relation.delete in behaviours
            for relation, target in self._references(at, row)
        )

    def _references(self, key: RowKey, row: Row) -> list[Reference]:
        return self.references.of(key[0], row[VALUES])

    # -- links ---------------------------------------------------------------------------------

    def link(self, key: LinkKey) -> LinkState:
        """The link as it stands, made empty if it never was."""
        state = self._links.get(key)
        if state is None:
            self._count()
            raw = self._txn.get(layout.LNK, layout.hub_lnk_key(*key))
            line, stamps, hidden = unpack(raw) if raw is not None else (0, [], 0)
            state = self._links[key] = LinkState(line, stamps, bool(hidden))
        return state

    def edit_link(self, key: LinkKey) -> LinkState:
        """The link, to be filed at this seq."""
        state = self.link(key)
        if key not in self._dirty_links:
            self._dirty_links[key] = None
            if not state.line:  # LNK does not know it yet
                for end in self.ends(key):
                    self._fresh_links.setdefault(end, []).append(key)
        return state

    def touched_links(self) -> list[LinkKey]:
        """The links staged so far, in the order they were met."""
        return list(self._dirty_links)

    def link_restored(self, key: LinkKey) -> int | None:
        """The seq of the latest restore of an end: nobody saw the link before, since the end
        had died."""
        rows = [self.row(end) for end in self.ends(key)]
        restored = [row[LIFE][RESTORED] for row in rows if row is not None]
        return max((seq for seq in restored if seq is not None), default=None)

    def links_of(self, key: RowKey) -> list[LinkKey]:
        """The links, hidden ones included, that have the row as an end."""
        table, rec = key
        found: dict[LinkKey, None] = {}
        for link in self.catalog.links():
            if link.left_number == table:
                for raw, _ in self._txn.prefix(
                    layout.LNK, layout.hub_lnk_key(link.number, rec, b"")
                ):
                    found[layout.parse_hub_lnk_key(raw)] = None
            if link.right_number == table:
                prefix = layout.hub_lnk_mirror_key(link.number, b"", rec)
                for raw, _ in self._txn.prefix(layout.LNK, prefix):
                    _, right, left = layout.parse_hub_lnk_key(raw)
                    found[link.number, left, right] = None
        found.update(dict.fromkeys(self._fresh_links.get(key, ())))
        return list(found)

    def ends(self, key: LinkKey) -> tuple[RowKey, RowKey]:
        """The rows a link joins."""
        link = self.catalog.link_number(key[0])
        assert link is not None
        return (link.left_number, key[1]), (link.right_number, key[2])

    # -- conflict records -----------------------------------------------------------------------

    def file(self, key: RowKey, register: int, record: Record) -> None:
        """Stage a new conflict record about a register of a row."""
        n = self._counts.get((key, register), 0)
        self._counts[key, register] = n + 1
        self._records[ConflictKey(*key, register, self.seq, n)] = (record, 0)

    def open_records(self, key: RowKey, register: int) -> list[tuple[ConflictKey, Record]]:
        """The stored open records of a register that this changeset has not closed."""
        prefix = layout.hub_row_key(*key) + register.to_bytes(2, "big")
        found = []
        for raw, value in self._txn.prefix(layout.CNF, prefix):
            record, at = unpack(value), ConflictKey(*layout.parse_hub_cnf_key(raw))
            if record[OPEN] and at not in self._records:
                found.append((at, record))
        return found

    def close_record(self, at: ConflictKey, record: Record) -> None:
        """Stage the closing of an open record."""
        closed = [self.seq, *record[1:OPEN], 0, *record[OPEN + 1 :]]
        self._records[at] = (closed, record[AS_OF])

    # -- filing ------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything staged, each thing once, at this changeset's seq.

        Raises Invalid TOO_BIG for a row over 1 MiB, before the first put.
        """
        rows = [(key, self._encode(key), before) for key, before in self._dirty.items()]
        for key, data, before in rows:
            self._flush_row(key, data, before)
        for link_key in self._dirty_links:
            self._flush_link(link_key)
        for record_key, (record, old_line) in self._records.items():
            raw = layout.hub_cnf_key(*record_key)
            self._txn.put(layout.CNF, raw, pack(record))
            move_line(self._txn, Line.CONFLICT, raw, old_line, self.seq)

    def _encode(self, key: RowKey) -> bytes:
        """The staged row as it is stored.  Its values are bounded, not its stamps: a row that
        has grown old can still be deleted."""
        row = self._rows[key]
        assert row is not None, "no row is ever unmade"
        row[SEQ] = self.seq
        data = pack(row)
        if len(data) > limits.ROW_BYTES_MAX:
            size = len(pack(row[VALUES]))
            if size > limits.ROW_BYTES_MAX:
                raise Invalid("TOO_BIG", f"A row of {size} bytes exceeds 1 MiB.")
        return data

    def _flush_row(self, key: RowKey, data: bytes, before: Row | None) -> None:
        raw = layout.hub_row_key(*key)
        self._txn.put(layout.ROW, raw, data)
        move_line(self._txn, Line.ROW, raw, before[SEQ] if before is not None else 0, self.seq)
        row = self._rows[key]
        old = dict.fromkeys(self._references(key, before)) if before is not None else {}
        new = dict.fromkeys(self._references(key, row)) if row is not None else {}
        for relation, target in old:
            if (relation, target) not in new:
                self._txn.delete(layout.REF, layout.hub_ref_key(target, relation.number, key[1]))
        for relation, target in new:
            if (relation, target) not in old:
                self._txn.put(layout.REF, layout.hub_ref_key(target, relation.number, key[1]), b"")

    def _flush_link(self, key: LinkKey) -> None:
        state = self._links[key]
        raw = layout.hub_lnk_key(*key)
        self._txn.put(layout.LNK, raw, pack([self.seq, state.stamps, int(state.hidden)]))
        self._txn.put(layout.LNK, layout.hub_lnk_mirror_key(*key), b"")
        move_line(self._txn, Line.LINK, raw, state.line, self.seq)

    def _count(self) -> None:
        """Rows and links read are counted, so that no verdict depends on how busy the hub is;
        what a delete reaches brings its own allowance (sync.md 6.4)."""
        self._work += 1
        if self._work > limits.JUDGE_ROWS_MAX + limits.JUDGE_ROWS_PER_MARK * len(self._marked):
            raise Invalid(
                "TOO_BIG", f"This change touches more than {limits.JUDGE_ROWS_MAX} rows and links."
            )


def _reaches_too_far() -> Invalid:
    return Invalid(
        "TOO_BIG",
        f"This change reaches more than {limits.CASCADE_ROWS_MAX} rows below those it names.",
    )
