"""One open device store and everything that lives beside it in this process.

Owns the store, its writer, the window of request ids, what the hub has said but no FLIP has
shown, and the bells that tell waiting tasks to look again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from satchel.engine import journal, log
from satchel.engine.replica import Identity, Replica, decided, read_state
from satchel.engine.requests import RequestWindow
from satchel.model.outcome import code_name
from satchel.shell.bell import Bell
from satchel.shell.writer import Writer
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import ReadTxn

T = TypeVar("T")


class Hint(NamedTuple):
    """A verdict the hub has answered to a push; the store learns it with the FLIP."""

    code: str
    seq: int | None
    detail: dict[str, Any] | None


class Device:
    """The store of one user in one organisation, opened by :meth:`open`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.replica = store.read(Replica.load)
        self.window = self._read_window()
        self.hints: dict[int, Hint] = {}
        self.ahead_ms = 0
        """How far the hub's clock was ahead of this machine's at the last contact."""
        self.changed = Bell()
        """Rings when the journal may have grown, and when a hint has come."""
        self.outbox_grew = Bell()
        """Rings when the log may hold something new."""
        self.head_ctr = self._read_head()
        """The counter of the last changeset written here."""
        self.writer = Writer(
            store, committed=self._committed, aborted=self._aborted, reloaded=self._reloaded
        )

    @classmethod
    def open(cls, path: Path) -> Device:
        """Raises what :meth:`satchel.store.env.Store.open` and Replica.load raise."""
        store = Store.open(path, layout.DEVICE_DBS)
        try:
            return cls(store)
        except BaseException:
            store.close()
            raise

    @property
    def name(self) -> str:
        """The organisation's name: what apps and people call this store by."""
        return self.replica.identity.org_name

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """Run ``work`` in a short read transaction, on the loop (limits.md: 60 times faster)."""
        return self.store.read(work)

    def journal_position(self) -> int:
        """The number of the last journal line."""
        return self.store.read(journal.position)

    def hint(self, ctr: int, code: int, seq: int | None, detail: dict[str, Any] | None) -> None:
        """Remember what the hub answered, until a FLIP shows it."""
        self.hints[ctr] = Hint(code_name(code), seq, detail)

    def tidy(self, now_ms: int) -> None:
        """Forget hints that the store itself can answer now, and sessions that are over."""
        own = self.replica.identity.replica
        processed = self.store.read(lambda txn: decided(txn, own)[0])
        for ctr in [ctr for ctr in self.hints if ctr <= processed]:
            del self.hints[ctr]
        self.window.expire(now_ms)

    def renew(self, identity: Identity) -> None:
        """Go on under the identity that the store holds now."""
        self.replica.identity = identity

    def is_loaded(self) -> bool:
        """Whether a first download has been installed."""
        return self.store.read(read_state).generation != 0

    def close(self) -> None:
        """Close the store; nothing may use the device afterwards."""
        self.store.close()

    def _committed(self) -> None:
        self.window.settle(committed=True)
        self.changed.ring()
        head = self._read_head()
        if head != self.head_ctr:
            self.head_ctr = head
            self.outbox_grew.ring()

    def _aborted(self) -> None:
        self.window.settle(committed=False)

    def _reloaded(self) -> None:
        """The store was opened afresh after a failed commit: trust only what it holds."""
        self.window = self._read_window()

    def _read_head(self) -> int:
        own = self.replica.identity.replica
        return self.store.read(lambda txn: log.last_counter(txn, own))

    def _read_window(self) -> RequestWindow:
        own = self.replica.identity.replica
        return self.store.read(lambda txn: RequestWindow(txn, own))
