"""One LMDB environment: opening, transactions, growth, failure.

Owns the environment and every rule about using it; it knows nothing of what is stored.
py-lmdb's traps (limits.md, Pitfalls) are shut here once, so that no caller can meet them:

1. A transaction begins and ends inside one call, on the thread that opened the store.  A
   commit from another thread raises nothing and then hangs the next writer for ever.
2. The function run in a transaction is a plain one: a coroutine or generator would carry
   the transaction past its end, and a reader kept open makes the file grow.
3. A child of fork may not use its parent's store; LMDB would not notice.
4. The map grows only between transactions: resizing it kills open readers.
5. A commit that failed leaves the state of the page cache unknown ("fsyncgate"), so the
   environment is closed and read afresh before anything else is tried.
6. Durability is LMDB's default: data is flushed, then the meta page, then we answer
   (sync.md 5.3).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import get_ident
from typing import Any, Final, Self, TypeVar

import lmdb

from satchel.model import limits
from satchel.model.errors import Trouble
from satchel.store import damage
from satchel.store.lmdb_txn import Handles, LmdbReadTxn, LmdbTxn
from satchel.store.lock import StoreLock
from satchel.store.txn import ReadTxn, Txn, refuse_unfinished

T = TypeVar("T")

_DBS_MAX: Final = 32
_LMDB_0_9: Final = 0
"""The file format: 1.0 is no faster and cannot be read by older tools (limits.md, Stack)."""


class Store:
    """An open store.  Made by :meth:`open`; belongs to the thread that opened it."""

    __slots__ = (
        "_closed", "_current", "_dbs", "_env", "_handles", "_lock", "_map_bytes", "_process",
        "_sync", "_thread", "path",
    )  # fmt: skip

    def __init__(
        self, path: Path, dbs: Sequence[str], lock: StoreLock, sync: bool, map_bytes: int
    ) -> None:
        """Not for callers: use :meth:`open`."""
        self.path = path
        self._dbs = tuple(dbs)
        self._lock = lock
        self._sync = sync
        self._map_bytes = map_bytes
        self._thread = get_ident()
        self._process = os.getpid()
        self._closed = False
        self._current: LmdbReadTxn | None = None
        self._env: lmdb.Environment | None = None
        self._handles: Handles = {}

    @classmethod
    def open(
        cls,
        path: Path,
        dbs: Sequence[str],
        *,
        sync: bool = True,
        map_bytes: int = limits.MAP_BYTES_START,
    ) -> Self:
        """Open the store in the folder ``path``, made if it is not there, for this thread.

        The folder is private to the user (0700), its files too (0600).  ``dbs``: the
        databases it has, created where missing.  ``map_bytes``: address space to begin
        with, not disk.  ``sync=False`` is for tests, benchmarks and simulation only:
        nothing is then flushed.

        Raises Clash ALREADY_RUNNING if another process has it; Trouble DISK_FULL or
        STORE_DAMAGED.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            lock = StoreLock(path)
        except OSError as error:
            raise damage.trouble_of(error, path) from error
        store = cls(path, dbs, lock, sync, map_bytes)
        try:
            store._connect()
        except BaseException:
            lock.release()
            raise
        return store

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run ``work`` in a write transaction, commit it, and return what it returned.

        When this returns, what was written is durable.  If ``work`` raises, nothing is
        written and the exception goes on.  ``work`` may run more than once (the map was
        full and has grown), so it must be a pure function of its inputs.

        Raises Trouble DISK_FULL or STORE_DAMAGED if the disk refused; nothing was
        acknowledged, the environment has been opened afresh, and the caller may retry.
        """
        env = self._ready()
        if self._current is not None:
            raise AssertionError("a write inside another transaction of the same store")
        growths = 0
        while True:
            try:
                return self._attempt(env, work)
            except lmdb.MapFullError as error:
                growths += 1
                self._grow(env, growths, error)
            except lmdb.Error as error:
                raise self._after(error) from error

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """Run ``work`` on a snapshot and return what it returned.

        Inside a transaction of this store, ``work`` sees that transaction.
        """
        env = self._ready()
        if self._current is not None:
            return work(self._current)
        try:
            raw = env.begin()
            self._current = txn = LmdbReadTxn(raw, self._handles)
            try:
                result = work(txn)
            finally:
                self._current = None
                raw.abort()
        except lmdb.Error as error:
            raise self._after(error) from error
        refuse_unfinished(result)
        return result

    def close(self) -> None:
        """Close the environment and give the lock back; more than once is harmless."""
        if self._closed:
            return
        self._ready()
        if self._current is not None:
            raise AssertionError("a store closed inside its own transaction")
        self._disconnect()
        self._closed = True
        self._lock.release()

    def info(self) -> dict[str, Any]:
        """``flags`` (LMDB's, by name), ``map_bytes``, ``used_bytes``, ``file_bytes`` and
        ``entries`` (per database), for ``satchel doctor`` and tests."""
        env = self._ready()
        facts = env.info()
        entries = self.read(lambda txn: {name: txn.count(name) for name in self._dbs})
        return {
            "flags": dict(env.flags()),
            "map_bytes": facts["map_size"],
            "used_bytes": (facts["last_pgno"] + 1) * env.stat()["psize"],
            "file_bytes": (self.path / "data.mdb").stat().st_size,
            "entries": entries,
        }

    def copy(self, path: Path) -> None:
        """Write a compacted copy of the present state into the new folder ``path``.

        It is flushed when this returns and opens like any store.  Other transactions go
        on afterwards as before.  Raises FileExistsError; Trouble as :meth:`write`.
        """
        env = self._ready()
        if self._current is not None:
            raise AssertionError("a copy inside a transaction of the same store")
        path.mkdir(mode=0o700, parents=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path / "data.mdb", flags, 0o600)
        try:
            env.copyfd(descriptor, compact=True)
            os.fsync(descriptor)
        except (lmdb.Error, OSError) as error:
            raise damage.trouble_of(error, path) from error
        finally:
            os.close(descriptor)
        for folder in (path, path.parent):
            _flush_folder(folder)

    def _attempt(self, env: lmdb.Environment, work: Callable[[Txn], T]) -> T:
        """One try of one write transaction, from begin to end.  Raises lmdb.Error."""
        raw = env.begin(None, None, True)
        self._current = txn = LmdbTxn(raw, self._handles)
        try:
            result = work(txn)
            refuse_unfinished(result)
        except BaseException:
            raw.abort()
            if txn.failure is not None:
                raise txn.failure from None
            raise
        finally:
            self._current = None
        if txn.failure is not None:
            raw.abort()
            raise txn.failure
        raw.commit()
        return result

    def _grow(self, env: lmdb.Environment, growths: int, cause: lmdb.Error) -> None:
        """Double the map.  No transaction is open: this store belongs to one thread, and
        :meth:`write` refuses to run inside a reader."""
        doubled = self._map_bytes * 2
        if growths > limits.MAP_GROWTHS_PER_TRANSACTION or doubled > limits.MAP_BYTES_MAX:
            raise damage.disk_full(self.path) from cause
        env.set_mapsize(doubled)
        self._map_bytes = doubled

    def _after(self, error: lmdb.Error) -> Exception:
        """What a failed transaction means: the exception to raise, everything put right."""
        if damage.is_misuse(error):
            return AssertionError(f"misuse of the store in {self.path}: {error}")
        self._disconnect()
        try:
            self._connect()
        except Trouble as worse:
            return worse
        return damage.trouble_of(error, self.path)

    def _connect(self) -> None:
        """Open the environment and its databases.  Raises Trouble, and is then closed."""
        try:
            self._env = lmdb.open(
                str(self.path),
                map_size=self._map_bytes,
                metasync=True,
                sync=self._sync,
                mode=0o600,
                writemap=False,
                max_dbs=_DBS_MAX,
                max_spare_txns=1,
                lock=True,
                lib_version=_LMDB_0_9,
            )
            for name in ("data.mdb", "lock.mdb"):
                (self.path / name).chmod(0o600)
            self._map_bytes = self._env.info()["map_size"]
            self._handles = {name: self._env.open_db(name.encode()) for name in self._dbs}
        except (lmdb.Error, OSError) as error:
            self._disconnect()
            raise damage.trouble_of(error, self.path) from error

    def _disconnect(self) -> None:
        if self._env is not None:
            self._env.close()
        self._env = None
        self._handles = {}

    def _ready(self) -> lmdb.Environment:
        """The environment, opened again if a failure has closed it.

        Refuses other threads and forked children before LMDB is touched.  Every
        transaction passes here: 0.2 us.
        """
        if get_ident() != self._thread:
            raise AssertionError("a store used by another thread than the one that opened it")
        if os.getpid() != self._process:
            raise AssertionError("a store used after fork; start a new process instead")
        return self._env or self._open_again()

    def _open_again(self) -> lmdb.Environment:
        if self._closed:
            raise AssertionError("a store used after it was closed")
        self._connect()
        assert self._env is not None
        return self._env


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
