"""Everything that a store says when it is read, as plain JSON values."""

from __future__ import annotations

from typing import Any

from satchel.engine import conflicts, outbox, parked, reading
from satchel.engine.build import read_build
from satchel.engine.requests import RequestWindow
from satchel.hub.reports import device_report, log_report, rows_report, user_report
from satchel.hub.roster import devices, users
from satchel.schema.catalog import Catalog
from satchel.store import layout
from satchel.store.txn import ReadTxn
from tests.replicas import Device, Hub

ALL = 5000


def device_says(device: Device) -> dict[str, Any]:
    """Rows, links, changes, outbox, quarantine, conflicts, receipts, and how much lies where."""
    return device.read(lambda txn: _device_says(txn, device))


def _device_says(txn: ReadTxn, device: Device) -> dict[str, Any]:
    replica, own = device.replica, device.replica.identity.replica
    catalog, _ = replica.schema(txn, device.state.schema)
    rows = {
        name: reading.list_rows(txn, replica, name, None, ALL, None)["rows"]
        for name in sorted(catalog.names())
    }
    links = {
        link.name: {
            row["id"]: found
            for row in rows[link.left]
            if (
                found := reading.list_links(txn, replica, link.name, row["id"], "left", None, ALL)[
                    "ids"
                ]
            )
        }
        for link in catalog.links()
    }
    window = RequestWindow(txn, own)
    return {
        "identity": [replica.identity.org_name, replica.identity.user_name, own.hex()],
        "state": list(map(_plain, device.state)),
        "build": read_build(txn) is not None,
        "rows": rows,
        "links": {name: found for name, found in links.items() if found},
        "changes": reading.changes(txn, replica, 0, None),
        "outbox": outbox.page(txn, replica, 0, ALL),
        "quarantine": parked.export(txn, replica, None, None),
        "conflicts": conflicts.page(txn, replica, None, ALL, True),
        "verdicts": {str(ctr): outbox.state_of(txn, own, ctr) for ctr in range(40)},
        "receipts": {str(n): _receipt(window, n) for n in range(1, 10)},
        "entries": {db: txn.count(db) for db in layout.DEVICE_DBS},
    }


SESSION = b"session of a app"
"""The client session of which the checked-in devices hold receipts."""


def _receipt(window: RequestWindow, number: int) -> Any:
    try:
        return window.answered(SESSION, number)
    except Exception as refused:  # noqa: BLE001 - what is said is compared
        return str(refused)


def hub_says(hub: Hub) -> dict[str, Any]:
    """Rows, log, users, devices, the digest, and how much lies where."""
    return hub.store.read(lambda txn: _hub_says(txn, hub))


def _hub_says(txn: ReadTxn, hub: Hub) -> dict[str, Any]:
    catalog: Catalog = hub.catalog
    return {
        "digest": hub.digest(),
        "head": hub.head,
        "rows": {
            name: rows_report(txn, hub.office, name, None, ALL)["rows"]
            for name in sorted(catalog.names())
        },
        "log": log_report(txn, 0, ALL),
        "users": [user_report(user) for user in users(txn)],
        "devices": [device_report(txn, device, {}) for device in devices(txn)],
        "entries": {db: txn.count(db) for db in layout.HUB_DBS},
    }


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
