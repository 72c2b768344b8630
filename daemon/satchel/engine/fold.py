"""Refolding: what a row or link looks like once BASE or OVERLAY has changed under it."""

from __future__ import annotations

from typing import Any

from satchel.crdt.fold import Source, fold_link, fold_row
from satchel.crdt.liveness import RowKey, marks
from satchel.crdt.seen import Author
from satchel.engine.log import LogRecord, read_record
from satchel.engine.moment import Moment
from satchel.engine.refused import was_refused
from satchel.engine.viewspace import LinkKey
from satchel.model.changeset import LINK_OPS, Entry, Op
from satchel.model.ids import Dot
from satchel.model.row import GONE, UNDER, copy_row, make_stamp
from satchel.store import layout

Work = list[tuple[Source, list[Op]]]


class Folder:
    """Refolds rows and links in one transaction, decoding each changeset once."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._entries: dict[Dot, Entry] = {}
        self._orphans: dict[Dot, bool] = {}

    def refold_row(self, key: RowKey) -> None:
        """Stage the row as fold(BASE, OVERLAY) with the marks that follow from the view."""
        space = self._moment.space
        base = space.base(key)
        work = self._work(layout.view_row_key(*key), lambda op: _on_row(op, key))
        row = fold_row(base, work) if work else base
        if row is not None:
            under, gone = marks(space, key, row)
            if (under, gone) != (row[UNDER], row[GONE]):
                row = copy_row(row)
                row[UNDER], row[GONE] = under, gone
        space.set_row(key, row)
        if row is not None:
            space.refers(key)

    def refold_link(self, key: LinkKey) -> None:
        """Stage the live adds of a link as fold(BASE, OVERLAY)."""
        space = self._moment.space
        work = self._work(layout.view_link_key(*key), lambda op: _on_link(op, key))
        space.set_link(key, fold_link(space.base_link(key), work))

    def _work(self, prefix: bytes, touches: Any) -> Work:
        dots = [
            Dot(*layout.parse_log_key(raw[len(prefix) :]))
            for raw, _ in self._moment.txn.prefix(layout.VIEW, prefix)
            if len(raw) > len(prefix)
        ]
        entries = [(self._entry(dot), dot) for dot in dots if not self.is_orphan(dot)]
        entries.sort(key=lambda pair: (pair[0].hlc, pair[1]))
        return [
            (self._source(entry, dot), [op for op in entry.ops if touches(op)])
            for entry, dot in entries
        ]

    def is_orphan(self, dot: Dot) -> bool:
        """Whether a waiting changeset stands, at any remove, on one that was refused.

        It keeps its counter and waits for the hub's DEP, but is in no view (sync.md 2.4).
        """
        known = self._orphans.get(dot)
        if known is None:
            known = any(self._is_lost(cause) for cause in self._entry(dot).hard)
            self._orphans[dot] = known
        return known

    def _is_lost(self, cause: Dot) -> bool:
        txn = self._moment.txn
        if txn.get(layout.LOG, layout.log_key(*cause)) is not None:
            return self.is_orphan(cause)
        return was_refused(txn, cause)

    def _entry(self, dot: Dot) -> Entry:
        entry = self._entries.get(dot)
        if entry is None:
            record: LogRecord | None = read_record(self._moment.txn, *dot)
            assert record is not None, "an overlay marker has its changeset in the log"
            entry = self._entries[dot] = record.entry()
        return entry

    def _source(self, entry: Entry, dot: Dot) -> Source:
        number = self._moment.replica.identity.number
        stamp = make_stamp(entry.hlc, number, dot.ctr, None)
        author = Author(number, dot.ctr, entry.ctx.base_seq, {})
        return Source(stamp, author, self._moment.replica_of)


def _on_row(op: Op, key: RowKey) -> bool:
    return op[0] not in LINK_OPS and (op[1], op[2]) == key


def _on_link(op: Op, key: LinkKey) -> bool:
    return op[0] in LINK_OPS and (op[1], op[2], op[3]) == key


def touched(entry: Entry) -> tuple[list[RowKey], list[LinkKey]]:
    """The rows and links that a changeset's ops are on."""
    rows = dict.fromkeys((op[1], op[2]) for op in entry.ops if op[0] not in LINK_OPS)
    links = dict.fromkeys((op[1], op[2], op[3]) for op in entry.ops if op[0] in LINK_OPS)
    return list(rows), list(links)
