"""THE INDEX: every command of the local API, what it takes, what it answers.

An app sends ``[n, confirmed, command, {arguments}]``; ``n`` counts from 1 per session and
``confirmed`` promises that no *writing* command of that number or a lower one will be sent
again.  The daemon answers

    [n, 0, result]          done
    [n, 1, error]           refused: {"code", "message", "remedy", "details"} (model.errors)
    [n, 2, event]           one event of a ``watch``, which goes on until its [n, 0 or 1, ..]
    [0, 1, error]           these bytes are no request; the connection ends

Names used for what is answered:

    row       {"table", "id", "version": text, "pending": bool, "columns": {name: value}}; columns
              that are null are left out
    receipt   {"replica": hex, "ctr": int, "ids": [id or nil, one per op], "version": text}
    page(x)   {x: [..], "next": where the following page begins, or nil}
    lines     journal lines: {"table", "id", "kind": "put" | "gone"}, {"relationship", "left",
              "right", "kind": "link" | "unlink"}, {"kind": "reload"} (a generation was switched
              in: read afresh), {"kind": "outcome", "ctr", "code"}, {"kind": "conflict", "table",
              "id"}, {"kind": "discard", "ctr"}
    op        {"do": one of OPS, and the arguments of that command}
    org       {"org", "org_id", "user", "user_name", "device", "replica", "state", "hub", "cursor",
              "epoch", "outbox", "outbox_oldest", "quarantine", "conflicts", "last_contact",
              "last_error", "skew_ms", "loading", "rows"}; state is one of STATES
    refused   {"ctr", "replica", "code", "message", "cause": {"replica", "ctr"} or nil,
              "dependants": [ctr], "time", "ops"}
    conflict  {"id", "table", "row", "column", "kind": "value" | "buried" | "link", "seq", "open",
              "lost": {"value", "by", "at"}, "won": {"value", "by", "at"}}

Owns the vocabulary, and no bytes (``connection``) and no deeds (the daemon's handlers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from satchel.api.arguments import (
    COLUMNS,
    COUNTER,
    FLAG,
    MAPS,
    NAME,
    NAMES,
    NUMBER,
    PLACE,
    REPLICA,
    ROW_ID,
    TEXT,
    Argument,
    Shape,
    bad_argument,
    between,
    check_arguments,
    one_of,
)
from satchel.model.errors import Invalid, Mistake
from satchel.model.limits import (
    CHANGES_LINES_MAX,
    CHANGESET_OPS_MAX,
    LIST_ROWS_DEFAULT,
    LIST_ROWS_MAX,
)

READING: Final = "reading"
"""Answered at once, in order, from one short read transaction."""

WRITING: Final = "writing"
"""Goes through the writer, in order; has a receipt, so that a repeat is applied once."""

WAITING: Final = "waiting"
"""Answered when there is something to say; later requests do not wait for it."""

WATCHING: Final = "watching"
"""As waiting, with any number of events before the answer."""

STATES: Final = (
    "online",
    "offline",
    "connecting",
    "paused",
    "loading",
    "denied",
    "fork",
    "epoch",
    "stopped",
    "revoked",
    "expired",
)
"""How a device stands to its hub."""


class Command:
    """One entry of the index."""

    __slots__ = ("access", "answer", "arguments", "help", "name")

    def __init__(
        self, name: str, access: str, help_line: str, answer: str, *arguments: Argument
    ) -> None:
        self.name = name
        self.access = access
        self.help = help_line
        self.answer = answer
        """The shape of the result, in the terms of this module's docstring."""
        self.arguments = {argument.name: argument for argument in arguments}


def _optional(name: str, shape: Shape, default: Any = None) -> Argument:
    return Argument(name, shape, required=False, default=default)


_TABLE: Final = Argument("table", NAME)
_ID: Final = Argument("id", ROW_ID)
_COLUMNS: Final = Argument("columns", COLUMNS)
_VERSION: Final = _optional("version", TEXT)
_ENDS: Final = (
    Argument("relationship", NAME),
    Argument("left", ROW_ID),
    Argument("right", ROW_ID),
)
_LIMIT: Final = _optional("limit", between(1, LIST_ROWS_MAX), LIST_ROWS_DEFAULT)
_PAGE: Final = (_optional("after", PLACE), _LIMIT)
_TIMEOUT: Final = _optional("timeout_ms", NUMBER)
_CTR: Final = Argument("ctr", COUNTER)
_REFUSED: Final = (_CTR, _optional("replica", REPLICA))

