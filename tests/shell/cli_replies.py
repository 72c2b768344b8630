"""What the fake daemon and hub answer, command by command, in the shapes of the indexes."""

from __future__ import annotations

from typing import Any

from tests.shell.fake_daemon import Watched

ROW_ID = "0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77"
OTHER_ID = "0198c5d2-7002-7a30-8000-55d0a1b6c3f4"
TIME_MS = 1_750_000_000_000
REPLICA = "a1b2c3d4e5f60718"

RECEIPT: dict[str, Any] = {"replica": REPLICA, "ctr": 12, "ids": [ROW_ID], "version": "v2"}
ROW: dict[str, Any] = {
    "table": "account",
    "id": ROW_ID,
    "version": "v1",
    "pending": True,
    "columns": {
        "name": "Adventure Works",
        "modifiedon": "2025-06-01T10:00:00Z",
        "primarycontactid": {"table": "contact", "id": OTHER_ID},
        "description": "two\nlines",
    },
}
OPS: list[dict[str, Any]] = [
    {"do": "update", "table": "account", "id": ROW_ID, "columns": {"name": "x", "fax": "1"}},
    {
        "do": "link",
        "relationship": "contactleads_association",
        "left": ROW_ID,
        "right": OTHER_ID,
    },
]
WAITING: dict[str, Any] = {"ctr": 12, "time": TIME_MS, "ops": OPS, "bytes": 123}
REFUSED: dict[str, Any] = {
    "ctr": 12,
    "replica": REPLICA,
    "code": "RESTRICT",
    "message": "The unit still has users.",
    "cause": {"replica": REPLICA, "ctr": 11},
    "dependants": [13],
    "time": TIME_MS,
    "ops": OPS,
}
CONFLICT: dict[str, Any] = {
    "id": "c1",
    "table": "account",
    "row": ROW_ID,
    "column": "name",
    "kind": "value",
    "seq": 9,
    "open": True,
    "lost": {"value": {"name": "Mine"}, "by": ROW_ID, "at": "2025-06-01T10:00:00Z"},
    "won": {"value": {"name": "Theirs"}, "by": OTHER_ID, "at": "2025-06-01T10:00:01Z"},
}
LINK_CONFLICT: dict[str, Any] = {
    "id": "c2",
    "table": "contact",
    "row": ROW_ID,
    "relationship": "contactleads_association",
    "left": ROW_ID,
    "right": OTHER_ID,
    "kind": "link",
    "seq": 10,
    "open": False,
    "lost": {"value": None, "by": ROW_ID, "at": "2025-06-01T10:00:00Z"},
    "won": {"value": None, "by": OTHER_ID, "at": "2025-06-01T10:00:01Z"},
}
ORG: dict[str, Any] = {
    "org": "Adventure Works",
    "org_id": "0198c5d2-0000-7000-8000-000000000001",
    "user": "0198c5d2-0000-7000-8000-000000000002",
    "user_name": "Fay Field",
    "device": "field-laptop",
    "replica": REPLICA,
    "state": "online",
    "hub": "http://127.0.0.1:7443",
    "cursor": 7,
    "epoch": 1,
    "outbox": 2,
    "outbox_oldest": TIME_MS,
    "quarantine": 1,
    "conflicts": 0,
    "last_contact": TIME_MS,
    "last_error": None,
    "skew_ms": 0,
    "loading": None,
    "rows": 1234,
}
TABLE_HEAD: dict[str, Any] = {
    "name": "account",
    "label": "Account",
    "set": "accounts",
    "primary": "name",
    "ownership": "user",
}
TABLE_COLUMNS: list[dict[str, Any]] = [
    {"name": "name", "label": "Account Name", "kind": "string", "required": True,
     "max_length": 160},
    {"name": "primarycontactid", "label": "Primary Contact", "kind": "lookup",
     "targets": ["contact"]},
]  # fmt: skip

EVENTS: list[dict[str, Any]] = [
    {"position": 7, "rows": []},
    {"position": 8, "rows": [{"kind": "put", "table": "account", "id": ROW_ID}]},
    {"position": 9, "reload": True},
]

