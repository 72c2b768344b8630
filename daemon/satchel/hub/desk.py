"""One organisation's desk: its open store, and the transactions that serve its devices.

Every method is one transaction that begins by asking whether the device is let in at this
moment.  Runs on the thread that opened the store; knows no network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from satchel.hub import enrol as enrolment
from satchel.hub.admission import authorise
from satchel.hub.enrol import Joined, Joining
from satchel.hub.office import Office, Origin, Setup, State
from satchel.hub.pull import Cursor, Response, pull
from satchel.hub.roster import read_invite
from satchel.model.errors import Missing, Trouble
from satchel.store import layout
from satchel.store.txn import AnyStore, ReadTxn, Txn
from satchel.wire.envelope import Certificate, public_key

T = TypeVar("T")


class Desk:
    """An organisation that is open for business.  ``faults``: origin to what the judge
    failed on, until it succeeds (sync.md 3.3)."""

    def __init__(self, store: AnyStore) -> None:
        self.store = store
        self.office = Office(store.read(Setup.read))
        self.public = public_key(self.office.setup.secret)
        self.head = store.read(State.read).head
        self.faults: dict[bytes, str] = {}

    @property
    def org(self) -> bytes:
        """The organisation's id."""
        return self.office.setup.org

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run a transaction, and note the head it leaves behind.  Raises Trouble, and what
        ``work`` raises."""
        result, self.head = self.store.write(lambda txn: (work(txn), State.read(txn).head))
        return result

    def standing(self, certificate: Certificate, now_ms: int) -> tuple[Origin, State]:
        """How far a device's own work is decided, and where the organisation stands."""
        return self.store.read(lambda txn: (authorise(txn, certificate, now_ms), State.read(txn)))

    def invites(self, code: str) -> bool:
        """Whether this organisation knows an invite of that code, used or not."""
        return self.store.read(lambda txn: read_invite(txn, code) is not None)

    def enrol(self, joining: Joining, new_device: bytes, now_ms: int) -> tuple[Joined, State]:
        """Let a replica join.  Raises as :func:`satchel.hub.enrol.enrol` does."""

        def work(txn: Txn) -> tuple[Joined, State]:
            joined = enrolment.enrol(txn, self.office, joining, new_device, now_ms)
            return joined, State.read(txn)

        return self.write(work)

    def schema(self, certificate: Certificate, version: int, now_ms: int) -> bytes:
        """The schema document of a version.  Raises Missing NO_SUCH_ENTRY."""

        def work(txn: ReadTxn) -> bytes | None:
            authorise(txn, certificate, now_ms)
            return txn.get(layout.SCH, layout.seq_key(version))

        document = self.store.read(work)
        if document is None:
            raise Missing("NO_SUCH_ENTRY", f"This hub has no schema version {version}.")
        return document

    def pull(
        self, certificate: Certificate, cursor: bytes | None, bytes_max: int, now_ms: int
    ) -> Response:
        """One response from one snapshot, of about ``bytes_max`` bytes.

        Raises Denied BAD_SIGNATURE for a cursor that is not ours, Trouble EPOCH for one of
        another epoch.
        """
        key = self.office.setup.cursor_key
        known = Cursor.open(key, cursor) if cursor is not None else None

        def work(txn: ReadTxn) -> Response:
            origin = authorise(txn, certificate, now_ms)
            epoch = State.read(txn).epoch
            if known is not None and known.epoch != epoch:
                raise Trouble("EPOCH", f"The cursor is of epoch {known.epoch}; this is {epoch}.")
            return pull(txn, self.office, origin, known or Cursor.start(epoch, 0), bytes_max)

        return self.store.read(work)
