"""STG: pages of a pull that has not ended, each thing once, the higher seq staying.

Pages may come twice, late or crossed; they carry what they start from and are ignored
unless the device stands there, so re-sent pages change nothing (sync.md 3.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from satchel.engine.replica import State, read_state
from satchel.model.errors import Garbled
from satchel.model.feed import Item, Line
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import unpack

OUTCOMES = 9
"""Staged kind of own outcomes; the others are the feed's :class:`Line` kinds."""


def stage(txn: Txn, epoch: int, base: int, entries: list[bytes], cursor: bytes | None) -> bool:
    """Keep the entries of pages that start from (epoch, base), and where to go on after them.

    ``cursor`` None: nobody knows yet; should the pull be cut here, it goes on from the
    cursor before, and what is here comes again.  Returns False, and does nothing, if the device does not stand there.  Raises Garbled
    BAD_FRAME for entries of no known shape.
    """
    state = read_state(txn)
    if (state.epoch, state.seq) != (epoch, base):
        return False
    for raw in entries:
        item = unpack(raw)
        key = _place(item)
        present = txn.get(layout.STG, key)
        if present is None or unpack(present)[1] <= item[1]:
            txn.put(layout.STG, key, raw)
    if cursor is not None:
        state._replace(pass_cursor=cursor).write(txn)
    return True


def staged(txn: ReadTxn, kind: int) -> Iterator[list[Any]]:
    """The staged entries of one kind, in key order."""
    for _, raw in txn.prefix(layout.STG, bytes((kind,))):
        yield unpack(raw)


def staged_from(
    txn: ReadTxn, start: bytes, entries_max: int, bytes_max: int
) -> list[tuple[bytes, list[Any]]]:
    """A run of staged entries (key, entry) from ``start`` on, bounded, at least one."""
    found: list[tuple[bytes, list[Any]]] = []
    size = 0
    for key, raw in txn.scan(layout.STG, start):
        size += len(raw)
        if found and (len(found) == entries_max or size > bytes_max):
            break
        found.append((key, unpack(raw)))
    return found


def exceeds(txn: ReadTxn, entries_max: int, bytes_max: int) -> bool:
    """Whether more is staged than one transaction should install."""
    if txn.count(layout.STG) > entries_max:
        return True
    size = 0
    for _, raw in txn.scan(layout.STG):
        size += len(raw)
        if size > bytes_max:
            return True
    return False


def clear(txn: Txn, limit: int | None = None) -> int:
    """Drop staged entries; returns how many went."""
    return txn.delete_prefix(layout.STG, b"", limit)


def discard(txn: Txn) -> None:
    """Forget a pass that cannot be ended, and start the next from S."""
    clear(txn)
    state: State = read_state(txn)
    state._replace(pass_cursor=None).write(txn)


def _row_key(item: list[Any]) -> bytes:
    return layout.hub_row_key(item[2], item[3])


def _link_key(item: list[Any]) -> bytes:
    return layout.hub_lnk_key(item[2], item[3], item[4])


_PLACES: dict[int, tuple[int, int, Callable[[list[Any]], bytes]]] = {
    Item.PUT: (Line.ROW, 5, _row_key),
    Item.TOMB: (Line.ROW, 5, _row_key),
    Item.LINK: (Line.LINK, 6, _link_key),
    Item.UNLINK: (Line.LINK, 5, _link_key),
    Item.CONFLICT: (Line.CONFLICT, 8, lambda item: layout.hub_cnf_key(*item[2:7])),
    Item.ORIGIN: (Line.ORIGIN, 9, lambda item: item[3]),
    Item.OUTCOME: (OUTCOMES, 5, lambda item: layout.seq_key(item[2])),
}


def _place(item: Any) -> bytes:
    """The key under which an entry is staged."""
    if not isinstance(item, list) or not item:
        raise Garbled("BAD_FRAME", "A page entry is no list.")
    place = _PLACES.get(item[0])
    if place is None or len(item) != place[1]:
        raise Garbled("BAD_FRAME", f"A page entry of kind {item[0]!r:.20} is malformed.")
    try:
        return layout.stg_key(place[0], place[2](item))
    except Exception as broken:
        raise Garbled("BAD_FRAME", "A page entry names its row wrongly.") from broken
