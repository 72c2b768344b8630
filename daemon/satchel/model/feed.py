"""What the hub tells devices: kinds of feed lines and of entries in a page (sync.md 3.5)."""

from __future__ import annotations

from enum import IntEnum


class Line(IntEnum):
    """What a line of the hub's feed points at.  Part of disk keys: append only."""

    ROW = 0
    LINK = 1
    CONFLICT = 2
    ORIGIN = 3


class Item(IntEnum):
    """An entry of a PAGE: [item, seq, ...] (PROTOCOL.md, "Page entries")."""

    PUT = 0  # [0, seq, table, id, row bin]
    REMOVE = 1  # reserved: a row left the scope
    TOMB = 2  # [2, seq, table, id, tombstone bin]
    LINK = 3  # [3, seq, relationship, left, right, stamps bin]
    UNLINK = 4  # [4, seq, relationship, left, right]
    CONFLICT = 5  # [5, seq, table, id, register, conflict seq, n, record bin]
    ORIGIN = 6  # [6, seq, number, replica, processed, chain, former, user, device]
    OUTCOME = 7  # [7, seq, ctr, code, detail]  only to the replica that wrote ctr
