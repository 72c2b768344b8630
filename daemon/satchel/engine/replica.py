"""One incarnation of one device store: who it is and where it stands.

Owns the records in META and ORG of a device and the caches of what never changes once
written: the origin behind a number, the schema of a version.  Everything that does change
is read in the transaction that needs it, so an abort takes nothing with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.model.errors import Trouble, Unavailable
from satchel.schema.catalog import Catalog
from satchel.schema.references import References
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.chain import CHAIN_START
from satchel.wire.codec import pack, unpack

STORE_FORMAT = 1
"""Version of everything a device store holds; a higher one is refused, a lower one migrated."""

_FORMAT = b"format"
_IDENTITY = b"identity"
_STATE = b"state"


class Identity(NamedTuple):
    """What joining an organisation gave this store once, and the keys it made for it."""

    org: bytes
    org_name: str
    user: bytes
    user_name: str
    device: bytes
    device_name: str
    replica: bytes
    number: int
    secret: bytes
    certificate: bytes
    hub_public: bytes
    hub_url: str
    hub_ca: str | None
    insecure: bool
    session_secret: bytes


class State(NamedTuple):
    """Where BASE stands: hub epoch, cursor S, generation, schema version, pull position.

    ``seq`` 0 means that nothing was downloaded yet.  ``cursor`` is the hub's opaque cursor
    at S, ``pass_cursor`` the one that the staged pages go on from (None: at S).
    ``paused`` holds back all requests to the hub until a person resumes.
    """

    epoch: int
    seq: int
    generation: int
    schema: int
    cursor: bytes | None
    pass_cursor: bytes | None
    paused: bool
    denied: str | None

    def write(self, txn: Txn) -> None:
        txn.put(layout.META, _STATE, pack(list(self)))


class OriginLine(NamedTuple):
    """A line of the hub's register of replicas, as of S (PROTOCOL.md, "Page entries")."""

    number: int
    replica: bytes
    processed: int
    chain: bytes
    former: Any
    user: bytes
    device: bytes


class Replica:
    """An open device store's identity and caches.  One object for the life of the store."""

    __slots__ = ("_catalogs", "_origins", "identity")

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._catalogs: dict[int, tuple[Catalog, References]] = {}
        self._origins: dict[int, tuple[bytes, bytes]] = {
            identity.number: (identity.replica, identity.user)
        }

    @classmethod
    def load(cls, txn: ReadTxn) -> Replica:
        """Raises Trouble STORE_VERSION for a store of a later version of Satchel."""
        raw = txn.get(layout.META, _IDENTITY)
        if raw is None:
            raise Trouble("STORE_DAMAGED", "This store belongs to no organisation.")
        version = unpack(txn.get(layout.META, _FORMAT) or b"\x00")
        if version != STORE_FORMAT:
            raise Trouble(
                "STORE_VERSION",
                f"This store has format {version}; this version of Satchel reads {STORE_FORMAT}.",
                "Install the version of Satchel that wrote it, or a newer one.",
            )
        return cls(Identity(*unpack(raw)))

    def schema(self, txn: ReadTxn, version: int) -> tuple[Catalog, References]:
        """The catalogue of a schema version.  Raises Unavailable LOADING before the first."""
        known = self._catalogs.get(version)
        if known is None:
            raw = txn.get(layout.SCH, layout.seq_key(version))
            if raw is None:
                raise loading()
            catalog = Catalog(unpack(raw))
            known = self._catalogs[version] = (catalog, References(catalog))
        return known

    def replica_of(self, txn: ReadTxn, number: int) -> bytes:
        """The replica id behind an origin number."""
        return self._origin(txn, number)[0]

    def user_of(self, txn: ReadTxn, number: int) -> bytes:
        """The user behind an origin number."""
        return self._origin(txn, number)[1]

    def _origin(self, txn: ReadTxn, number: int) -> tuple[bytes, bytes]:
        known = self._origins.get(number)
        if known is None:
            for _, raw in txn.prefix(layout.ORG, b""):
                line = OriginLine(*unpack(raw))
                self._origins[line.number] = (line.replica, line.user)
            known = self._origins[number]
        return known


def loading() -> Unavailable:
    """The answer while the first download runs."""
    return Unavailable(
        "LOADING",
        "The organisation's records are still being downloaded for the first time.",
        "Watch it with: satchel status",
    )


def create_store(txn: Txn, identity: Identity, epoch: int) -> None:
    """Write what a store has on its first day."""
    txn.put(layout.META, _FORMAT, pack(STORE_FORMAT))
    txn.put(layout.META, _IDENTITY, pack(list(identity)))
    State(epoch, 0, 0, 0, None, None, False, None).write(txn)


def write_identity(txn: Txn, identity: Identity) -> None:
    """Replace the identity record, as when a certificate is renewed for the same key."""
    txn.put(layout.META, _IDENTITY, pack(list(identity)))


def read_state(txn: ReadTxn) -> State:
    """The state record.  Raises Trouble STORE_DAMAGED if it is gone."""
    raw = txn.get(layout.META, _STATE)
    if raw is None:
        raise Trouble("STORE_DAMAGED", "This store has lost its cursor.", "Run: satchel doctor")
    return State(*unpack(raw))


def read_origin_line(txn: ReadTxn, replica: bytes) -> OriginLine | None:
    """What the hub had decided of an origin as of S, or None if it has never written."""
    raw = txn.get(layout.ORG, replica)
    return OriginLine(*unpack(raw)) if raw is not None else None


def decided(txn: ReadTxn, replica: bytes) -> tuple[int, bytes]:
    """(processed, chain at processed) of an origin as of S."""
    line = read_origin_line(txn, replica)
    return (line.processed, line.chain) if line is not None else (0, CHAIN_START)
