"""Conflict records as people read them: what lost, to whom, and whose it was."""

from __future__ import annotations

import struct
from typing import Any

from satchel.engine.moment import Moment
from satchel.engine.replica import Replica
from satchel.model import hlc, limits
from satchel.model.conflict import KIND as RECORD_KIND
from satchel.model.conflict import (
    LINK,
    LOSER,
    LOST,
    OPEN,
    WHOLE_ROW,
    WINNER,
    ConflictKey,
    ConflictKind,
    Record,
)
from satchel.model.errors import Missing
from satchel.model.ids import id_text
from satchel.model.row import HLC, ORIGIN, VALUES, Stamp, Values
from satchel.schema.dates import moment_text
from satchel.schema.table import Table
from satchel.schema.validate import from_stored
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack

_KINDS = {
    ConflictKind.LOST: "value",
    ConflictKind.BURIED: "buried",
    ConflictKind.BURIED_LINK: "link",
}


def page(
    txn: ReadTxn, replica: Replica, after: str | None, limit: int | None, everyone: bool
) -> dict[str, Any]:
    """Open records about this user's own values; ``everyone``: all records, closed ones too."""
    moment = Moment(txn, replica)
    count = min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX)
    start = _key(after) if after is not None else b""
    generation = layout.gen_prefix(moment.state.generation)
    shown: list[dict[str, Any]] = []
    following, total, size = None, 0, 0
    for raw_key, raw in txn.prefix(layout.CNF, generation):
        record = unpack(raw)
        if not everyone and not (record[OPEN] and _is_mine(moment, record)):
            continue
        total += 1
        if raw_key[1:] <= start:
            continue
        if following is not None:
            continue
        one = _shown(moment, raw_key[1:], record)
        size += len(pack(one))
        if shown and (len(shown) == count or size > limits.REPLY_BYTES_TARGET):
            following = shown[-1]["id"]
        else:
            shown.append(one)
    return {"conflicts": shown, "next": following, "total": total}


def show(txn: ReadTxn, replica: Replica, given: str) -> dict[str, Any]:
    """One record by its id.  Raises Missing NO_SUCH_ENTRY."""
    moment = Moment(txn, replica)
    key = _key(given)
    raw = txn.get(layout.CNF, layout.gen_prefix(moment.state.generation) + key)
    if raw is None:
        raise _unknown(given)
    return _shown(moment, key, unpack(raw))


def open_count(txn: ReadTxn, replica: Replica) -> int:
    """How many open records are about this user's own values."""
    moment = Moment(txn, replica)
    generation = layout.gen_prefix(moment.state.generation)
    return sum(
        1
        for _, raw in txn.prefix(layout.CNF, generation)
        if (record := unpack(raw))[OPEN] and _is_mine(moment, record)
    )


def _is_mine(moment: Moment, record: Record) -> bool:
    return moment.user_of(record[LOSER][ORIGIN]) == moment.replica.identity.user


def _key(given: str) -> bytes:
    try:
        key = bytes.fromhex(given)
        layout.parse_hub_cnf_key(key)
    except (ValueError, struct.error):
        raise _unknown(given) from None
    return key


def _unknown(given: str) -> Missing:
    return Missing(
        "NO_SUCH_ENTRY",
        f"There is no conflict record {given!r:.80}.",
        "List them with: satchel conflicts",
    )


def _shown(moment: Moment, raw_key: bytes, record: Record) -> dict[str, Any]:
    key = ConflictKey(*layout.parse_hub_cnf_key(raw_key))
    table = moment.catalog.table_number(key.table)
    row = moment.space.row((key.table, key.row))
    shown: dict[str, Any] = {
        "id": raw_key.hex(),
        "table": table.name if table is not None else str(key.table),
        "row": id_text(key.row),
        "kind": _KINDS[record[RECORD_KIND]],
        "seq": key.seq,
        "open": bool(record[OPEN]),
        "lost": _side(moment, record[LOSER]),
        "won": _side(moment, record[WINNER]),
    }
    if record[LINK] is not None:
        link = moment.catalog.link_number(record[LINK][0])
        shown["relationship"] = link.name if link is not None else str(record[LINK][0])
        shown["left"], shown["right"] = id_text(record[LINK][1]), id_text(record[LINK][2])
        return shown
    if table is not None:
        shown["column"] = _register_name(table, key.register)
        shown["lost"]["value"] = _values(moment, table, record[LOST])
        present = row[VALUES] if row is not None else {}
        shown["won"]["value"] = _values(moment, table, {n: present.get(n) for n in record[LOST]})
    return shown


def _side(moment: Moment, stamp: Stamp) -> dict[str, Any]:
    return {
        "by": id_text(moment.user_of(stamp[ORIGIN])),
        "at": moment_text(hlc.to_ms(stamp[HLC])),
        "value": None,
    }


def _register_name(table: Table, register: int) -> str | None:
    if register == WHOLE_ROW:
        return None
    members = table.groups.get(register, (register,))
    names = [table.by_number[number].name for number in members if number in table.by_number]
    return ",".join(names) or None


def _values(moment: Moment, table: Table, values: Values) -> dict[str, Any]:
    return {
        column.name: from_stored(moment.catalog, table, column, stored)
        for number, stored in values.items()
        if (column := table.by_number.get(number)) is not None
    }