REPLIES: dict[str, Any] = {
    **dict.fromkeys(("create", "update", "upsert", "delete", "restore"), RECEIPT),
    "link": {**RECEIPT, "ids": [None]},
    "unlink": {**RECEIPT, "ids": [None]},
    "await": {"state": "visible", "code": "OK", "seq": 9, "detail": None},
    "get": ROW,
    "list": {"rows": [ROW], "next": None},
    "links": {"ids": [OTHER_ID], "next": None},
    "watch": Watched(EVENTS),
    "changes": lambda given: {
        "changes": [{"position": 8, "rows": [{"kind": "outcome", "ctr": 12, "code": "OK"}]}]
        if given["since"] < 8
        else [],
        "position": 8,
        "reload": False,
    },
    "status": {
        "daemon": {"pid": 4711, "version": "0.1.0", "home": "", "started": TIME_MS},
        "orgs": [ORG],
    },
    "status.text": {"text": "Adventure Works  online\n", "exit": 0},
    "sync": ORG,
    "outbox": {"entries": [WAITING], "next": None, "total": 1},
    "outbox.show": WAITING,
    "quarantine": {"entries": [REFUSED], "next": None, "total": 1},
    "quarantine.show": REFUSED,
    "quarantine.retry": {"receipts": [RECEIPT]},
    "quarantine.edit": {"receipts": [RECEIPT]},
    "quarantine.discard": {"discarded": 1},
    "quarantine.export": {"schema": 1, "entries": [REFUSED]},
    "conflicts": {"conflicts": [CONFLICT, LINK_CONFLICT], "next": None, "total": 2},
    "conflicts.show": CONFLICT,
    "orgs": [ORG],
    "join": {"org": "Adventure Works", "user": ROW_ID, "device": "field-laptop",
             "replica": REPLICA},
    "org.leave": {},
    "tables": {"version": 1, "tables": [TABLE_HEAD]},
    "table": {**TABLE_HEAD, "columns": TABLE_COLUMNS},
    "digest": {"epoch": 1, "cursor": 7, "digest": "ab" * 32, "overlay": 0, "outbox": 0,
               "quarantine": 0},
    "doctor": {"checks": [{"name": "clock", "ok": True, "message": "It agrees.", "remedy": ""}]},
    "ping": {},
    "stop": {},
}  # fmt: skip
"""The local API."""

USER: dict[str, Any] = {"id": ROW_ID, "name": "Fay Field", "disabled": False}
DEVICE: dict[str, Any] = {
    "id": OTHER_ID,
    "name": "field-laptop",
    "user": "Fay Field",
    "replica": REPLICA,
    "number": 1,
    "state": "active",
    "not_after": TIME_MS,
    "processed": 12,
    "last_seen": None,
}
REPORT: dict[str, Any] = {
    "files": [{"section": "customers", "file": "customers.csv", "read": 91, "written": 90,
               "unchanged": 0, "skipped": 0, "bad": 1, "kept": 0}],
    "bad": [{"file": "customers.csv", "line": 7, "section": "customers", "reason": "no name"}],
    "bad_total": 1,
    "written": 90,
    "unchanged": 0,
    "kept": 0,
    "done": 91,
    "total": 91,
    "finished": True,
}  # fmt: skip

HUB_REPLIES: dict[str, Any] = {
    "hub.user.add": USER,
    "hub.user.list": {"users": [USER]},
    "hub.user.disable": {**USER, "disabled": True},
    "hub.user.enable": USER,
    "hub.invite": {"invite": "K7QF-2M5X", "user": "Fay Field", "expires": TIME_MS, "org": "A"},
    "hub.device.list": {"devices": [DEVICE]},
    "hub.device.revoke": {**DEVICE, "state": "revoked"},
    "hub.table.add": {"version": 2},
    "hub.status": {
        "hub": {"pid": 4712, "version": "0.1.0", "home": "", "started": TIME_MS,
                "listen": ["http://127.0.0.1:7443"]},
        "orgs": [{"org": "Adventure Works", "org_id": ROW_ID, "epoch": 1, "head": 40,
                  "schema": 1, "rows": 30, "links": 2, "users": 3, "devices": 4,
                  "connected": 2, "origins": [], "faults": ["one waits"]}],
    },
    "hub.import": Watched([{"done": 40, "total": 91}], REPORT),
    "hub.log": {"log": [[1, REPLICA, 1, "OK", None]], "head": 1},
}  # fmt: skip
"""The administration of a hub."""
