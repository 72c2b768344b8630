"""Changeset bodies as bytes: encoding what a device wrote, decoding what a stranger sent.

Decoding checks the *shape* of every op (arity, types, id lengths), so that whoever judges
or folds may index without fear.  Whether table, column and value exist is the schema's
question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.changeset import ENTRY_FORMAT, Context, Entry, Op
from satchel.model.errors import Garbled, Invalid
from satchel.model.ids import ID_BYTES, REPLICA_BYTES, Dot
from satchel.wire.codec import depth_within, pack, unpack

SALT_BYTES = 16


def encode_entry(entry: Entry) -> bytes:
    """The canonical body.  Raises :class:`Invalid` TOO_BIG beyond 1,000 ops or 1 MiB."""
    body = pack(entry.to_wire())
    if len(entry.ops) > limits.CHANGESET_OPS_MAX or len(body) > limits.CHANGESET_BYTES_MAX:
        raise Invalid(
            "TOO_BIG",
            f"This change has {len(entry.ops)} operations and {len(body)} bytes; "
            f"at most {limits.CHANGESET_OPS_MAX} and {limits.CHANGESET_BYTES_MAX} go together.",
            "Split it into several changes.",
        )
    return body


def decode_entry(body: bytes) -> Entry:
    """Read a body.  Raises :class:`Invalid` with a code the hub can answer as an outcome.

    INVALID: not the shape of a changeset; UNSUPPORTED: an op or format of a later version;
    TOO_BIG: beyond the bounds of one changeset.
    """
    if len(body) > limits.CHANGESET_BYTES_MAX:
        raise Invalid("TOO_BIG", f"A changeset of {len(body)} bytes exceeds 1 MiB.")
    try:
        raw = unpack(body)
    except Garbled as broken:
        raise _shape(broken.message) from None
    if not isinstance(raw, list) or not raw or type(raw[0]) is not int:
        raise _shape("it names no format")
    if raw[0] != ENTRY_FORMAT:
        raise Invalid("UNSUPPORTED", f"Changeset format {raw[0]} is not known here.")
    if len(raw) != 8 or not depth_within(raw):
        raise _shape("it has not eight parts")
    _, schema, hlc, ctx, hard, ops, guards, salt = raw
    if not (_count(schema) and _count(hlc) and isinstance(salt, bytes) and len(salt) == SALT_BYTES):
        raise _shape("its schema, clock or salt is malformed")
    if guards is not None:
        raise Invalid("UNSUPPORTED", "Guards are not known to this version.")
    if not isinstance(ops, list) or not ops:
        raise _shape("it holds no operations")
    if len(ops) > limits.CHANGESET_OPS_MAX:
        raise Invalid("TOO_BIG", f"A changeset of {len(ops)} operations exceeds 1,000.")
    for op in ops:
        _check_op(op)
    context, causes = _context(ctx), [_dot(dot) for dot in _list(hard)]
    if len(causes) + len(context.foreign) > limits.JUDGE_ROWS_MAX:
        raise Invalid("TOO_BIG", "A changeset stands on more than 10,000 others.")
    return Entry(schema, hlc, context, causes, ops, None, salt)


def _shape(why: str) -> Invalid:
    return Invalid("INVALID", f"This is not a changeset: {why}.", details={"rule": "shape"})


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _shape("a list is missing")
    return value


def _dot(value: Any) -> Dot:
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not isinstance(value[0], bytes)
        or len(value[0]) != REPLICA_BYTES
        or not _count(value[1])
    ):
        raise _shape("a dot is malformed")
    return Dot(value[0], value[1])


def _context(value: Any) -> Context:
    if not isinstance(value, list) or len(value) != 5 or not all(_count(n) for n in value[:3]):
        raise _shape("its context is malformed")
    epoch, base_seq, rows_seq, foreign, holes = value
    if not isinstance(foreign, dict) or not all(
        isinstance(replica, bytes) and len(replica) == REPLICA_BYTES and _count(hi)
        for replica, hi in foreign.items()
    ):
        raise _shape("its context names origins wrongly")
    if holes is not None:
        raise Invalid("UNSUPPORTED", "Contexts with holes are not known to this version.")
    return Context(epoch, base_seq, rows_seq, foreign, None)


def _is_id(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == ID_BYTES


def _is_values(value: Any) -> bool:
    return isinstance(value, dict) and all(_count(column) for column in value)


_ARITY = {
    cs.CREATE: 4,
    cs.SET: 4,
    cs.GROUP: 5,
    cs.DELETE: 4,
    cs.RESTORE: 4,
    cs.LINK: 4,
    cs.UNLINK: 5,
    cs.UPSERT: 5,
}


def _check_op(op: Op) -> None:
    if not isinstance(op, list) or not op or type(op[0]) is not int:
        raise _shape("an operation is malformed")
    arity = _ARITY.get(op[0])
    if arity is None:
        raise Invalid("UNSUPPORTED", f"Operation {op[0]} is not known to this version.")
    if len(op) != arity or not _count(op[1]) or not _is_id(op[2]):
        raise _shape(f"operation {op[0]} is malformed")
    if not _TAIL[op[0]](op):
        raise _shape(f"operation {op[0]} is malformed")


def _group_map(value: Any) -> bool:
    return _is_values(value) and all(_is_values(values) for values in value.values())


def _dots(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_dot(dot) for dot in value)


_TAIL: dict[int, Callable[[Op], bool]] = {
    cs.CREATE: lambda op: _is_values(op[3]),
    cs.SET: lambda op: _is_values(op[3]) and bool(op[3]),
    cs.GROUP: lambda op: _count(op[3]) and _is_values(op[4]),
    cs.DELETE: lambda op: _count(op[3]) and op[3] % 2 == 0 and op[3] > 0,
    cs.RESTORE: lambda op: _count(op[3]) and op[3] % 2 == 1 and op[3] > 1,
    cs.LINK: lambda op: _is_id(op[3]),
    cs.UNLINK: lambda op: _is_id(op[3]) and _dots(op[4]),
    cs.UPSERT: lambda op: _is_values(op[3]) and _group_map(op[4]),
}
