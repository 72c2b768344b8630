"""The conflict record: a value that lost unseen, kept for its author (sync.md 1.2, 1.3).

    record = [as-of seq, kind, values, loser stamp, winner stamp, open, link]

It is a fact of the hub and part of BASE.  Its key is (table, row, register, seq, n).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from satchel.model.row import Stamp, Values

Record = list[Any]

AS_OF, KIND, LOST, LOSER, WINNER, OPEN, LINK = range(7)
"""Places in a record.  LINK: [relationship, left, right] for a buried link, else None."""

WHOLE_ROW = 0
"""The register of what a create wrote: no column has number 0."""

LINK_REGISTER = 0x4000
"""Added to a relationship number: the register of its links."""


class ConflictKind(IntEnum):
    """Why the value is not in the row."""

    LOST = 0  # another write of the register, made without knowing this one, won
    BURIED = 1  # a delete by someone who did not know this value took the row
    BURIED_LINK = 2  # the same for a link of the row


class ConflictKey(NamedTuple):
    """Where a record lies: the row and register it is about, and when it was written."""

    table: int
    row: bytes
    register: int
    seq: int
    n: int


def make_record(
    seq: int,
    kind: ConflictKind,
    values: Values,
    loser: Stamp,
    winner: Stamp,
    link: list[Any] | None = None,
) -> Record:
    """An open record, filed at ``seq``."""
    return [seq, int(kind), values, loser, winner, 1, link]
