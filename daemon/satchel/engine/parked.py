"""Quarantine as people read it: what was refused, why, what hangs on it, and as a file."""

from __future__ import annotations

from typing import Any

from satchel.engine import quarantine
from satchel.engine.moment import Moment
from satchel.engine.quarantine import Parked
from satchel.engine.replica import Replica
from satchel.engine.wishes import wishes_of
from satchel.model import limits
from satchel.model.errors import Invalid
from satchel.model.ids import Dot, id_text
from satchel.model.outcome import code_name
from satchel.model.row import VALUES
from satchel.schema.validate import from_stored
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry


def dot_of(replica: Replica, ctr: int, given: str | None) -> Dot:
    """The changeset that a counter, and perhaps a replica in hex, names."""
    own = replica.identity.replica
    return Dot(bytes.fromhex(given) if given else own, ctr)


def page(txn: ReadTxn, replica: Replica, after: int, limit: int | None) -> dict[str, Any]:
    """A page of refused changesets, oldest first."""
    moment = Moment(txn, replica)
    count = min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX)
    known = quarantine.read_dependants(txn)
    shown: list[dict[str, Any]] = []
    size, following = 0, None
    for dot, parked in quarantine.entries(txn):
        if dot.ctr <= after:
            continue
        one = _shown(moment, known, dot, parked)
        size += len(pack(one))
        if shown and (len(shown) == count or size > limits.REPLY_BYTES_TARGET):
            following = shown[-1]["ctr"]
            break
        shown.append(one)
    return {"entries": shown, "next": following, "total": txn.count(layout.QTN)}


def show(txn: ReadTxn, replica: Replica, ctr: int, given: str | None) -> dict[str, Any]:
    """One refused changeset with how its rows looked, as far as one answer holds it.

    Raises Missing NO_SUCH_ENTRY.
    """
    moment = Moment(txn, replica)
    dot = dot_of(replica, ctr, given)
    parked = quarantine.read(txn, dot)
    known = quarantine.read_dependants(txn)
    full = {**_shown(moment, known, dot, parked), "before": _before(moment, parked)}
    return _fitted(full, "before")


def export(txn: ReadTxn, replica: Replica, ctr: int | None, given: str | None) -> dict[str, Any]:
    """Refused changesets as plain values: nothing a person typed is left out.

    ``body`` and ``before`` (what was there before) are None where an entry would be too
    large for an answer with them.  Raises Missing NO_SUCH_ENTRY; Invalid TOO_BIG if all
    together are.
    """
    moment = Moment(txn, replica)
    if ctr is not None:
        dot = dot_of(replica, ctr, given)
        chosen = iter([(dot, quarantine.read(txn, dot))])
    else:
        chosen = quarantine.entries(txn)
    known = quarantine.read_dependants(txn)
    exported: list[dict[str, Any]] = []
    size = 0
    for dot, parked in chosen:
        full = {
            **_shown(moment, known, dot, parked),
            "before": _before(moment, parked),
            "body": parked.body.hex(),
        }
        exported.append(_fitted(full, "body", "before"))
        size += len(pack(exported[-1]))
        if len(exported) > 1 and size > limits.REPLY_BYTES_TARGET:
            raise Invalid(
                "TOO_BIG",
                f"All {txn.count(layout.QTN)} refused changes are too large for one answer.",
                "Export them one by one: satchel quarantine export NUMBER",
            )
    return {"schema": 1, "entries": exported}


def _fitted(entry: dict[str, Any], *optional: str) -> dict[str, Any]:
    """The entry without as many of its optional parts as keep it from fitting an answer."""
    for name in optional:
        if len(pack(entry)) <= limits.REPLY_BYTES_TARGET:
            break
        entry[name] = None
    return entry


def _shown(
    moment: Moment, known: quarantine.Dependants, dot: Dot, parked: Parked
) -> dict[str, Any]:
    detail = parked.detail or {}
    cause, code = parked.cause, code_name(parked.code)
    return {
        "ctr": dot.ctr,
        "replica": dot.replica.hex(),
        "code": code,
        "message": str(detail.get("message", code)),
        "cause": {"replica": cause.replica.hex(), "ctr": cause.ctr} if cause else None,
        "dependants": [each.ctr for each in quarantine.dependants(known, dot)],
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
