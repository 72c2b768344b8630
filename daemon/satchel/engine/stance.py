"""What a changeset stands on: its clock's floor, its hard dependencies, its context.

Collected while the change is planned, from every row and link it touches or names.
"""

from __future__ import annotations

from collections.abc import Callable

from satchel.engine.version import Version
from satchel.model.ids import Dot
from satchel.model.row import (
    BASE,
    CTR,
    HLC,
    LIFE,
    ORIGIN,
    SEQ,
    STAMP_SEQ,
    Row,
    Stamp,
    highest_clock,
)


class Stance:
    """Grows with every row and link that the planned change stands on.

    ``floor``: the highest clock met (sync.md 1.1).  ``rows_seq``: the highest seq among the
    BASE rows met (2.3).  ``base_seq``: the cursor, or less when a delete stands on an older
    read (1.2).  ``hard``: the pending changesets without which this one means nothing (2.4).
    """

    __slots__ = ("_replica_of", "base_seq", "floor", "hard", "rows_seq")

    def __init__(self, base_seq: int, floor: int, replica_of: Callable[[int], bytes]) -> None:
        self.base_seq = base_seq
        self.floor = floor
        self.rows_seq = 0
        self.hard: dict[Dot, None] = {}
        self._replica_of = replica_of

    def stand_on(self, row: Row | None, *, upsert: bool = False, life: bool = False) -> None:
        """The change touches this row, or names it in a lookup or link.

        ``row``: as it was before the change; None if the change itself makes it.  ``upsert``:
        it would make the row where it were missing, so it needs nobody else's create.
        ``life``: it leads the row's life on from where a pending delete has left it.
        """
        if row is None:
            return
        created, (length, born, *_) = row[BASE], row[LIFE]
        if created[STAMP_SEQ] is None and not upsert:
            self._need(created)
        if born[STAMP_SEQ] is None and length > 1 and (life or length % 2 == 1):
            self._need(born)
        self.floor = max(self.floor, highest_clock(row))
        self.rows_seq = max(self.rows_seq, row[SEQ])

    def _need(self, stamp: Stamp) -> None:
        self.hard[Dot(self._replica_of(stamp[ORIGIN]), stamp[CTR])] = None

    def stand_on_stamps(self, stamps: list[Stamp]) -> None:
        """The change touches a link that had these live adds before it."""
        for stamp in stamps:
            self.floor = max(self.floor, stamp[HLC])

    def as_read(self, version: Version) -> None:
        """A delete covers what no check can list: it counts as made when the person read."""
        self.base_seq = min(self.base_seq, version.seq)
