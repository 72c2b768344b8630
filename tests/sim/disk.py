"""A disk that fails when it is told to: the same faults over memory and over LMDB.

Owns what a fault does to one commit.  A commit that has returned is durable (sync.md 5.3), so
a crash is either before a commit, which then never was, or after it, before anybody was told.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar

from satchel.model.errors import Trouble
from satchel.store.env import Store
from satchel.store.memory import MemoryStore
from satchel.store.txn import AnyStore, ReadTxn, Txn

T = TypeVar("T")

_SMALL_MAP_BYTES = 1 << 18
"""So small that LMDB itself meets a full map, and grows it."""


class DiskFault(Enum):
    """What may become of a commit."""

    CRASH_BEFORE = "crash before commit"
    CRASH_AFTER = "crash after commit"
    FULL = "disk full"
    MAP_FULL = "map full"


class Crash(BaseException):
    """The process of ``owner`` ends here.  No Exception: nothing on the way may handle it."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class _Abort(BaseException):
    """Ends a transaction from within, for this file alone."""


class SimDisk:
    """One machine's disk with its one store; outlives the machine's processes.

    ``committed`` is called after every commit, before the writer hears of it; ``injected``
    with each fault that took effect.
    """

    def __init__(self, owner: str, dbs: tuple[str, ...], folder: Path | None) -> None:
        """``folder``: where LMDB keeps the store; None: it is kept in memory."""
        self.owner = owner
        self.committed: Callable[[], None] = lambda: None
        self.injected: Callable[[str], None] = lambda name: None
        self._dbs = dbs
        self._folder = folder
        self._plan: tuple[int, DiskFault] | None = None
        self._store: Store | MemoryStore = (
            MemoryStore(dbs) if folder is None else _open(folder, dbs)
        )

    def plan(self, fault: DiskFault, commits: int) -> None:
        """Let the ``commits``-th commit from now fail so."""
        self._plan = commits, fault

    def calm(self) -> None:
        """Forget what was planned."""
        self._plan = None

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """As :class:`satchel.store.txn.AnyStore`."""
        return self._store.read(work)

    def write(self, work: Callable[[Txn], T]) -> T:
        """As :class:`satchel.store.txn.AnyStore`, faults included.  Raises Crash."""
        fault = self._due()
        if fault in (DiskFault.CRASH_BEFORE, DiskFault.FULL, DiskFault.MAP_FULL):
            if not self._try(work):
                return self._store.write(work)  # it fails by itself, and says how
            self.injected(fault.value)
        if fault is DiskFault.CRASH_BEFORE:
            raise Crash(self.owner)
        if fault is DiskFault.FULL:
            raise Trouble("DISK_FULL", "There is no room left.", "Free some space.")
        result = self._store.write(work)
        self.committed()
        if fault is DiskFault.CRASH_AFTER:
            self.injected(fault.value)
            raise Crash(self.owner)
        return result

    def reopen(self) -> None:
        """As a new process finds it: only what was committed is there."""
        self._plan = None
        if isinstance(self._store, MemoryStore):
            self._store = self._store.reopen()
        else:
            self._store.close()
            assert self._folder is not None
            self._store = _open(self._folder, self._dbs)

    def fill(self, other: AnyStore) -> None:
        """Copy everything another store holds into this one, which is empty."""
        pairs = [(db, *pair) for db in self._dbs for pair in other.read(_all_of(db))]

        def work(txn: Txn) -> None:
            for db, key, value in pairs:
                txn.put(db, key, value)

        self._store.write(work)

    def close(self) -> None:
        """End it."""
        self._store.close()

    def _due(self) -> DiskFault | None:
        if self._plan is None:
            return None
        commits, fault = self._plan
        self._plan = (commits - 1, fault) if commits > 1 else None
        return fault if commits == 1 else None

    def _try(self, work: Callable[[Txn], T]) -> bool:
        """Run the work and take it all back; whether it would have been committed."""

        def tried(txn: Txn) -> None:
            work(txn)
            raise _Abort

        try:
            self._store.write(tried)
        except _Abort:
            return True
        except Exception:  # noqa: BLE001 - it is run again, and raises again, where it counts
            return False
        raise AssertionError("a transaction that raised was committed")


def _open(folder: Path, dbs: tuple[str, ...]) -> Store:
    return Store.open(folder, dbs, sync=False, map_bytes=_SMALL_MAP_BYTES)


def _all_of(db: str) -> Callable[[ReadTxn], list[tuple[bytes, bytes]]]:
    return lambda txn: list(txn.scan(db))
