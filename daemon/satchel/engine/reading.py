"""Reads of the local API: rows, pages, links and journal lines, always from VIEW.

Plain functions over one short read transaction; they return finished values, so nothing of
the transaction outlives it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from satchel.crdt.liveness import RowKey
from satchel.engine import journal, log
from satchel.engine.derived import api_columns
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica
from satchel.engine.version import Version
from satchel.model import limits
from satchel.model.errors import Mistake
from satchel.model.ids import id_text, parse_id
from satchel.model.outcome import code_name
from satchel.model.row import Row, is_dead
from satchel.schema.table import Table
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack

_VIEW_ROW_BYTES = 18


def get(
    txn: ReadTxn, replica: Replica, table_name: str, rec: str, wanted: Collection[str] | None
) -> dict[str, Any]:
    """One living row.  Raises Missing NO_SUCH_ROW or GONE, Invalid for unknown columns."""
    moment = Moment(txn, replica)
    table, key = moment.place(table_name, rec)
    _check_columns(table, wanted)
    row = moment.living(table, key)
    pending = row is not moment.space.base(key)
    return _shown(moment, table, key, row, pending, _version(moment), wanted)


def list_rows(
    txn: ReadTxn,
    replica: Replica,
    table_name: str,
    after: str | None,
    limit: int | None,
    wanted: Collection[str] | None,
) -> dict[str, Any]:
    """A page of living rows in key order, which is the order of creation."""
    moment = Moment(txn, replica)
    table = moment.catalog.table(table_name)
    _check_columns(table, wanted)
    start = parse_id(after) if after is not None else b""
    if start is None:
        raise Mistake("BAD_REQUEST", f"{after!r:.60} is not where a page ended.")
    count = min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX)
    version = _version(moment)
    rows: list[dict[str, Any]] = []
    size, following = 0, None
    for key, row, pending in _visible(moment, table, start):
        shown = _shown(moment, table, key, row, pending, version, wanted)
        size += len(pack(shown))
        if rows and (len(rows) == count or size > limits.REPLY_BYTES_TARGET):
            following = rows[-1]["id"]
            break
        rows.append(shown)
    return {"rows": rows, "next": following}


def list_links(
    txn: ReadTxn,
    replica: Replica,
    relationship: str,
    rec: str,
    side: str | None,
    after: str | None,
    limit: int | None,
) -> dict[str, Any]:
    """The ids at the other end of the living links of a row."""
    moment = Moment(txn, replica)
    link = moment.catalog.link(relationship)
    own = parse_id(rec)
    if own is None or side not in (None, "left", "right"):
        raise Mistake("BAD_REQUEST", "Name a row by its id and its side as left or right.")
    from_left = side != "right"
    here = link.left_number if from_left else link.right_number
    there = link.right_number if from_left else link.left_number
    own_row = moment.space.row((here, own))
    found: list[str] = []
    following = None
    if own_row is not None and not is_dead(own_row):
        start = (parse_id(after) or b"") if after is not None else b""
        for other in sorted(_linked(moment, link.number, own, from_left)):
            row = moment.space.row((there, other))
            if other <= start or row is None or is_dead(row):
                continue
            if len(found) == min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX):
                following = found[-1]
                break
            found.append(id_text(other))
    return {"ids": found, "next": following}


def changes(txn: ReadTxn, replica: Replica, since: int, limit: int | None) -> dict[str, Any]:
    """Journal lines past ``since`` in the words of the API; ``reload`` if some are gone."""
    moment = Moment(txn, replica)
    if not journal.holds(txn, since):
        return {"changes": [], "position": journal.position(txn), "reload": True}
    shown: list[dict[str, Any]] = []
    size = 0
    for position, events in journal.lines(txn, since):
        if len(shown) == min(limit or limits.CHANGES_LINES_MAX, limits.CHANGES_LINES_MAX):
            break
        line = {"position": position, "rows": [_event(moment, event) for event in events]}
        size += len(events) * 80
        if shown and size > limits.REPLY_BYTES_TARGET:
            break
        shown.append(line)
    last = shown[-1]["position"] if shown else since
    return {"changes": shown, "position": last, "reload": False}


def _version(moment: Moment) -> str:
    head = log.read_head(moment.txn, moment.replica.identity.replica)
    return Version(moment.state.epoch, moment.state.seq, head.ctr).to_text()


def _shown(
    moment: Moment,
    table: Table,
    key: RowKey,
    row: Row,
    pending: bool,
    version: str,
    wanted: Collection[str] | None,
) -> dict[str, Any]:
    return {
        "table": table.name,
        "id": id_text(key[1]),
        "version": version,
        "pending": pending,
        "columns": api_columns(moment.catalog, table, row, moment.user_of, wanted),
    }


def _check_columns(table: Table, wanted: Collection[str] | None) -> None:
    for name in wanted or ():
        if name not in table.columns:
            raise Mistake("BAD_REQUEST", f"The table {table.name} has no column {name!r:.60}.")


def _visible(moment: Moment, table: Table, after: bytes) -> Iterator[tuple[RowKey, Row, bool]]:
    """The living rows of a table past ``after``: BASE and VIEW merged by key."""
    generation, prefix = moment.state.generation, layout.view_row_key(table.number, b"")
    start = after + b"\0" if after else b""
    base_prefix = layout.row_key(generation, table.number, b"")
    base = moment.txn.scan(
        layout.ROW, base_prefix + start, layout.row_key(generation, table.number + 1, b"")
    )
    view = (
        pair
        for pair in moment.txn.scan(
            layout.VIEW, prefix + start, layout.view_row_key(table.number + 1, b"")
        )
        if len(pair[0]) == _VIEW_ROW_BYTES
    )
    for rec, raw, pending in _merged(base, view):
        row = unpack(raw)
        if not is_dead(row):
            yield (table.number, rec), row, pending


def _merged(
    base: Iterator[tuple[bytes, bytes]], view: Iterator[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, bytes, bool]]:
    """(id, row blob, whether it differs from BASE) of both, ascending, VIEW standing in for BASE."""
    below, above = next(base, None), next(view, None)
    while below is not None or above is not None:
        base_rec = below[0][3:] if below is not None else None
        view_rec = above[0][2:] if above is not None else None
        if (
            above is not None
            and view_rec is not None
            and (base_rec is None or view_rec <= base_rec)
        ):
            yield view_rec, above[1], True
            if view_rec == base_rec:
                below = next(base, None)
            above = next(view, None)
        elif below is not None and base_rec is not None:
            yield base_rec, below[1], False
            below = next(base, None)


def _linked(moment: Moment, relation: int, own: bytes, from_left: bool) -> list[bytes]:
    """Other ends of links with a live add, their rows not yet asked."""
    generation = moment.state.generation
    if from_left:
        base_prefix = layout.lnk_key(generation, relation, own, b"")
        view_prefix = layout.view_link_key(relation, own, b"")
    else:
        base_prefix = layout.lnk_mirror_key(generation, relation, b"", own)
        view_prefix = layout.view_mirror_key(relation, b"", own)
    others = {key[len(base_prefix) :] for key, _ in moment.txn.prefix(layout.LNK, base_prefix)}
    for key, _ in moment.txn.prefix(layout.VIEW, view_prefix):
        if len(key) == len(view_prefix) + 16:
            others.add(key[len(view_prefix) :])
    return [
        other
        for other in others
        if moment.space.link((relation, own, other) if from_left else (relation, other, own))
    ]


def _event(moment: Moment, event: list[Any]) -> dict[str, Any]:
    kind = event[0]
    if kind == journal.ROW:
        table = moment.catalog.table_number(event[1])
        name = table.name if table is not None else str(event[1])
        return {"table": name, "id": id_text(event[2]), "kind": "put" if event[3] else "gone"}
    if kind == journal.LINK:
        link = moment.catalog.link_number(event[1])
        return {
            "relationship": link.name if link is not None else str(event[1]),
            "left": id_text(event[2]),
            "right": id_text(event[3]),
            "kind": "link" if event[4] else "unlink",
        }
    if kind == journal.OUTCOME:
        return {"kind": "outcome", "ctr": event[1], "code": code_name(event[2])}
    if kind == journal.CONFLICT:
        table = moment.catalog.table_number(event[1])
        name = table.name if table is not None else str(event[1])
        return {"kind": "conflict", "table": name, "id": id_text(event[2])}
    if kind == journal.DISCARD:
        return {"kind": "discard", "ctr": event[1]}
    return {"kind": "reload"}
