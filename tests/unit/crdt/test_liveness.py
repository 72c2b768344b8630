"""Liveness is derived: marks follow from the rows above, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from satchel.crdt.liveness import RowKey, marks, settle
from satchel.model.row import GONE, LENGTH, LIFE, UNDER, VALUES, Row, copy_row, is_dead
from tests.unit.crdt.stamps import row

UNDER_COLUMN, LOOKUP = 1, 2
"""Column 1 cascades from its target, column 2 forgets it."""


class Rows:
    """A house of rows whose lookups are plain keys."""

    def __init__(self, rows: dict[RowKey, Row]) -> None:
        self.rows = rows
        self.marked: list[RowKey] = []

    def row(self, key: RowKey) -> Row | None:
        return self.rows.get(key)

    def cascade_parents(self, key: RowKey, row: Row) -> Iterable[RowKey]:
        return [row[VALUES][UNDER_COLUMN]] if UNDER_COLUMN in row[VALUES] else []

    def remove_link_targets(self, key: RowKey, row: Row) -> Iterable[tuple[int, RowKey]]:
        return [(LOOKUP, row[VALUES][LOOKUP])] if LOOKUP in row[VALUES] else []

    def referrers(self, key: RowKey) -> Iterable[RowKey]:
        return [at for at, row in self.rows.items() if key in row[VALUES].values()]

    def mark(self, key: RowKey, under: int | None, gone: list[int] | None) -> None:
        self.marked.append(key)
        self.rows[key] = copy_row(self.rows[key])
        self.rows[key][UNDER], self.rows[key][GONE] = under, gone

    def kill(self, key: RowKey, length: int = 2) -> None:
        """Write one life."""
        self.rows[key][LIFE][LENGTH] = length


def key(number: int) -> RowKey:
    """The key of a row."""
    return 1, bytes([number])


def chain(depth: int) -> Rows:
    """Row 0, and ``depth`` rows each under the one before it."""
    rows = {key(0): row({9: "top"})}
    for number in range(1, depth + 1):
        rows[key(number)] = row({UNDER_COLUMN: key(number - 1)})
    return Rows(rows)


def dead(house: Rows) -> list[int]:
    """Numbers of the rows that are dead."""
    return [at[1][0] for at, one in house.rows.items() if is_dead(one)]


def test_a_death_reaches_the_bottom_and_back() -> None:
    """A deep tree dies with its top, and comes back with it, whole."""
    house = chain(60)
    house.kill(key(0))
    assert settle(house, [key(0)]) == [key(number) for number in range(1, 61)]
    assert dead(house) == list(range(61))
    house.kill(key(0), 3)
    settle(house, [key(0)])
    assert dead(house) == []
    assert all(one[UNDER] is None for one in house.rows.values())


def test_what_was_deleted_on_its_own_stays_dead() -> None:
    """A row with a death of its own keeps it, and what is under it, when the top comes back."""
    house = chain(4)
    house.kill(key(2))
    settle(house, [key(2)])
    house.kill(key(0))
    settle(house, [key(0)])
    house.kill(key(0), 3)
    settle(house, [key(0)])
    assert dead(house) == [2, 3, 4]
    house.kill(key(2), 3)
    settle(house, [key(2)])
    assert dead(house) == []


def test_a_lookup_reads_as_null_while_its_target_is_dead() -> None:
    """The mark comes and goes with the target; the value stays."""
    house = Rows({key(0): row({9: "x"}), key(1): row({LOOKUP: key(0)})})
    house.kill(key(0))
    assert settle(house, [key(0)]) == [key(1)]
    assert (house.rows[key(1)][GONE], dead(house)) == ([LOOKUP], [0])
    house.kill(key(0), 3)
    settle(house, [key(0)])
    assert house.rows[key(1)][GONE] is None
    assert house.rows[key(1)][VALUES] == {LOOKUP: key(0)}


def test_nothing_is_marked_twice() -> None:
    """Settling what is settled changes nothing."""
    house = chain(3)
    house.kill(key(0))
    settle(house, [key(0)])
    house.marked.clear()
    assert settle(house, [key(0)]) == []
    assert house.marked == []


def test_a_ring_of_rows_ends_the_walk() -> None:
    """Rows under each other, which only an older hub could have, do not loop for ever."""
    house = Rows({key(0): row({UNDER_COLUMN: key(1)}), key(1): row({UNDER_COLUMN: key(0)})})
    house.kill(key(0))
    settle(house, [key(0)])
    assert dead(house) == [0, 1]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_ring_of_rows_does_not_keep_itself_dead(size: int) -> None:
    """Who is deleted takes the ring along, and who comes back brings it back, all of it."""
    rows = {key(at): row({UNDER_COLUMN: key((at + 1) % size)}) for at in range(size)}
    house = Rows({**rows, key(9): row({UNDER_COLUMN: key(0)})})
    house.kill(key(0))
    settle(house, [key(0)])
    assert dead(house) == [*range(size), 9]
    house.kill(key(0), 3)
    settle(house, [key(0)])
    assert dead(house) == []
    assert all(one[UNDER] is None for one in house.rows.values())


def test_a_row_moved_under_itself_is_dead_no_more() -> None:
    """Its death was its parent's alone, and that is its parent no longer."""
    house = chain(1)
    house.kill(key(0))
    settle(house, [key(0)])
    moved = copy_row(house.rows[key(1)])
    moved[VALUES][UNDER_COLUMN] = key(1)
    assert marks(house, key(1), moved) == (None, None)


def test_the_mark_decides_where_the_target_is_not_here() -> None:
    """A missing target keeps the mark that the hub gave."""
    lookup = row({LOOKUP: key(7)})
    house = Rows({key(1): lookup})
    assert marks(house, key(1), lookup) == (None, None)
    lookup[GONE] = [LOOKUP]
    assert marks(house, key(1), lookup) == (None, [LOOKUP])


def test_the_mark_decides_where_the_body_is_not_here() -> None:
    """A tombstone shows no lookups, so it keeps the marks that the hub gave."""
    stripped = row({})
    stripped[UNDER] = 1
    assert marks(Rows({key(1): stripped}), key(1), stripped) == (1, None)
