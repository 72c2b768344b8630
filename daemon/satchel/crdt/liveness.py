"""Liveness is derived, by one rule on device and hub (sync.md 1.4).

A row is dead iff its own life is even or a row it cascades from is dead; a remove-link
lookup reads as null while its target is dead.  A delete or restore writes one life; what
follows from it is marked here and never written as ops, so that a restore brings back
exactly what only this delete took away.  Rows in a ring, which the hub refuses but an outbox
may hold, do not keep each other dead: every death under another is somebody's delete.

The rule sees rows through :class:`House`; which lookups cascade is the schema's knowledge
and comes in as keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from satchel.model.row import GONE, LENGTH, LIFE, UNDER, Row, is_dead, is_stripped

RowKey = tuple[int, bytes]
"""(table number, row id)"""


class House(Protocol):
    """The rows of one replica as the rule needs them."""

    def row(self, key: RowKey) -> Row | None:
        """The row with its present marks, or None if it was never here."""

    def cascade_parents(self, key: RowKey, row: Row) -> Iterable[RowKey]:
        """The rows whose death is also this row's."""

    def remove_link_targets(self, key: RowKey, row: Row) -> Iterable[tuple[int, RowKey]]:
        """(column, target) of each lookup that reads as null while its target is dead."""

    def referrers(self, key: RowKey) -> Iterable[RowKey]:
        """The rows whose marks may follow from ``key``: a finished list, not a live scan."""

    def mark(self, key: RowKey, under: int | None, gone: list[int] | None) -> None:
        """Give the row these marks; afterwards :meth:`row` shows them."""


def marks(house: House, key: RowKey, row: Row) -> tuple[int | None, list[int] | None]:
    """(under, gone) as they follow from the rows above ``row``.

    A target that is not here, and a row whose body is not here, keep the mark that the
    hub gave: it decides where the rule cannot see.
    """
    if is_stripped(row):
        return row[UNDER], row[GONE]
    under = None
    for parent_key in house.cascade_parents(key, row):
        if _falls(house, parent_key, key, row):
            under = 1
            break
    marked = row[GONE] or ()
    gone = []
    for column, target_key in house.remove_link_targets(key, row):
        target = house.row(target_key)
        if is_dead(target) if target is not None else column in marked:
            gone.append(column)
    return under, sorted(gone) or None


def _falls(house: House, above: RowKey, key: RowKey, row: Row) -> bool:
    """Whether the row ``above`` is dead, and for another reason than the mark of ``key``.

    While ``key`` is alive no mark can come from it, so a death is carried down at the price
    of a look at each parent.  Else marks are followed up to a death of its own.
    """
    parent = house.row(above)
    if parent is None or not is_dead(parent):
        return False
    present = house.row(key)
    if present is None or not is_dead(present):
        return True
    waiting, met = [above], {above}
    while waiting:
        at = waiting.pop()
        found = row if at == key else house.row(at)
        if found is None:
            continue
        if _own_death(found) or (found[UNDER] is not None and is_stripped(found)):
            return True
        if found[UNDER] is not None and at != key:
            parents = [one for one in house.cascade_parents(at, found) if one not in met]
            met.update(parents)
            waiting += parents
    return False


def settle(house: House, flipped: Iterable[RowKey]) -> list[RowKey]:
    """Carry changes of life down to whatever depends on them, and to theirs.

    ``flipped``: rows that just died or came back.  Returns every other row whose marks
    changed, in the order met.  The house bounds the walk by what its ``mark`` allows.
    """
    waiting = deque(flipped)
    changed: list[RowKey] = []
    while waiting:
        for child_key in house.referrers(waiting.popleft()):
            child = house.row(child_key)
            if child is None:
                continue
            under, gone = marks(house, child_key, child)
            if (under, gone) == (child[UNDER], child[GONE]):
                continue
            flips = (under is None) != (child[UNDER] is None) and not _own_death(child)
            house.mark(child_key, under, gone)
            changed.append(child_key)
            if flips:
                waiting.append(child_key)
    return changed


def _own_death(row: Row) -> bool:
    return bool(row[LIFE][LENGTH] % 2 == 0)
