"""One organisation at the hub: its head, schema, origins, as one transaction sees them.

Owns the small records in META, ORG and SCH and their encodings.  Caches only what never
changes once written: the replica behind an origin's number, the schema of a version.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.model.errors import Trouble
from satchel.model.ids import ID_BYTES
from satchel.schema.catalog import Catalog
from satchel.schema.references import References
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.chain import CHAIN_START
from satchel.wire.codec import pack, unpack

HUB_ORIGIN = 0
"""The hub is a replica too: its own changesets are those of origin 0 (sync.md 2.1)."""

_STATE = b"state"
_SETUP = b"setup"


class Setup(NamedTuple):
    """What ``hub init`` decided once for an organisation."""

    org: bytes
    name: str
    replica: bytes
    secret: bytes
    cursor_key: bytes

    @classmethod
    def read(cls, txn: ReadTxn) -> Setup:
        raw = txn.get(layout.META, _SETUP)
        if raw is None:
            raise Trouble("STORE_DAMAGED", "This hub store holds no organisation.")
        _, *fields = unpack(raw)
        return cls(*fields)

    def write(self, txn: Txn) -> None:
        txn.put(layout.META, _SETUP, pack([1, *self]))


class State(NamedTuple):
    """What every transaction reads first: epoch, head of the sequence, schema, next origin."""

    epoch: int
    head: int
    schema: int
    next_origin: int

    @classmethod
    def read(cls, txn: ReadTxn) -> State:
        raw = txn.get(layout.META, _STATE)
        if raw is None:
            raise Trouble("STORE_DAMAGED", "This hub store has no head.")
        return cls(*unpack(raw))

    def write(self, txn: Txn) -> None:
        txn.put(layout.META, _STATE, pack(list(self)))


class Origin(NamedTuple):
    """A replica that writes: its number, whose it is, and how far its work is decided."""

    number: int
    replica: bytes
    user: bytes
    device: bytes
    processed: int
    chain: bytes
    line: int

    @classmethod
    def fresh(cls, number: int, replica: bytes, user: bytes, device: bytes) -> Origin:
        return cls(number, replica, user, device, 0, CHAIN_START, 0)


class Office:
    """The organisation's caches.  One object for the life of an open hub store."""

    __slots__ = ("_catalogs", "_numbers", "setup")

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._catalogs: dict[int, tuple[Catalog, References]] = {}
        self._numbers: dict[int, bytes] = {}

    def schema(self, txn: ReadTxn, version: int) -> tuple[Catalog, References]:
        """The catalogue of a schema version and the index of its references."""
        known = self._catalogs.get(version)
        if known is None:
            raw = txn.get(layout.SCH, layout.seq_key(version))
            if raw is None:
                raise Trouble("STORE_DAMAGED", f"Schema version {version} is not in the hub store.")
            catalog = Catalog(unpack(raw))
            known = self._catalogs[version] = (catalog, References(catalog))
        return known

    def replica_of(self, txn: ReadTxn, number: int) -> bytes:
        """The replica id behind an origin number."""
        replica = self._numbers.get(number)
        if replica is None:
            for key, raw in txn.prefix(layout.ORG, b""):
                self._numbers[unpack(raw)[0]] = key
            replica = self._numbers[number]
        return replica


def read_origin(txn: ReadTxn, replica: bytes) -> Origin | None:
    """The origin record of a replica id, or None."""
    raw = txn.get(layout.ORG, replica)
    if raw is None:
        return None
    number, user, device, processed, chain, line = unpack(raw)
    return Origin(number, replica, user, device, processed, chain, line)


def write_origin(txn: Txn, origin: Origin) -> None:
    """Store an origin record; its feed line is the caller's."""
    fields: list[Any] = [
        origin.number, origin.user, origin.device, origin.processed, origin.chain, origin.line,
    ]  # fmt: skip
    txn.put(layout.ORG, origin.replica, pack(fields))


def move_line(txn: Txn, kind: int, key: bytes, old_seq: int, seq: int) -> None:
    """Let the feed show the thing at ``key`` at ``seq`` and nowhere else (sync.md 3.5)."""
    if old_seq:
        txn.delete(layout.FEED, layout.feed_key(old_seq, kind, key))
    txn.put(layout.FEED, layout.feed_key(seq, kind, key), b"")


def is_id(value: Any) -> bool:
    """Whether ``value`` can be a row, user or organisation id."""
    return isinstance(value, bytes) and len(value) == ID_BYTES
