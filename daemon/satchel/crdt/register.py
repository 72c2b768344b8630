"""Last-writer-wins registers and groups under a causality-consistent clock.

A register is one column, or one group of columns that must not mix (an address, a state
with its status).  A group is written whole: what a write does not name is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from satchel.crdt.seen import Author
from satchel.model.row import (
    CTR,
    HLC,
    LIFE,
    ORIGIN,
    RESTORED,
    STAMPS,
    VALUES,
    Row,
    Stamp,
    Values,
    stamp_of,
)

ReplicaOf = Callable[[int], bytes]
"""From the hub's number of an origin to its replica id, which breaks ties of clocks."""


class Loss(NamedTuple):
    """A value that lost to someone who had not seen it (or was not seen by the winner)."""

    register: int
    values: Values
    stamp: Stamp
    winner: Stamp


class Written(NamedTuple):
    """What a write did: whether it won, and the value that lost unseen, if one did."""

    won: bool
    loss: Loss | None


def write(
    row: Row,
    register: int,
    values: Values,
    stamp: Stamp,
    author: Author,
    replica_of: ReplicaOf,
) -> Written:
    """Apply a write of one register to ``row`` in place.

    The newcomer wins iff it has seen the present stamp or its (hlc, replica) is greater.
    If it has seen a stamp not lower than its own (a clamp, a hub clock set back), its stamp
    becomes one above that, so the stamp of a register never falls (sync.md 1.2).  What
    nobody wrote gives way to anybody: so upserts of different columns merge (1.3).
    ``values`` maps each column of the register to its new value or None.
    """
    present = stamp_of(row, register)
    seen = author.seen(present, row[LIFE][RESTORED])
    blank = never_written(row, register, values)
    wins = seen or blank or _later(stamp, present, replica_of)
    loss = None
    if not seen and not blank:
        before = {column: row[VALUES].get(column) for column in values}
        if before != values:
            loss = (
                Loss(register, before, present, stamp)
                if wins
                else Loss(register, values, stamp, present)
            )
    if wins:
        if seen and present[HLC] >= stamp[HLC]:
            stamp = _raised(stamp, present)
        _store(row, register, values, stamp)
    return Written(wins, loss)


def never_written(row: Row, register: int, columns: Iterable[int]) -> bool:
    """Whether neither the create nor anything after it gave these columns, all of one
    register, a value: a column that was cleared has a stamp of its own."""
    stamps = row[STAMPS]
    if stamps is not None and register in stamps:
        return False
    values = row[VALUES]
    return not any(column in values for column in columns)


def _raised(stamp: Stamp, present: Stamp) -> Stamp:
    """One above what it has seen; the stamp itself where one changeset writes twice."""
    if stamp[ORIGIN] == present[ORIGIN] and stamp[CTR] == present[CTR]:
        return present
    return [present[HLC] + 1, *stamp[1:]]


def _later(stamp: Stamp, other: Stamp, replica_of: ReplicaOf) -> bool:
    if stamp[HLC] != other[HLC]:
        return bool(stamp[HLC] > other[HLC])
    return replica_of(stamp[ORIGIN]) > replica_of(other[ORIGIN])


def _store(row: Row, register: int, values: Values, stamp: Stamp) -> None:
    """Keep both maps ascending (canonical bytes); mostly they are so already."""
    kept: Values = row[VALUES]
    ascending = True
    for column, value in values.items():
        if value is None:
            kept.pop(column, None)
        else:
            ascending = ascending and _stays_ascending(kept, column)
            kept[column] = value
    if not ascending:
        row[VALUES] = {column: kept[column] for column in sorted(kept)}
    stamps = row[STAMPS]
    if stamps is None:
        row[STAMPS] = {register: stamp}
        return
    ascending = _stays_ascending(stamps, register)
    stamps[register] = stamp
    if not ascending:
        row[STAMPS] = {key: stamps[key] for key in sorted(stamps)}


def _stays_ascending(plain: dict[int, Any], key: int) -> bool:
    """Whether a map with ascending keys has them so when ``key`` is set."""
    return key in plain or key > next(reversed(plain), -1)
