"""One hub over a real store, asked without a network: the production functions, in one process.

Owns what a test needs to say to a hub; who says it is :mod:`tests.replicas`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from satchel.engine import outbox
from satchel.hub.author import write_changes
from satchel.hub.digest import base_digest
from satchel.hub.found import FirstIds, found
from satchel.hub.office import Office, Origin, Setup, read_origin, write_origin
from satchel.hub.office import State as HubState
from satchel.hub.outcomes import Outcome, read_outcome
from satchel.hub.pull import Cursor, pull
from satchel.hub.push import Bundle, Pushed, push
from satchel.model import changeset as cs
from satchel.schema.catalog import Catalog
from satchel.schema.validate import create_values
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import sorted_map

NOW_MS = 1_700_000_000_000
SYSTEM_USER = b"system user  16b"
ORG = b"organisation 16b"


class Outside(Protocol):
    """The time and the chance that a hub is given."""

    now_ms: int

    def fresh(self, count: int) -> bytes:
        """So many random bytes."""


class Hub:
    """The hub of one organisation."""

    def __init__(self, store: Store, world: Outside) -> None:
        self.store = store
        self._world = world
        self.office: Office = store.write(_found_once)
        self.catalog: Catalog = store.read(lambda txn: self.office.schema(txn, 1)[0])

    @property
    def now_ms(self) -> int:
        """The hub's clock."""
        return self._world.now_ms

    @property
    def head(self) -> int:
        """The seq of the latest decision."""
        return self.store.read(HubState.read).head

    def digest(self) -> str:
        """The base digest at the head."""
        return self.store.read(base_digest).digest

    def admit(self, replica: bytes, user: bytes, device: bytes) -> int:
        """Let a replica in; the number of its origin."""

        def work(txn: Txn) -> int:
            state = HubState.read(txn)
            write_origin(txn, Origin.fresh(state.next_origin, replica, user, device))
            state._replace(next_origin=state.next_origin + 1).write(txn)
            return state.next_origin

        return self.store.write(work)

    def write(self, *ops: cs.Op) -> Outcome:
        """The hub's own work: one changeset of origin 0."""
        salt, now = self._world.fresh(16), self._world.now_ms
        (outcome,) = self.store.write(
            lambda txn: write_changes(txn, self.office, [list(ops)], now, salt)
        )
        return outcome

    def add_user(self, user: bytes, name: str) -> None:
        """A user is a row like any other."""
        table = self.catalog.table("systemuser")
        values = create_values(self.catalog, table, {"lastname": name}, None)
        self.write([cs.CREATE, table.number, user, sorted_map(values)])

    def push(self, replica: bytes, bundle: outbox.Bundle) -> Pushed:
        """Take a bundle, as often as it comes."""
        sent = Bundle(replica, bundle.first, bundle.prev_chain, bundle.entries)
        return self.store.write(lambda txn: push(txn, self.office, sent, self._world.now_ms))

    def pull(self, replica: bytes, cursor: bytes | None, bytes_max: int) -> Pulled:
        """One response: entries, where to go on, and the FLIP where the pass ends."""

        def work(txn: ReadTxn) -> Pulled:
            origin = read_origin(txn, replica)
            assert origin is not None
            at = (
                Cursor.open(self.office.setup.cursor_key, cursor)
                if cursor is not None
                else Cursor.start(HubState.read(txn).epoch, 0)
            )
            answer = pull(txn, self.office, origin, at, bytes_max)
            state = answer.state
            wire = None
            if answer.flip_to is not None:
                wire = [
                    state.epoch, answer.base, answer.cursor, answer.flip_to, [], state.schema,
                    None, None, self._world.now_ms, None,
                ]  # fmt: skip
            return Pulled(state.epoch, answer.base, answer.entries, answer.cursor, wire)

        return self.store.read(work)

    def outcome(self, replica: bytes, ctr: int) -> Outcome | None:
        """The verdict on a changeset."""
        return self.store.read(lambda txn: read_outcome(txn, replica, ctr))


class Pulled(NamedTuple):
    """An answer to PULL."""

    epoch: int
    base: int
    entries: list[bytes]
    cursor: bytes
    flip: list[Any] | None


def _found_once(txn: Txn) -> Office:
    if txn.count(layout.META):
        return Office(Setup.read(txn))
    setup = Setup(ORG, "Contoso", b"hub own8", b"s" * 32, b"k" * 32)
    ids = FirstIds(b"root unit    16b", b"currency     16b", SYSTEM_USER)
    return found(txn, setup, ids, NOW_MS, bytes(16))
