"""The journal: this device's local, ordered list of what apps can notice.

One line for one transaction, so a follower never sees part of a changeset or FLIP.  Lines
are cut to a bound whoever follows; a follower further behind reads afresh (sync.md 4.3).

    line = [event, ...];  event = [0, table, id, alive] | [1, relationship, left, right, live]
                                | [2]  everything may have changed: read afresh
                                | [3, ctr, code]  the hub has decided own work
                                | [4, table, id]  a conflict record came or was closed
                                | [5, ctr]  refused work was given up by a person
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from satchel.engine.viewspace import Changes
from satchel.model import limits
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack

ROW, LINK, RELOAD, OUTCOME, CONFLICT, DISCARD = range(6)

_TRIM_MAX = 8
"""Lines cut for each line written: keeps the bound without a pause."""


def append(txn: Txn, changes: Changes, events: list[list[Any]] | None = None) -> None:
    """Write one line, unless there is nothing that an app could notice."""
    line: list[list[Any]] = [[ROW, *key, int(alive)] for key, alive in changes.rows]
    line += [[LINK, *key, int(live)] for key, live in changes.links]
    line += events or []
    if not line:
        return
    if len(line) > limits.JOURNAL_EVENTS_MAX:
        line = [[RELOAD]]
    last = position(txn)
    txn.append(layout.JRN, layout.seq_key(last + 1), pack(line))
    if last >= limits.JOURNAL_LINES_MAX:
        _trim(txn, last + 2 - limits.JOURNAL_LINES_MAX)


def _trim(txn: Txn, keep_from: int) -> None:
    first = txn.first(layout.JRN, b"")
    assert first is not None, "a line was written just now"
    low = layout.parse_seq_key(first[0])
    for n in range(low, min(low + _TRIM_MAX, keep_from)):
        txn.delete(layout.JRN, layout.seq_key(n))


def position(txn: ReadTxn) -> int:
    """The number of the last line; 0 before the first."""
    last = txn.last(layout.JRN, b"")
    return layout.parse_seq_key(last[0]) if last is not None else 0


def holds(txn: ReadTxn, since: int) -> bool:
    """Whether every line past ``since`` is still here."""
    first = txn.first(layout.JRN, b"")
    return since <= position(txn) and (first is None or layout.parse_seq_key(first[0]) <= since + 1)


def lines(txn: ReadTxn, since: int) -> Iterator[tuple[int, list[list[Any]]]]:
    """(number, events) of the lines past ``since``, ascending."""
    for key, raw in txn.scan(layout.JRN, layout.seq_key(since + 1)):
        yield layout.parse_seq_key(key), unpack(raw)
