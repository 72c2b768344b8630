"""The row as it lies on disk and travels: one positional list (PROTOCOL.md, "Row").

    [fmt, seq, life, sec, base stamp, values, stamps, siblings, counters, gone, under]

Rows, stamps and lives are plain lists, not objects: 40 value objects cost as much as the
whole rest of a commit (budget.md 3).  The names of the places are below; nothing else in
Satchel counts on positions.

``values`` holds only columns that are not null, keys ascending.  A register that was
written after the create has a stamp of its own in ``stamps``; all others share the base
stamp, which is the create's and never moves.  ``seq`` in a row is the seq of its latest
change; ``seq`` in a stamp is None while the hub has not decided the changeset.
"""

from __future__ import annotations

from typing import Any

Stamp = list[Any]
Row = list[Any]
Values = dict[int, Any]

ROW_FORMAT = 1

FMT, SEQ, LIFE, SEC, BASE, VALUES, STAMPS, SIBLINGS, COUNTERS, GONE, UNDER = range(11)
"""Places in a row.  SEC, SIBLINGS and COUNTERS are reserved (None) until buckets, siblings
and counters are built; GONE: ascending numbers of lookup columns that read as null because
their target is dead; UNDER: 1 when the row is dead only because a row above it is."""

HLC, ORIGIN, CTR, STAMP_SEQ = range(4)
"""Places in a stamp: clock, the hub's number of the origin, its counter, the hub's seq."""

LENGTH, LIFE_STAMP, RESTORED, UPSERTED = range(4)
"""Places in a life: causal length (odd alive), stamp of the last change, seq of the last
restore of this row or of what it was dead under (or None), 1 if an upsert made it."""


def make_stamp(hlc: int, origin: int, ctr: int, seq: int | None) -> Stamp:
    """A stamp as a list of four."""
    return [hlc, origin, ctr, seq]


def new_row(stamp: Stamp, values: Values, *, upserted: bool = False) -> Row:
    """A living row made by the changeset behind ``stamp``; ``values`` in ascending order."""
    life = [1, stamp, None, 1 if upserted else None]
    return [
        ROW_FORMAT,
        stamp[STAMP_SEQ] or 0,
        life,
        None,
        stamp,
        values,
        None,
        None,
        None,
        None,
        None,
    ]


def copy_row(row: Row) -> Row:
    """A copy whose life, values, stamps and marks can be changed; stamps themselves are shared."""
    copied = list(row)
    copied[LIFE] = list(row[LIFE])
    copied[VALUES] = dict(row[VALUES])
    if row[STAMPS] is not None:
        copied[STAMPS] = dict(row[STAMPS])
    return copied


def is_dead(row: Row) -> bool:
    """Whether its own life is even or a row above it is dead (sync.md 1.4)."""
    return row[LIFE][LENGTH] % 2 == 0 or row[UNDER] is not None


def is_stripped(row: Row) -> bool:
    """Whether only the tombstone is here: the body stays at the hub (sync.md 1.3)."""
    return not row[VALUES]


def tombstone(row: Row) -> Row:
    """What a device keeps of a dead row: life, stamps of life and create, no values."""
    return [
        ROW_FORMAT, row[SEQ], row[LIFE], row[SEC], row[BASE],
        {}, None, None, None, None, row[UNDER],
    ]  # fmt: skip


def stamp_of(row: Row, register: int) -> Stamp:
    """The stamp of a register: its own, or the create's."""
    stamps = row[STAMPS]
    if stamps is not None and register in stamps:
        own: Stamp = stamps[register]
        return own
    base: Stamp = row[BASE]
    return base


def newest_stamp(row: Row) -> Stamp:
    """The stamp with the highest clock: what ``modifiedon`` and ``modifiedby`` are read off."""
    newest: Stamp = row[LIFE][LIFE_STAMP]
    if row[BASE][HLC] > newest[HLC]:
        newest = row[BASE]
    for stamp in (row[STAMPS] or {}).values():
        if stamp[HLC] > newest[HLC]:
            newest = stamp
    return newest


def highest_clock(row: Row) -> int:
    """The highest hlc among all stamps: what a new changeset on this row must exceed."""
    clock: int = newest_stamp(row)[HLC]
    return clock


def visible_values(row: Row) -> Values:
    """The values a reader sees: lookups to dead rows read as null."""
    values: Values = row[VALUES]
    gone = row[GONE]
    if not gone:
        return values
    return {column: value for column, value in values.items() if column not in gone}