# A table reads as one: left as it is set here.
# fmt: off
_INDEX: Final = (
    # -- rows and links
    Command("create", WRITING, "Create a row.", "receipt",
            _TABLE, _COLUMNS, _optional("id", ROW_ID)),
    Command("update", WRITING, "Set columns of a row; refused (CONFLICT) if one of them has "
            "changed since `version`.", "receipt", _TABLE, _ID, _COLUMNS, _VERSION),
    Command("upsert", WRITING, "Create the row, or set its columns if it exists.", "receipt",
            _TABLE, _ID, _COLUMNS),
    Command("delete", WRITING, "Delete a row.", "receipt", _TABLE, _ID, _VERSION),
    Command("restore", WRITING, "Bring a deleted row back.", "receipt", _TABLE, _ID),
    Command("link", WRITING, "Link two rows (many to many).", "receipt", *_ENDS),
    Command("unlink", WRITING, "Take a link away.", "receipt", *_ENDS),
    Command("change", WRITING, "Several ops as one: all of them or none.", "receipt",
            Argument("ops", MAPS)),
    Command("get", READING, "One row.", "row", _TABLE, _ID, _optional("columns", NAMES)),
    Command("list", READING, "The rows of a table, in key order.", "page(rows)",
            _TABLE, _optional("after", ROW_ID), _LIMIT, _optional("columns", NAMES)),
    Command("links", READING, "The rows linked to a row; `side`: on which side `id` stands.",
            "page(ids)", Argument("relationship", NAME), _ID,
            _optional("side", one_of("left", "right"), "left"),
            _optional("after", ROW_ID), _LIMIT),
    # -- following
    Command("changes", READING, "What changed after a position of the journal.",
            '{"changes": [{"position", "rows": lines}], "position": int, "reload": bool}',
            Argument("since", NUMBER),
            _optional("limit", between(1, CHANGES_LINES_MAX), CHANGES_LINES_MAX)),
    Command("watch", WATCHING, "Every change after a position (none: from now on), as it happens.",
            'events {"position", "rows": lines} or {"position", "reload": true}; at last nil',
            _optional("since", NUMBER)),
    Command("await", WAITING, "Wait for the hub's verdict on a changeset, or until it shows here.",
            '{"state": "durable" | "decided" | "visible", "code", "seq", "detail"}',
            _CTR, Argument("until", one_of("decided", "visible")), _TIMEOUT),
    Command("cancel", READING, "End a watch or a wait of this connection; it is answered nil.",
            '{"cancelled": bool}', Argument("request", COUNTER)),
    # -- synchronising
    Command("status", READING, "The daemon and each organisation.",
            '{"daemon": {"pid", "version", "home", "started"}, "orgs": [org]}'),
    Command("status.text", READING, "The status as lines for a terminal.", '{"text", "exit"}',
            _optional("width", between(20, 1000), 80), _optional("json", FLAG, False)),
    Command("sync", WAITING, "Synchronise now, pause, resume, or wait until all is decided and "
            "visible.", "org", Argument("action", one_of("now", "pause", "resume", "wait")),
            _TIMEOUT),
    Command("digest", READING, "The base digest, by which two replicas are equal.",
            '{"epoch", "cursor", "digest": hex, "overlay", "outbox", "quarantine"}'),
    # -- undecided and refused work
    Command("outbox", READING, "Changesets the hub has not decided.",
            'page(entries: {"ctr", "time", "ops", "bytes"}) and "total"', *_PAGE),
    Command("outbox.show", READING, "One of them, in full; `hidden`: it stands on a refused one.",
            '{"ctr", "time", "ops", "bytes", "depends_on": [ctr], "hidden": bool, "context"}', _CTR),
    Command("quarantine", READING, "Refused changesets and what depended on them.",
            'page(entries: refused) and "total"', *_PAGE),
    Command("quarantine.show", READING, "One of them, in full.", "refused", *_REFUSED),
    Command("quarantine.retry", WRITING, "Submit a refused changeset again, its dependants after "
            "it; `restore`: bring back deleted rows it is on first.", '{"receipts": [receipt]}',
            *_REFUSED, _optional("with_dependants", FLAG, True), _optional("restore", FLAG, False)),
    Command("quarantine.edit", WRITING, "Change columns of one of its ops, and submit it again.",
            '{"receipts": [receipt]}', *_REFUSED,
            _optional("op", between(0, CHANGESET_OPS_MAX - 1), 0), _COLUMNS),
    Command("quarantine.discard", WRITING, "Give a refused changeset up, for good.",
            '{"discarded": 1}', *_REFUSED),
    Command("quarantine.export", READING, "Refused changesets (or one) as plain JSON values.",
            '{"schema": 1, "entries": [..]}', _optional("ctr", COUNTER),
            _optional("replica", REPLICA)),
    Command("conflicts", READING, "Values that lost to somebody who had not seen them; `all`: "
            "closed ones too.", 'page(conflicts: conflict) and "total"', *_PAGE,
            _optional("all", FLAG, False)),
    Command("conflicts.show", READING, "One of them.", "conflict", Argument("id", NAME)),
    # -- organisations and tables
    Command("orgs", READING, "The organisations this daemon has joined.", "[org]"),
    Command("join", WAITING, "Join an organisation with an invite.",
            '{"org", "user", "device", "replica"}', Argument("hub", NAME),
            Argument("invite", NAME), _optional("device", NAME),
            _optional("insecure", FLAG, False), _optional("ca", NAME)),
    Command("org.leave", WAITING, "Leave an organisation; refused while work is undecided, unless "
            "`discard`.", "{}", Argument("org", NAME), _optional("discard", FLAG, False)),
    Command("tables", READING, "All tables.",
            '{"version", "tables": [{"name", "label", "set", "primary", "ownership"}]}'),
    Command("table", READING, "One table and its columns.",
            '{"name", "label", "set", "primary", "ownership", "columns": [..]}',
            Argument("name", NAME)),
    # -- the daemon itself
    Command("doctor", WAITING, "Check folders, permissions, socket, clock and hub.",
            '{"checks": [{"name", "ok", "message", "remedy"}]}'),
    Command("ping", READING, "Nothing, but answered.", "{}"),
    Command("stop", READING, "Drain and exit.", "{}"),
)
# fmt: on

