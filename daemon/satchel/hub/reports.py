"""What an administrator is shown: the state of an organisation, its log, its rows.

Owns how the hub's records read as plain values (text ids, API values).  Changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from satchel.hub.office import Office, Origin, State, read_origin
from satchel.hub.outcomes import read_outcome
from satchel.hub.roster import Device, DeviceState, User, devices, users
from satchel.model import limits
from satchel.model.errors import Missing
from satchel.model.ids import id_text, parse_id
from satchel.model.outcome import Code
from satchel.model.row import SEQ, Row, is_dead, visible_values
from satchel.schema.catalog import Catalog
from satchel.schema.table import Table
from satchel.schema.validate import from_stored
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack


def user_report(user: User) -> dict[str, Any]:
    """``{"id", "name", "disabled"}``"""
    return {"id": id_text(user.id), "name": user.name, "disabled": user.disabled}


def device_report(txn: ReadTxn, device: Device, last_seen: Mapping[bytes, int]) -> dict[str, Any]:
    """A device, how far its work is decided, and when it was last heard of (ms, or None)."""
    origin = read_origin(txn, device.replica)
    return {
        "id": id_text(device.id),
        "name": device.name,
        "user": id_text(device.user),
        "replica": device.replica.hex(),
        "number": device.number,
        "state": DeviceState(device.state).name.lower(),
        "not_after": device.not_after_ms,
        "processed": origin.processed if origin is not None else 0,
        "last_seen": last_seen.get(device.id),
    }


def org_report(txn: ReadTxn, office: Office, connected: int) -> dict[str, Any]:
    """Where the organisation stands: head, schema, how many of everything."""
    state = State.read(txn)
    origins = [_origin(txn, key) for key, _ in txn.scan(layout.ORG)]
    return {
        "org": office.setup.name,
        "org_id": id_text(office.setup.org),
        "epoch": state.epoch,
        "head": state.head,
        "schema": state.schema,
        "rows": txn.count(layout.ROW),
        "links": txn.count(layout.LNK) // 2,  # each has a mirror
        "users": sum(1 for _ in users(txn)),
        "devices": sum(1 for _ in devices(txn)),
        "connected": connected,
        "origins": [
            {
                "number": origin.number,
                "replica": origin.replica.hex(),
                "user": id_text(origin.user),
                "device": id_text(origin.device),
                "processed": origin.processed,
            }
            for origin in sorted(origins)
        ],
    }


def log_report(txn: ReadTxn, after_seq: int, limit: int) -> list[list[Any]]:
    """``[seq, replica, ctr, code, detail]`` of what was decided after ``after_seq``, in order.

    At most ``limit``, and what fits an answer.
    """
    lines = []
    room = limits.REPLY_BYTES_TARGET
    for key, raw in islice(txn.scan(layout.SEQ, layout.seq_key(after_seq + 1)), limit):
        replica, ctr = layout.parse_log_key(raw)
        outcome = read_outcome(txn, replica, ctr)
        assert outcome is not None, "every seq has an outcome"
        detail = None if outcome.detail is None else _plain(outcome.detail)
        line = [layout.parse_seq_key(key), replica.hex(), ctr, Code(outcome.code).name, detail]
        lines.append(line)
        room -= len(pack(line))
        if room <= 0:
            break
    return lines


def row_report(txn: ReadTxn, office: Office, table: str, row: str) -> dict[str, Any]:
    """One row, as :func:`rows_report` lists it.  Raises Missing NO_SUCH_ROW, Invalid."""
    catalog = _catalog(txn, office)
    known = catalog.table(table)
    rec = parse_id(row)
    raw = txn.get(layout.ROW, layout.hub_row_key(known.number, rec)) if rec is not None else None
    if rec is None or raw is None:
        raise Missing("NO_SUCH_ROW", f"There is no {table} {row}.")
    return _row(catalog, known, rec, unpack(raw))


def rows_report(
    txn: ReadTxn, office: Office, table: str, after: str | None, limit: int
) -> dict[str, Any]:
    """``{"rows": [{"table", "id", "alive", "seq", "columns"}], "next": id or None}``, in key
    order.  Columns that are null are left out.  Raises Invalid UNKNOWN_TABLE.

    At most ``limit``, and what fits an answer.
    """
    catalog = _catalog(txn, office)
    known = catalog.table(table)
    prefix = layout.hub_row_key(known.number, b"")
    start = prefix if after is None else prefix + (parse_id(after) or b"") + b"\0"
    stop = layout.hub_row_key(known.number + 1, b"")
    rows: list[dict[str, Any]] = []
    room = limits.REPLY_BYTES_TARGET
    for key, raw in txn.scan(layout.ROW, start, stop):
        if len(rows) == limit or room <= 0:
            return {"rows": rows, "next": rows[-1]["id"]}
        row = _row(catalog, known, layout.parse_hub_row_key(key)[1], unpack(raw))
        rows.append(row)
        room -= len(pack(row))
    return {"rows": rows, "next": None}


def _row(catalog: Catalog, table: Table, rec: bytes, row: Row) -> dict[str, Any]:
    columns = {}
    for number, value in visible_values(row).items():
        column = table.by_number[number]
        columns[column.name] = from_stored(catalog, table, column, value)
    return {
        "table": table.name,
        "id": id_text(rec),
        "alive": not is_dead(row),
        "seq": row[SEQ],
        "columns": columns,
    }


def _catalog(txn: ReadTxn, office: Office) -> Catalog:
    return office.schema(txn, State.read(txn).schema)[0]


def _origin(txn: ReadTxn, replica: bytes) -> Origin:
    origin = read_origin(txn, replica)
    assert origin is not None
    return origin


def _plain(detail: Any) -> Any:
    """A detail with its bytes as hexadecimal text, for people and JSON."""
    match detail:
        case bytes():
            return detail.hex()
        case dict():
            return {key: _plain(value) for key, value in detail.items()}
        case list():
            return [_plain(value) for value in detail]
    return detail
