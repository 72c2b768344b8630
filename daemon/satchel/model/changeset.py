"""The changeset: an atomic unit of a user's work, and the ops it is made of.

    entry = [fmt, schema, hlc, ctx, hard, ops, guards, salt]         # the body; its dot is outside
    ctx   = [hub epoch, base_seq, rows_seq, {replica: hi}, holes]
    op    = [code, ...]

Ops hold the hub's numbers and stored values, so a body reads the same on every replica
and for ever.  Positions are named here once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.model.ids import Dot

ENTRY_FORMAT = 1

Op = list[Any]

CREATE = 0  # [0, table, id, {column: value}]
SET = 1  # [1, table, id, {column: value}]
GROUP = 2  # [2, table, id, group, {column: value}]  the whole group; absent is null
INC = 3  # reserved: counters
DELETE = 4  # [4, table, id, life]  life: the value it leads to
RESTORE = 5  # [5, table, id, life]
LINK = 6  # [6, relationship, left id, right id]
UNLINK = 7  # [7, relationship, left id, right id, [[replica, ctr], ...]]
TEXT = 8  # reserved: mergeable text
BLOB = 9  # reserved: attachments
RESOLVE = 10  # reserved: siblings
ASSIGN = 11  # reserved: the owner is a column until roles are built
SHARE = 12  # reserved: sharing
APP = 13  # reserved: hub-side commands
OPTIONS = 14  # reserved: multi-select as a set
UPSERT = 15  # [15, table, id, {column: value}, {group: {column: value}}]

OP_NAMES = {
    CREATE: "create",
    SET: "update",
    GROUP: "update",
    DELETE: "delete",
    RESTORE: "restore",
    LINK: "link",
    UNLINK: "unlink",
    UPSERT: "upsert",
}
"""The ops of this version, by the word an app uses for them."""

ROW_OPS = frozenset((CREATE, SET, GROUP, DELETE, RESTORE, UPSERT))
LINK_OPS = frozenset((LINK, UNLINK))


class Context(NamedTuple):
    """What the author had seen (sync.md 2.3)."""

    epoch: int
    base_seq: int
    rows_seq: int
    foreign: dict[bytes, int]
    holes: list[Any] | None

    def to_wire(self) -> list[Any]:
        return [self.epoch, self.base_seq, self.rows_seq, self.foreign, self.holes]


class Entry(NamedTuple):
    """A decoded changeset body.  The bytes it came from are kept by whoever hashed them."""

    schema: int
    hlc: int
    ctx: Context
    hard: list[Dot]
    ops: list[Op]
    guards: list[Any] | None
    salt: bytes

    def to_wire(self) -> list[Any]:
        """The positional body, ready for the codec."""
        return [
            ENTRY_FORMAT,
            self.schema,
            self.hlc,
            self.ctx.to_wire(),
            [list(dot) for dot in self.hard],
            self.ops,
            self.guards,
            self.salt,
        ]
