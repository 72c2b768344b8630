"""VIEW = fold(BASE, OVERLAY): the only dispatcher over ops and column kinds.

The fold never judges (sync.md 2.6): on a dead or missing row it skips the op and shows
the rest.  Counters, siblings and text get their branch here and a file beside this one.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.crdt import life, orset, register
from satchel.crdt.register import Loss, ReplicaOf
from satchel.crdt.seen import Author
from satchel.model import changeset as cs
from satchel.model.row import LENGTH, LIFE, Row, Stamp, Values, copy_row, new_row


class Source(NamedTuple):
    """One changeset as the laws see it: its stamp, its author's knowledge, its tie-breaks."""

    stamp: Stamp
    author: Author
    replica_of: ReplicaOf


def apply_row_op(row: Row | None, op: cs.Op, source: Source, losses: list[Loss]) -> Row | None:
    """The row after ``op``.  ``row`` itself is changed only if it was made by this fold.

    Losses found on the way are appended to ``losses``: at the hub they become conflict
    records, a device ignores them.
    """
    code = op[0]
    if code == cs.CREATE:
        return new_row(source.stamp, _given(op[3])) if row is None else row
    if row is None:
        return _made_by_upsert(op, source.stamp) if code == cs.UPSERT else None
    if code in (cs.DELETE, cs.RESTORE):
        life.change(row, op[3], source.stamp)
    elif row[LIFE][LENGTH] % 2 == 1:
        if code == cs.GROUP:
            _write(row, op[3], op[4], source, losses)
        else:
            for column, value in op[3].items():
                _write(row, column, {column: value}, source, losses)
        if code == cs.UPSERT:
            for group, values in op[4].items():
                _write(row, group, values, source, losses)
    return row


def apply_link_op(stamps: list[Stamp], op: cs.Op, source: Source) -> list[Stamp]:
    """The live adds of one link after ``op``."""
    if op[0] == cs.LINK:
        return orset.add(stamps, source.stamp, source.author)
    return orset.remove(stamps, op[4], source.replica_of)


def fold_row(base: Row | None, work: list[tuple[Source, list[cs.Op]]]) -> Row | None:
    """Fold the ops that touch one row over its BASE.

    ``work`` is in canonical order: ascending (hlc, replica, ctr) of the changesets, each
    with its ops on this row in their own order.  ``base`` is left as it is.
    """
    row = copy_row(base) if base is not None else None
    ignored: list[Loss] = []
    for source, ops in work:
        for op in ops:
            row = apply_row_op(row, op, source, ignored)
    return row


def fold_link(base: list[Stamp], work: list[tuple[Source, list[cs.Op]]]) -> list[Stamp]:
    """Fold the ops that touch one link over its live adds in BASE."""
    stamps = base
    for source, ops in work:
        for op in ops:
            stamps = apply_link_op(stamps, op, source)
    return stamps


def _made_by_upsert(op: cs.Op, stamp: Stamp) -> Row:
    values = dict(op[3])
    for group in op[4].values():
        values.update(group)
    return new_row(stamp, _given(values), upserted=True)


def _given(values: Values) -> Values:
    return {column: values[column] for column in sorted(values) if values[column] is not None}


def _write(row: Row, key: int, values: Values, source: Source, losses: list[Loss]) -> None:
    written = register.write(row, key, values, source.stamp, source.author, source.replica_of)
    if written.loss is not None:
        losses.append(written.loss)
