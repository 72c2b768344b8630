"""The steps of an import: what one line asks for, and what that means for the rows there.

A step takes a record to a :class:`Candidate` without the store, and a candidate with a
snapshot to a :class:`Decision`: the ops to be judged, or that there is nothing to do, or
what is wrong.  Owns the comparison that makes a second import change nothing.  Must not
know how maps or files are written, nor write anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from satchel.hub.map_sources import BadValue, Record
from satchel.hub.mapping import LinkSection, RowSection
from satchel.hub.office import HUB_ORIGIN
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.changeset import Op
from satchel.model.errors import Invalid
from satchel.model.ids import id_text
from satchel.model.row import (
    BASE,
    CTR,
    LIFE,
    LIFE_STAMP,
    ORIGIN,
    STAMPS,
    VALUES,
    Row,
    is_dead,
    stamp_of,
)
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.relationship import LinkType
from satchel.schema.table import Table
from satchel.schema.validate import create_values, to_stored, update_values
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, sorted_map, unpack

_ENVELOPE_BYTES: Final = 1_024
"""What a changeset holds beside its ops: far more than it takes."""


class Target(NamedTuple):
    """A row that a line refers to, and how a person knows it."""

    table: Table
    rec: bytes
    words: str

    @property
    def value(self) -> str:
        """As an app gives a lookup."""
        return f"{self.table.name}:{id_text(self.rec)}"


class Candidate(NamedTuple):
    """What one line asks for: a row (``rec``) or a link (``left``, ``right`` in targets)."""

    line: int
    rec: bytes
    words: str
    given: Mapping[str, Any]
    targets: Mapping[str, Target]


class Decision(NamedTuple):
    """What a candidate comes to.

    ``ops`` is empty if there is nothing to write; ``problem`` is then a reason or None.
    ``kept``: differences left alone because somebody made them since.  ``written``:
    whether this import has written the row before.
    """

    line: int
    ops: list[Op]
    problem: str | None = None
    kept: int = 0
    written: bool = False


class Terms(NamedTuple):
    """What holds for a whole import: the tables, whose unowned rows are, its first counter."""

    catalog: Catalog
    owner: tuple[int, bytes]
    first_ctr: int
    keep_edited: bool


class Finder:
    """Rows that are there before the import, by the values of some of their columns."""

    def __init__(
        self, catalog: Catalog, table: Table, where: Mapping[str, Callable[[Record], Any]]
    ) -> None:
        self._catalog = catalog
        self._table = table
        self._columns: list[Column] = [table.columns[name] for name in where]
        self._reads = list(where.values())
        self._found: dict[bytes, bytes | None] = {}

    def load(self, txn: ReadTxn) -> None:
        """Index the living rows of the table as they are now; None marks a second one."""
        self._found = {}
        for key, raw in txn.prefix(layout.ROW, layout.hub_row_key(self._table.number, b"")):
            row = unpack(raw)
            if not is_dead(row):
                values = pack([row[VALUES].get(column.number) for column in self._columns])
                rec = layout.parse_hub_row_key(key)[1]
                self._found[values] = None if values in self._found else rec

    def read(self, record: Record) -> Target | None:
        """The row, None if the line has none of the values.  Raises BadValue."""
        given = [read(record) for read in self._reads]
        if given and all(value is None for value in given):
            return None
        pairs = list(zip(self._columns, given, strict=True))
        try:
            key = pack([to_stored(self._catalog, self._table, *pair) for pair in pairs])
        except Invalid as invalid:
            raise BadValue(invalid.message) from None
        words = " and ".join(f"{column.name} {value!r}" for column, value in pairs)
        words = f"{self._table.name} with {words}" if words else self._table.name
        if key not in self._found:
            raise BadValue(f"there is no {words}")
        rec = self._found[key]
        if rec is None:
            raise BadValue(f"there is more than one {words}")
        return Target(self._table, rec, f"the {words}")


class RowStep:
    """One pass over one section of rows: the first sets its columns, a second what had to wait."""

    def __init__(
        self,
        section: RowSection,
        table: Table,
        key: Callable[[Record], Target],
        columns: Mapping[str, Callable[[Record], Any]],
        waiting: Mapping[str, Callable[[Record], Any]],
        finders: list[Finder],
        *,
        first: bool,
    ) -> None:
        """``columns`` are set by this pass; ``waiting`` by a later one, but read by this one
        too, so that a line with a key that cannot be is bad as a whole."""
        self.section = section
        self.table = table
        self.finders = finders
        self.first = first
        self._key = key
        self._columns = columns
        self._waiting = waiting
        self._unclearable = {
            column.name
            for column in (table.owner_column, table.state_column, table.status_column)
            if column is not None
        }

    def prepare(self, line: int, record: Record) -> Candidate:
        """Read a line.  Raises BadValue."""
        row = self._key(record)
        given: dict[str, Any] = {}
        targets: dict[str, Target] = {}
        for name, read in self._columns.items():
            value = read(record)
            if isinstance(value, Target):
                targets[name] = value
                value = value.value
            if value is not None or name not in self._unclearable:
                given[name] = value
        for read in self._waiting.values():
            read(record)
        return Candidate(line, row.rec, row.words, given, targets)

    def decide(self, txn: ReadTxn, terms: Terms, candidate: Candidate) -> Decision:
        """Compare with the row that is there.  Reads only."""
        raw = txn.get(layout.ROW, layout.hub_row_key(self.table.number, candidate.rec))
        row = unpack(raw) if raw is not None else None
        written = row is not None and _written_since(row, terms.first_ctr)
        decision = Decision(candidate.line, [], written=written)
        try:
            if row is None:
                return self._create(txn, terms, candidate, decision) if self.first else decision
            if is_dead(row):
                return decision._replace(kept=int(self.first))
            return self._update(txn, terms, candidate, row, decision)
        except Invalid as invalid:
            return decision._replace(problem=invalid.message)
        except BadValue as bad:
            return decision._replace(problem=str(bad))

    def _create(
        self, txn: ReadTxn, terms: Terms, candidate: Candidate, decision: Decision
    ) -> Decision:
        _refuse_missing(txn, candidate, candidate.given)
        values = create_values(terms.catalog, self.table, candidate.given, terms.owner)
        op = [cs.CREATE, self.table.number, candidate.rec, sorted_map(values)]
        return _bounded(decision._replace(ops=[op]))

    def _update(
        self, txn: ReadTxn, terms: Terms, candidate: Candidate, row: Row, decision: Decision
    ) -> Decision:
        """Set what differs from the line, except what somebody has changed since."""
        differing, kept = {}, 0
        for name, value in candidate.given.items():
            column = self.table.columns[name]
            stored = to_stored(terms.catalog, self.table, column, value)
            if stored == row[VALUES].get(column.number):
                continue
            if terms.keep_edited and stamp_of(row, column.register)[ORIGIN] != HUB_ORIGIN:
                kept += 1
            else:
                differing[name] = value
        decision = decision._replace(kept=kept)
        if not differing:
            return decision
        _refuse_missing(txn, candidate, differing)
        registers = update_values(terms.catalog, self.table, differing, row[VALUES].get)
        return _bounded(decision._replace(ops=_update_ops(self.table, candidate.rec, registers)))


class LinkStep:
    """One pass over one section of links."""

    first = True

    def __init__(
        self,
        section: LinkSection,
        link: LinkType,
        ends: Mapping[str, Callable[[Record], Target | None]],
        finders: list[Finder],
    ) -> None:
        self.section = section
        self.link = link
        self.finders = finders
        self._ends = ends

    def prepare(self, line: int, record: Record) -> Candidate:
        """Read a line.  Raises BadValue."""
        targets = {}
        for side, read in self._ends.items():
            target = read(record)
            if target is None:
                raise BadValue(f"the {side} end of the link is not named")
            targets[side] = target
        left, right = targets["left"], targets["right"]
        return Candidate(
            line, left.rec + right.rec, f"{left.words} with {right.words}", dict(targets), targets
        )

    def decide(self, txn: ReadTxn, terms: Terms, candidate: Candidate) -> Decision:
        """A link that is there stays; one that somebody took away stays away, if they may keep."""
        left, right = (candidate.targets[side].rec for side in ("left", "right"))
        raw = txn.get(layout.LNK, layout.hub_lnk_key(self.link.number, left, right))
        if raw is not None and unpack(raw)[1]:
            return Decision(candidate.line, [])
        if raw is not None and terms.keep_edited:
            return Decision(candidate.line, [], kept=1)
        try:
            _refuse_missing(txn, candidate, candidate.given)
        except BadValue as bad:
            return Decision(candidate.line, [], str(bad))
        return Decision(candidate.line, [[cs.LINK, self.link.number, left, right]])


Step = RowStep | LinkStep


def _refuse_missing(txn: ReadTxn, candidate: Candidate, names: Mapping[str, Any]) -> None:
    """The hub would refuse a lookup to nothing too, but knows the row by its id only."""
    for name, target in candidate.targets.items():
        if name in names:
            raw = txn.get(layout.ROW, layout.hub_row_key(target.table.number, target.rec))
            if raw is None:
                raise BadValue(f"{name} refers to {target.words}, which is not there")
            if is_dead(unpack(raw)):
                raise BadValue(f"{name} refers to {target.words}, which was deleted")


def _update_ops(table: Table, rec: bytes, registers: Mapping[int, dict[int, Any]]) -> list[Op]:
    """Lone columns in one op, each group in its own."""
    lone = {
        number: values[number]
        for number, values in registers.items()
        if number not in table.groups
    }  # fmt: skip
    ops: list[Op] = [[cs.SET, table.number, rec, sorted_map(lone)]] if lone else []
    groups = sorted(registers.keys() & table.groups.keys())
    return ops + [
        [cs.GROUP, table.number, rec, number, sorted_map(registers[number])] for number in groups
    ]


def _bounded(decision: Decision) -> Decision:
    """A line too long for one changeset is a bad line, not the end of the import."""
    size = len(pack(decision.ops))
    if size > limits.CHANGESET_BYTES_MAX - _ENVELOPE_BYTES:
        return decision._replace(ops=[], problem=f"its {size} bytes are more than one row takes")
    return decision


def _written_since(row: Row, first_ctr: int) -> bool:
    """Whether the hub itself has written any of the row from that counter on."""
    stamps = [row[BASE], row[LIFE][LIFE_STAMP], *(row[STAMPS] or {}).values()]
    return any(stamp[ORIGIN] == HUB_ORIGIN and stamp[CTR] >= first_ctr for stamp in stamps)
