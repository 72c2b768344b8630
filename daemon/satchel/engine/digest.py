"""The base digest of a device: what must equal the hub's at the same cursor (sync.md 0.8)."""

from __future__ import annotations

from typing import Any

from satchel.engine import outbox
from satchel.engine.replica import OriginLine, Replica, read_state
from satchel.model.conflict import OPEN
from satchel.model.row import is_dead
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from satchel.wire.digest import BaseDigest


def base_digest(txn: ReadTxn) -> str:
    """64 hexadecimal digits over BASE of the present generation.  Reads all of it."""
    generation = layout.gen_prefix(read_state(txn).generation)
    digest = BaseDigest()
    for key, raw in txn.prefix(layout.ROW, generation):
        if not is_dead(unpack(raw)):
            digest.row(key[1:], raw)
    for key, raw in txn.prefix(layout.LNK, generation):
        if raw:
            digest.link(key[1:], raw)
    for key, raw in txn.prefix(layout.CNF, generation):
        if unpack(raw)[OPEN]:
            digest.conflict(key[1:], raw)
    for key, raw in txn.prefix(layout.ORG, b""):
        line = OriginLine(*unpack(raw))
        digest.origin(key, line.number, line.processed, line.chain, line.user, line.device)
    return digest.hexdigest()


def summary(txn: ReadTxn, replica: Replica) -> dict[str, Any]:
    """Cursor, digest and what stands over BASE: all that "equal replicas" asks for."""
    state = read_state(txn)
    own = replica.identity.replica
    waiting = outbox.waiting(txn, own)
    return {
        "epoch": state.epoch,
        "cursor": state.seq,
        "digest": base_digest(txn),
        "overlay": txn.count(layout.VIEW),
        "outbox": waiting,
        "quarantine": txn.count(layout.QTN),
    }
