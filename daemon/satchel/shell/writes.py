"""Writing commands of one organisation: each becomes one work for the writer.

Owns the request ids: a command that is repeated gets its receipt again and runs once
(sync.md 5.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from satchel.engine import quarantine, requests
from satchel.engine.commit import Request as Name
from satchel.engine.commit import commit
from satchel.engine.parked import dot_of
from satchel.model.errors import Unavailable
from satchel.shell import clock
from satchel.shell.device import Device
from satchel.shell.handlers import Actor, Request
from satchel.shell.writer import Work
from satchel.store.txn import Txn

Arguments = Mapping[str, Any]
Write = Callable[[Txn, Device, Arguments], dict[str, Any]]

_OPS = frozenset(("create", "update", "upsert", "delete", "restore", "link", "unlink"))


def work_of(device: Device, actor: Actor, request: Request) -> Work:
    """The work that carries out one writing command, once."""
    name = Name(actor.session, request.n, request.confirmed)

    def work(txn: Txn) -> Any:
        if request.ended:
            raise Unavailable("BUSY", "The app has a newer connection; this one ran nothing.")
        known = device.window.answered(actor.session, request.n)
        if known is not None:
            return known
        command = request.command.name
        if command in _OPS or command == "change":
            wishes = (
                request.arguments["ops"]
                if command == "change"
                else [{"do": command, **request.arguments}]
            )
            receipt = commit(txn, device.replica, wishes, name, clock.world(device.ahead_ms))
        else:
            receipt = _OTHERS[command](txn, device, request.arguments)
            requests.keep(txn, name, receipt, clock.now_ms())
        device.window.stage(actor.session, request.n, request.confirmed, receipt, clock.now_ms())
        return receipt

    return work


def _retry(txn: Txn, device: Device, given: Arguments) -> dict[str, Any]:
    dot = dot_of(device.replica, given["ctr"], given["replica"])
    receipts = quarantine.retry(
        txn,
        device.replica,
        dot,
        clock.world(device.ahead_ms),
        with_dependants=given["with_dependants"],
        restore=given["restore"],
    )
    return {"receipts": receipts}


def _edit(txn: Txn, device: Device, given: Arguments) -> dict[str, Any]:
    dot = dot_of(device.replica, given["ctr"], given["replica"])
    receipts = quarantine.retry(
        txn,
        device.replica,
        dot,
        clock.world(device.ahead_ms),
        edits={given["op"]: given["columns"]},
    )
    return {"receipts": receipts}


def _discard(txn: Txn, device: Device, given: Arguments) -> dict[str, Any]:
    quarantine.discard(txn, dot_of(device.replica, given["ctr"], given["replica"]))
    return {"discarded": 1}


_OTHERS: dict[str, Write] = {
    "quarantine.retry": _retry,
    "quarantine.edit": _edit,
    "quarantine.discard": _discard,
}
