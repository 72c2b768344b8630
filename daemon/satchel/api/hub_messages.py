"""THE INDEX of a hub's administration: every order, what it takes, what it answers.

Spoken on the hub's own socket in the frames of the local API (``connection``); the rules
of ``messages`` hold here too.  ``org`` names the organisation, by name or id, and may be
left out where the hub has only one.

Names used for what is answered:

    org       {"org", "org_id", "epoch", "head", "schema", "rows", "links", "users", "devices",
              "connected", "origins": [origin], "faults": [text]}
    origin    {"number", "replica": hex, "user", "device", "processed"}
    user      {"id", "name", "disabled": bool}
    device    {"id", "name", "user", "replica": hex, "number", "state": "active" | "revoked",
              "not_after": ms, "processed", "last_seen": ms or nil}
    row       {"table", "id", "alive": bool, "seq", "columns": {name: value}}; dead rows too
    imported  {"files": [{"section", "file", "read", "written", "unchanged", "skipped", "bad",
              "kept"}], "bad": [{"file", "line", "section", "reason"}], "bad_total", "written",
              "unchanged", "kept", "done", "total", "finished"}
    page(x)   {x: [..], "next": where the following page begins, or nil}
"""

from __future__ import annotations

from typing import Any, Final

from satchel.api.arguments import (
    MAPS,
    NAME,
    NUMBER,
    ROW_ID,
    Argument,
    Shape,
    between,
)
from satchel.api.messages import COMMANDS, WAITING, WATCHING, WRITING, Command
from satchel.model.limits import LIST_ROWS_DEFAULT, LIST_ROWS_MAX


def _optional(name: str, shape: Shape, default: Any = None) -> Argument:
    return Argument(name, shape, required=False, default=default)


_ORG: Final = _optional("org", NAME)
_LIMIT: Final = _optional("limit", between(1, LIST_ROWS_MAX), LIST_ROWS_DEFAULT)

# A table reads as one: left as it is set here.
# fmt: off
_INDEX: Final = (
    # -- people and devices
    Command("hub.user.add", WRITING, "Add somebody who may join devices; `id`: an employee's "
            "systemuser row that is there already.", "user",
            _ORG, Argument("name", NAME), _optional("id", ROW_ID)),
    Command("hub.user.list", WAITING, "All users.", '{"users": [user]}', _ORG),
    Command("hub.user.disable", WRITING, "Shut a user and all devices out.", "user",
            _ORG, Argument("user", NAME)),
    Command("hub.user.enable", WRITING, "Let a disabled user in again.", "user",
            _ORG, Argument("user", NAME)),
    Command("hub.invite", WRITING, "A one-time code that joins one device of a user.",
            '{"invite", "user", "expires": ms, "org"}', _ORG, Argument("user", NAME)),
    Command("hub.device.list", WAITING, "All devices that ever joined.", '{"devices": [device]}',
            _ORG),
    Command("hub.device.revoke", WRITING, "Shut a device out for good.", "device",
            _ORG, Argument("device", NAME)),
    # -- tables
    Command("hub.table.add", WRITING, "Add tables and columns: the parsed file of `satchel hub "
            "table add`.", '{"version"}', _ORG, _optional("table", MAPS, []),
            _optional("link", MAPS, [])),
    Command("hub.import", WATCHING, "Load a folder of CSV files (`dir`) through a map (`map`), "
            "both paths on the hub's machine; bad lines are told and stop nothing.",
            'events {"done", "total"} in lines; at last imported', _ORG,
            Argument("map", NAME), Argument("dir", NAME)),
    # -- looking
    Command("hub.status", WAITING, "The hub and each organisation.",
            '{"hub": {"pid", "version", "home", "started": ms, "listen": [url]}, "orgs": [org]}'),
    Command("hub.log", WAITING, "What was decided after a seq, in order.",
            '{"log": [[seq, replica, ctr, code, detail]], "head"}', _ORG,
            _optional("after", NUMBER, 0), _LIMIT),
    Command("hub.digest", WAITING, "The base digest, by which replicas are equal.",
            '{"epoch", "seq", "digest": hex}', _ORG),
    Command("hub.row", WAITING, "One row.", "row", _ORG, Argument("table", NAME),
            Argument("id", ROW_ID)),
    Command("hub.rows", WAITING, "The rows of a table, in key order.", "page(rows)", _ORG,
            Argument("table", NAME), _optional("after", ROW_ID), _LIMIT),
    # -- the hub itself
    COMMANDS["ping"],
    COMMANDS["stop"],
    COMMANDS["cancel"],
)
# fmt: on

HUB_COMMANDS: Final[dict[str, Command]] = {command.name: command for command in _INDEX}
"""Name to command."""