COMMANDS: Final[dict[str, Command]] = {command.name: command for command in _INDEX}
"""Name to command."""

OPS: Final = ("create", "update", "upsert", "delete", "restore", "link", "unlink")
"""What ``change`` may hold."""


def find_command(name: str, index: Mapping[str, Command] = COMMANDS) -> Command:
    """The entry of the index.  Raises :class:`Mistake` UNKNOWN_COMMAND."""
    command = index.get(name)
    if command is None:
        raise Mistake(
            "UNKNOWN_COMMAND",
            f"There is no command {name[:40]!r}.",
            "Daemon and app may be of different versions: upgrade the older one.",
            {"command": name[:40]},
        )
    return command


def check_request(command: Command, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments with defaults filled in, those of each op of ``change`` included.

    Raises :class:`Mistake` BAD_REQUEST naming the argument, :class:`Invalid` TOO_BIG for
    more ops than one changeset holds.
    """
    arguments = check_arguments(command.name, command.arguments, given)
    if command.name == "change":
        arguments["ops"] = _check_ops(arguments["ops"])
    elif command.name == "quarantine.export" and (arguments["replica"] and not arguments["ctr"]):
        raise bad_argument(command.name, "ctr", "is missing: `replica` names one changeset with it")
    return arguments


def _check_ops(ops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not ops:
        raise bad_argument("change", "ops", "is empty")
    if len(ops) > CHANGESET_OPS_MAX:
        raise Invalid(
            "TOO_BIG",
            f"A changeset holds at most {CHANGESET_OPS_MAX} ops, not {len(ops)}.",
            "Write it as several changesets.",
            {"ops": len(ops)},
        )
    checked = []
    for index, op in enumerate(ops):
        place = f"change, op {index}"
        do = op.get("do")
        if do not in OPS:
            raise bad_argument(place, "do", f"is not one of {', '.join(OPS)}")
        rest = {name: value for name, value in op.items() if name != "do"}
        checked.append({"do": do, **check_arguments(place, COMMANDS[do].arguments, rest)})
    return checked
