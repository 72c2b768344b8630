"""The hub's side of the base digest: its rows, links, records and origins, in key order.

Owns the walk over the hub's store; what is hashed is :mod:`satchel.wire.digest`'s, so that
a device at the same seq comes to the same digest.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.hub.office import State, read_origin
from satchel.model.conflict import OPEN
from satchel.model.row import is_dead
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack
from satchel.wire.digest import BaseDigest

_FIRST_MIRROR = layout.MIRROR_TAG.to_bytes(2, "big")


class BaseState(NamedTuple):
    """What two equal replicas agree on."""

    epoch: int
    seq: int
    digest: str


def base_digest(txn: ReadTxn) -> BaseState:
    """The digest of everything a device holds that has pulled up to the head.

    Reads the whole store once: for comparisons, not for serving.
    """
    state = State.read(txn)
    digest = BaseDigest()
    for key, raw in txn.scan(layout.ROW):
        if not is_dead(unpack(raw)):
            digest.row(key, raw)
    for key, raw in txn.scan(layout.LNK, stop=_FIRST_MIRROR):
        _, stamps, hidden = unpack(raw)
        if stamps and not hidden:
            digest.link(key, pack(stamps))
    for key, raw in txn.scan(layout.CNF):
        if unpack(raw)[OPEN]:
            digest.conflict(key, raw)
    for key, _ in txn.scan(layout.ORG):
        origin = read_origin(txn, key)
        assert origin is not None
        if origin.processed:
            digest.origin(
                key, origin.number, origin.processed, origin.chain, origin.user, origin.device
            )
    return BaseState(state.epoch, state.head, digest.hexdigest())
