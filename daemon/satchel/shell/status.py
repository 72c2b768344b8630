"""What the daemon says of itself and of each organisation, as data and as lines for people."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import satchel
from satchel.engine import conflicts, outbox
from satchel.engine.build import read_build
from satchel.engine.replica import read_state
from satchel.model.ids import id_text
from satchel.shell.device import Device
from satchel.shell.syncing import Syncing
from satchel.store import layout
from satchel.store.txn import ReadTxn

_REFUSED_STATES = {"EXPIRED": "expired", "REVOKED": "revoked"}


def org_status(device: Device, syncing: Syncing) -> dict[str, Any]:
    """One organisation (api/messages: "org")."""
    identity = device.replica.identity
    sync = syncing.status

    def work(txn: ReadTxn) -> dict[str, Any]:
        state = read_state(txn)
        loading = state.generation == 0 or read_build(txn) is not None
        return {
            "cursor": state.seq,
            "epoch": state.epoch,
            "outbox": outbox.waiting(txn, identity.replica),
            "outbox_oldest": outbox.oldest_ms(txn, identity.replica),
            "quarantine": txn.count(layout.QTN),
            "conflicts": conflicts.open_count(txn, device.replica) if state.generation else 0,
            "loading": {"rows": syncing.loaded_entries} if loading else None,
            "rows": txn.count(layout.ROW),
        }

    error = sync.last_error
    return {
        "org": identity.org_name,
        "org_id": id_text(identity.org),
        "user": id_text(identity.user),
        "user_name": identity.user_name,
        "device": identity.device_name,
        "replica": identity.replica.hex(),
        "state": _REFUSED_STATES.get(error.code, sync.state) if error is not None else sync.state,
        "hub": identity.hub_url,
        "last_contact": sync.last_contact_ms,
        "last_error": {"code": error.code, "message": error.message} if error else None,
        "skew_ms": sync.skew_ms,
        **device.read(work),
    }


def daemon_status(
    home: str, started_ms: int, orgs: Sequence[tuple[Device, Syncing]]
) -> dict[str, Any]:
    """The answer to ``status``."""
    return {
        "daemon": {
            "pid": os.getpid(),
            "version": satchel.__version__,
            "home": home,
            "started": started_ms,
        },
        "orgs": [org_status(device, syncing) for device, syncing in orgs],
    }


def status_text(status: dict[str, Any], now_ms: int, as_json: bool) -> str:
    """The status for a terminal, or as one line of JSON."""
    if as_json:
        return json.dumps({"schema": 1, **status}) + "\n"
    daemon = status["daemon"]
    lines = [f"Satchel {daemon['version']} is running (process {daemon['pid']}, {daemon['home']})."]
    if not status["orgs"]:
        lines.append("No organisation has been joined. Join one with: satchel join HUB INVITE")
    for org in status["orgs"]:
        lines += _org_lines(org, now_ms)
    return "\n".join(lines) + "\n"


def _org_lines(org: dict[str, Any], now_ms: int) -> list[str]:
    contact = org["last_contact"]
    seen = f", last contact {_ago(now_ms - contact)}" if contact is not None else ""
    lines = [
        "",
        f"{org['org']}  {org['user_name']} on {org['device']}",
        f"  sync        {org['state']}{seen}",
        f"  records     {org['rows']:,} rows as of {org['cursor']:,}",
        f"  outbox      {_count(org['outbox'], 'change')} waiting for the hub",
    ]
    if org["loading"] is not None:
        lines[3] = f"  records     downloading, {org['loading']['rows']:,} so far"
    if org["quarantine"]:
        what = _count(org["quarantine"], "refused change")
        lines.append(f"  quarantine  {what}: see satchel quarantine")
    if org["conflicts"]:
        what = _count(org["conflicts"], "value")
        lines.append(f"  conflicts   {what} of yours lost to another: see satchel conflicts")
    if org["last_error"] is not None and org["state"] != "online":
        lines.append(f"  note        {org['last_error']['message']}")
    if org["skew_ms"]:
        lines.append(f"  clock       {abs(org['skew_ms']) // 1000} s off the hub's: set it right")
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _ago(ms: int) -> str:
    seconds = max(ms, 0) // 1000
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
