"""The ordered key-value transaction over which ``engine`` and ``hub`` are written.

Owns the protocol only: keys and values are bytes, databases are names from
:mod:`satchel.store.layout`, keys sort as unsigned bytes.  It must not know LMDB, so that
the same transactions run over a map in memory; tests/unit/store/test_txn_contract.py is
the suite that every implementation passes.

A transaction lives inside one call of ``Store.write`` or ``Store.read``, on one thread.
It is never kept, handed out or carried across an ``await``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

KEY_BYTES_MAX: Final = 511
"""What LMDB's page format allows (limits.md, Pitfalls).  A key has at least one byte; writing
one of another length is a bug: AssertionError, at the latest where the transaction ends."""


class ReadTxn(Protocol):
    """One consistent snapshot."""

    @property
    def reads(self) -> int:
        """Lookups made and pairs yielded so far: counted work, for bounds and tests."""

    def get(self, db: str, key: bytes) -> bytes | None:
        """The value of ``key``, or None.  ``b""`` is a value like any other."""

    def scan(
        self, db: str, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """The pairs with ``start <= key < stop`` in key order; ``reverse``: high to low.

        ``stop=None`` means to the end.  A cursor walks the live tree: the caller must not
        put or delete in the *same* database while it iterates; collect first.  Other
        databases may be written.
        """

    def prefix(self, db: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The pairs whose key begins with ``prefix``, in key order; as :meth:`scan`."""

    def first(self, db: str, prefix: bytes = b"") -> tuple[bytes, bytes] | None:
        """The lowest pair whose key begins with ``prefix``, or None."""

    def last(self, db: str, prefix: bytes = b"") -> tuple[bytes, bytes] | None:
        """The highest pair whose key begins with ``prefix``, or None."""

    def count(self, db: str) -> int:
        """Number of keys; constant time."""


class Txn(ReadTxn, Protocol):
    """A snapshot that can be written, and sees its own writes."""

    @property
    def writes(self) -> int:
        """Puts and deletes asked for so far: counted work, for bounds and tests."""

    def put(self, db: str, key: bytes, value: bytes) -> None:
        """Set ``key``, over an older value if there is one."""

    def append(self, db: str, key: bytes, value: bytes) -> None:
        """Put a key known to be higher than every other (twice as fast, and leaves full
        pages behind).  AssertionError if it is not the highest."""

    def delete(self, db: str, key: bytes) -> bool:
        """Remove ``key``; False if it was not there."""

    def delete_prefix(self, db: str, prefix: bytes, limit: int | None = None) -> int:
        """Remove the keys that begin with ``prefix``, lowest first, at most ``limit``;
        return how many went."""


class AnyStore(Protocol):
    """An open store, as far as transactions go: what hub and engine are run on."""

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run ``work`` in a transaction and commit it; what it raises aborts it.

        ``work`` may run more than once, so it must be a pure function of its inputs.  Raises
        Trouble DISK_FULL or STORE_DAMAGED if the disk refused: nothing was written.
        """

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """Run ``work`` on a snapshot, or in the transaction of this store that is running."""

    def close(self) -> None:
        """End it; more than once is harmless."""


def prefix_end(prefix: bytes) -> bytes | None:
    """The lowest key above every key that begins with ``prefix``; None if there is none."""
    bare = prefix.rstrip(b"\xff")
    return bare[:-1] + bytes((bare[-1] + 1,)) if bare else None


_FINISHED: Final = frozenset((type(None), bytes, int, bool, str, tuple, list, dict))
"""What a transaction mostly returns, so that most need no closer look (0.5 us)."""


def refuse_unfinished(result: object) -> None:
    """Refuse what would go on after the transaction: a coroutine, a generator, an iterator."""
    kind = type(result)
    if kind in _FINISHED:
        return
    if hasattr(kind, "__next__") or hasattr(kind, "__await__") or hasattr(kind, "__anext__"):
        close = getattr(result, "close", None)
        if close is not None:
            close()  # a coroutine never awaited would warn long after its cause
        raise AssertionError(f"a transaction must finish its work, not return a {kind.__name__}")
