"""Reading commands of one organisation: each one function over one short transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from satchel.engine import conflicts, digest, outbox, parked, reading
from satchel.engine.moment import Moment
from satchel.schema.table import Table
from satchel.shell.device import Device
from satchel.store.txn import ReadTxn

Arguments = Mapping[str, Any]
Read = Callable[[Device, Arguments], Any]


def _get(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: reading.get(txn, device.replica, given["table"], given["id"], given["columns"])
    )


def _list(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: reading.list_rows(
            txn, device.replica, given["table"], given["after"], given["limit"], given["columns"]
        )
    )


def _links(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: reading.list_links(
            txn,
            device.replica,
            given["relationship"],
            given["id"],
            given["side"],
            given["after"],
            given["limit"],
        )
    )


def _changes(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: reading.changes(txn, device.replica, given["since"], given["limit"])
    )


def _outbox(device: Device, given: Arguments) -> Any:
    after = _counter(given["after"])
    return device.read(lambda txn: outbox.page(txn, device.replica, after, given["limit"]))


def _outbox_show(device: Device, given: Arguments) -> Any:
    return device.read(lambda txn: outbox.show(txn, device.replica, given["ctr"]))


def _quarantine(device: Device, given: Arguments) -> Any:
    after = _counter(given["after"])
    return device.read(lambda txn: parked.page(txn, device.replica, after, given["limit"]))


def _quarantine_show(device: Device, given: Arguments) -> Any:
    return device.read(lambda txn: parked.show(txn, device.replica, given["ctr"], given["replica"]))


def _quarantine_export(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: parked.export(txn, device.replica, given["ctr"], given["replica"])
    )


def _conflicts(device: Device, given: Arguments) -> Any:
    return device.read(
        lambda txn: conflicts.page(
            txn, device.replica, given["after"], given["limit"], given["all"]
        )
    )


def _conflicts_show(device: Device, given: Arguments) -> Any:
    return device.read(lambda txn: conflicts.show(txn, device.replica, given["id"]))


def _digest(device: Device, given: Arguments) -> Any:
    return device.read(lambda txn: digest.summary(txn, device.replica))


def _tables(device: Device, given: Arguments) -> Any:
    def work(txn: ReadTxn) -> Any:
        catalog = Moment(txn, device.replica).catalog
        tables = [_table_head(catalog.table(name)) for name in sorted(catalog.names())]
        return {"version": catalog.version, "tables": tables}

    return device.read(work)


def _table(device: Device, given: Arguments) -> Any:
    def work(txn: ReadTxn) -> Any:
        table = Moment(txn, device.replica).catalog.table(given["name"])
        columns = [
            {
                "name": column.name,
                "kind": column.kind.name.lower(),
                "label": column.label,
                "required": column.required,
                "readonly": column.readonly,
                "max_length": column.max_length,
                "min": column.min,
                "max": column.max,
                "options": column.options or None,
                "targets": list(column.targets) or None,
            }
            for column in table.columns.values()
        ]
        plain = [{k: v for k, v in column.items() if v is not None} for column in columns]
        return {**_table_head(table), "columns": plain}

    return device.read(work)


def _table_head(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "label": table.label,
        "set": table.entity_set,
        "primary": table.primary_column,
        "ownership": table.ownership,
    }


def _counter(after: Any) -> int:
    """Where a page of counters goes on: pages hand out numbers, apps may send them as text."""
    try:
        return int(after) if after is not None else 0
    except ValueError:
        return 0


READS: dict[str, Read] = {
    "get": _get,
    "list": _list,
    "links": _links,
    "changes": _changes,
    "outbox": _outbox,
    "outbox.show": _outbox_show,
    "quarantine": _quarantine,
    "quarantine.show": _quarantine_show,
    "quarantine.export": _quarantine_export,
    "conflicts": _conflicts,
    "conflicts.show": _conflicts_show,
    "digest": _digest,
    "tables": _tables,
    "table": _table,
}
"""Command name to function, for every reading command that is about one organisation."""
