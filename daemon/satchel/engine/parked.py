"""Quarantine as people read it: what was refused, why, what hangs on it, and as a file."""

from __future__ import annotations

from typing import Any

from satchel.engine import quarantine
from satchel.engine.moment import Moment
from satchel.engine.quarantine import Parked
from satchel.engine.replica import Replica
from satchel.engine.wishes import wishes_of
from satchel.model import limits
from satchel.model.ids import Dot, id_text
from satchel.model.outcome import Code
from satchel.model.row import VALUES
from satchel.schema.validate import from_stored
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from satchel.wire.entry import decode_entry


def dot_of(replica: Replica, ctr: int, given: str | None) -> Dot:
    """The changeset that a counter, and perhaps a replica in hex, names."""
    own = replica.identity.replica
    return Dot(bytes.fromhex(given) if given else own, ctr)


def page(txn: ReadTxn, replica: Replica, after: int, limit: int | None) -> dict[str, Any]:
    """A page of refused changesets, oldest first."""
    moment = Moment(txn, replica)
    count = min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX)
    everything = quarantine.entries(txn)
    rest = [(dot, parked) for dot, parked in everything if dot.ctr > after]
    shown = [_shown(txn, moment, dot, parked) for dot, parked in rest[:count]]
    following = shown[-1]["ctr"] if len(rest) > count else None
    return {"entries": shown, "next": following, "total": len(everything)}


def show(txn: ReadTxn, replica: Replica, ctr: int, given: str | None) -> dict[str, Any]:
    """One refused changeset with how its rows looked.  Raises Missing NO_SUCH_ENTRY."""
    moment = Moment(txn, replica)
    dot = dot_of(replica, ctr, given)
    parked = quarantine.read(txn, dot)
    return {**_shown(txn, moment, dot, parked), "before": _before(moment, parked)}


def export(txn: ReadTxn, replica: Replica, ctr: int | None, given: str | None) -> dict[str, Any]:
    """Refused changesets as plain values: nothing a person typed is left out."""
    moment = Moment(txn, replica)
    if ctr is not None:
        dot = dot_of(replica, ctr, given)
        chosen = [(dot, quarantine.read(txn, dot))]
    else:
        chosen = quarantine.entries(txn)
    entries = [
        {
            **_shown(txn, moment, dot, parked),
            "before": _before(moment, parked),
            "body": parked.body.hex(),
        }
        for dot, parked in chosen
    ]
    return {"schema": 1, "entries": entries}


def _shown(txn: ReadTxn, moment: Moment, dot: Dot, parked: Parked) -> dict[str, Any]:
    detail = parked.detail or {}
    cause = parked.cause
    return {
        "ctr": dot.ctr,
        "replica": dot.replica.hex(),
        "code": Code(parked.code).name,
        "message": str(detail.get("message", Code(parked.code).name)),
        "cause": {"replica": cause.replica.hex(), "ctr": cause.ctr} if cause else None,
        "dependants": [each.ctr for each in quarantine.dependants(txn, dot)],
        "time": parked.parked_ms,
        "written": parked.written_ms,
        "seq": parked.seq,
        "ops": wishes_of(moment.catalog, decode_entry(parked.body)),
    }


def _before(moment: Moment, parked: Parked) -> list[dict[str, Any]]:
    shown = []
    for number, rec, raw in parked.before:
        table = moment.catalog.table_number(number)
        if raw is None or table is None:
            continue
        columns = {
            table.by_number[n].name: from_stored(moment.catalog, table, table.by_number[n], value)
            for n, value in unpack(raw)[VALUES].items()
            if n in table.by_number
        }
        shown.append({"table": table.name, "id": id_text(rec), "columns": columns})
    return shown


def count(txn: ReadTxn) -> int:
    """How many refused changesets wait for a person."""
    return txn.count(layout.QTN)
